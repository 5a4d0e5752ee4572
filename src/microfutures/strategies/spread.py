"""The spread of a pair: the ratio of two prices against its own recent history.

A ratio and not a difference of logarithms: see docs/adr/0001.
"""

from collections.abc import Sequence
from itertools import pairwise

from microfutures.analytics.pairs import z_score
from microfutures.analytics.rolling import RollingWindow
from microfutures.model.market import Bar

SMALLEST_RELATIVE_DEVIATION = 1e-9

MIN_GAP_STRETCHES = 5
"""A hole in the samples of more than this, and of more than half the window, is a night or an
outage: what was before it says nothing of the spread after it."""


class Spread:
    """One sample of ``primary / secondary`` for each stretch of time, and the z-score of now."""

    def __init__(self, *, lookback: int, sample_seconds: int, max_jump_percent: float) -> None:
        self._max_jump = max_jump_percent / 100
        self._stretch_ns = sample_seconds * 1_000_000_000
        self._longest_gap = max(MIN_GAP_STRETCHES, lookback // 2)
        self._window = RollingWindow(lookback)
        self._stretch = -1
        self._pending: float | None = None
        self._latest: float | None = None
        self._warm_primary: dict[int, float] = {}
        self._warm_secondary: dict[int, float] = {}

    @property
    def samples(self) -> int:
        """Return how many samples there are."""
        return len(self._window)

    @property
    def is_ready(self) -> bool:
        """Tell whether the window is full and moves at all."""
        return self._window.is_full and self.deviation > 0

    @property
    def mean(self) -> float:
        """Return the mean ratio of the window."""
        return self._window.mean

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the ratio; 0 when it is only rounding."""
        if not len(self._window):
            return 0.0
        deviation = self._window.deviation
        return deviation if deviation > abs(self.mean) * SMALLEST_RELATIVE_DEVIATION else 0.0

    @property
    def ratio(self) -> float | None:
        """Return the latest observed ratio."""
        return self._latest

    def z(self, ratio: float) -> float:
        """Return the z-score of `ratio` against the window; `is_ready` must hold."""
        return z_score(ratio, self.mean, self.deviation)

    def observe(self, now_ns: int, ratio: float) -> str | None:
        """Take the ratio of this moment; return a warning when the history had to be dropped.

        The last ratio of each stretch becomes a sample when the next stretch begins, so the
        window never contains the moment that is judged against it.
        """
        stretch = now_ns // self._stretch_ns
        warning = None
        reference = self._pending
        if reference is None and len(self._window):
            reference = self.mean
        if reference is not None and abs(ratio - reference) > self._max_jump * abs(reference):
            warning = (
                f"ratio jumped from {reference:.5f} to {ratio:.5f}: a split, a roll or a bad "
                f"print; the history starts anew"
            )
            self.reset()
        elif self._stretch >= 0 and stretch - self._stretch > self._longest_gap:
            self.reset()
        if stretch > self._stretch:
            if self._pending is not None:
                self._window.push(self._pending)
            self._stretch = stretch
        self._pending = ratio
        self._latest = ratio
        return warning

    def warm_up(
        self,
        *,
        primary: Sequence[Bar] | None = None,
        secondary: Sequence[Bar] | None = None,
        now_ns: int,
    ) -> None:
        """Fill the window from past bars once both legs' are there, joined on their start.

        Bars that had not ended at `now_ns` are left out.
        """
        if primary is not None:
            self._warm_primary = self._closes(primary, now_ns)
        if secondary is not None:
            self._warm_secondary = self._closes(secondary, now_ns)
        joint = sorted(self._warm_primary.keys() & self._warm_secondary.keys())
        if not joint:
            return
        self._window.clear()
        for stretch in self._after_last_gap(joint)[-self._window.size :]:
            if self._warm_secondary[stretch] > 0:
                self._window.push(self._warm_primary[stretch] / self._warm_secondary[stretch])
        self._pending = None
        self._stretch = joint[-1]

    def reset(self) -> None:
        """Forget everything: a roll or a split."""
        self._window.clear()
        self._pending = self._latest = None
        self._stretch = -1
        self._warm_primary = {}
        self._warm_secondary = {}

    def _after_last_gap(self, stretches: list[int]) -> list[int]:
        gaps = [
            place
            for place, (before, after) in enumerate(pairwise(stretches), start=1)
            if after - before > self._longest_gap
        ]
        return stretches[gaps[-1] :] if gaps else stretches

    def _closes(self, bars: Sequence[Bar], now_ns: int) -> dict[int, float]:
        return {
            bar.start_ns // self._stretch_ns: bar.close
            for bar in bars
            if bar.start_ns + bar.seconds * 1_000_000_000 <= now_ns
        }
