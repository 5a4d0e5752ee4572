"""The spread of a pair: the ratio of two prices against its own recent history.

A ratio and not a difference of logarithms: see docs/adr/0001. The arithmetic is
`analytics.pairs.observe`; here are its memory, its warm-up and its words.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isnan, nan

from microfutures.analytics import pairs, rolling
from microfutures.analytics.pairs import UNSEEN, SpreadRules, SpreadState
from microfutures.model.market import Bar

MIN_GAP_STRETCHES = 5
"""A hole in the samples of more than this, and of more than half the window, is a night or an
outage: what was before it says nothing of the spread after it."""


def spread_rules(*, lookback: int, max_jump_percent: float) -> SpreadRules:
    """Return how the ratio is sampled."""
    return SpreadRules(max(MIN_GAP_STRETCHES, lookback // 2), max_jump_percent / 100)


class Spread:
    """One sample of ``primary / secondary`` for each stretch of time, and the z-score of now."""

    def __init__(self, *, lookback: int, sample_seconds: int, max_jump_percent: float) -> None:
        self._rules = spread_rules(lookback=lookback, max_jump_percent=max_jump_percent)
        self._stretch_ns = sample_seconds * 1_000_000_000
        self._ring = [0.0] * lookback
        self._state = UNSEEN
        self._measured = UNSEEN.moments, pairs.spread_deviation(UNSEEN.moments)
        """The latest moments whose deviation was asked for, and it: asked again at every look."""
        self._latest: float | None = None
        self._warm_primary: dict[int, float] = {}
        self._warm_secondary: dict[int, float] = {}

    @property
    def samples(self) -> int:
        """Return how many samples there are."""
        return self._state.moments.samples

    @property
    def is_ready(self) -> bool:
        """Tell whether the window is full and moves at all."""
        return self.samples == len(self._ring) and self.deviation > 0

    @property
    def mean(self) -> float:
        """Return the mean ratio of the window."""
        return rolling.mean(self._state.moments)

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the ratio; 0 when it is only rounding."""
        moments, deviation = self._measured
        if moments is not self._state.moments:
            moments = self._state.moments
            deviation = pairs.spread_deviation(moments)
            self._measured = moments, deviation
        return deviation

    @property
    def ratio(self) -> float | None:
        """Return the latest observed ratio."""
        return self._latest

    @property
    def next_sample_ns(self) -> int:
        """Return when the stretch of the latest observation is over; it becomes a sample then."""
        return (self._state.stretch + 1) * self._stretch_ns

    def z(self, ratio: float) -> float:
        """Return the z-score of `ratio` against the window; `is_ready` must hold."""
        return pairs.z_score(ratio, self.mean, self.deviation)

    def observe(self, now_ns: int, ratio: float) -> str | None:
        """Take the ratio of this moment; return a warning when the history had to be dropped."""
        before = self._state
        stretch = now_ns // self._stretch_ns
        self._state, has_jumped = pairs.observe(self._ring, before, self._rules, stretch, ratio)
        self._latest = ratio
        if self._state.moments.samples < before.moments.samples:
            self._warm_primary, self._warm_secondary = {}, {}
        if not has_jumped:
            return None
        reference = before.pending
        if isnan(reference):
            reference = rolling.mean(before.moments)
        return (
            f"ratio jumped from {reference:.5f} to {ratio:.5f}: a split, a roll or a bad print; "
            f"the history starts anew"
        )

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
        moments = UNSEEN.moments
        for stretch in self._after_last_gap(joint)[-len(self._ring) :]:
            if self._warm_secondary[stretch] > 0:
                ratio = self._warm_primary[stretch] / self._warm_secondary[stretch]
                moments = rolling.push(self._ring, moments, ratio)
        self._state = SpreadState(joint[-1], nan, moments)

    def reset(self) -> None:
        """Forget everything: a roll or a split."""
        self._state, self._latest = UNSEEN, None
        self._warm_primary, self._warm_secondary = {}, {}

    def _after_last_gap(self, stretches: list[int]) -> list[int]:
        gaps = [
            place
            for place, (before, after) in enumerate(pairwise(stretches), start=1)
            if after - before > self._rules.longest_gap
        ]
        return stretches[gaps[-1] :] if gaps else stretches

    def _closes(self, bars: Sequence[Bar], now_ns: int) -> dict[int, float]:
        return {
            bar.start_ns // self._stretch_ns: bar.close
            for bar in bars
            if bar.start_ns + bar.seconds * 1_000_000_000 <= now_ns
        }
