"""The random walk of a group of products: a common factor and the gap between its two sides.

The log price of a future is ``common + gap / 2``, that of a fund ``common - gap / 2``, so that the
gap is the log ratio of the pair. The gap is a mean-reverting background, plus dislocations that
decay, plus a decoupling that stays. Backward from the start the same laws run in reverse (both
walks are time-reversible), so history joins the live part without a seam.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from math import exp, log, pi, sqrt
from random import Random
from zoneinfo import ZoneInfo

from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.model.trading_hours import NEW_YORK
from microfutures.venue.laws import Dislocations, Reversion
from microfutures.venue.scenarios import Scenario

BASIS_POINT = 1e-4
_HOUR_NS = 3600 * NANOSECONDS_PER_SECOND
SECONDS_PER_YEAR = 252 * 23 * 3600
# Slots of the past that can still be felt: after four of them a gap is 2^-16 of what it was.
FELT_SLOTS = 4
TURBULENCE_HALF_LIFE_SECONDS = 10.0
# Of a standard normal draw without its sign.
MEAN_OF_A_DRAW = sqrt(2 / pi)


class Walk:
    """Common factor and background of one group, stepping away from the start in one direction."""

    def __init__(
        self, scenario: Scenario, annual_volatility: float, background: float, draws: Random
    ) -> None:
        self._draw = draws.gauss
        self._per_root_second = annual_volatility / sqrt(SECONDS_PER_YEAR)
        self._drift_per_second = scenario.drift_per_hour / 3600
        self._deviation = scenario.background_bp * BASIS_POINT
        self._decay = log(2) / scenario.background_half_life_seconds
        self._reversion = scenario.reversion
        self._size = self._kept = self._fresh = self._usual = self._calming = 0.0
        self.common = 0.0
        """Log of the price relative to the start."""
        self.background = background
        self.turbulence = 1.0
        """How much the price has moved lately, in multiples of what is usual by day."""

    def step(self, seconds: float, activity: float, push: float = 0.0) -> None:
        """Move by `seconds`, negative into the past, at `activity` times the usual volatility.

        `push` is what happens to the price on top, log units.
        """
        size = abs(seconds)
        if size != self._size:
            self._measure(size)
        draw = self._draw
        if self._reversion is None:
            move = self._usual * activity * draw(0.0, 1.0) + self._drift_per_second * seconds + push
        else:
            move = _pull(self._reversion, self.common, size, draw(0.0, 1.0)) + push
        self.common += move
        self.background = self._kept * self.background + self._fresh * draw(0.0, 1.0)
        strength = abs(move) / (self._usual * MEAN_OF_A_DRAW)
        self.turbulence += self._calming * (strength - self.turbulence)

    def _measure(self, size: float) -> None:
        """Work out what depends on the length of a step alone; it hardly ever changes."""
        self._size = size
        self._kept = exp(-self._decay * size)
        self._fresh = self._deviation * sqrt(1.0 - self._kept * self._kept)
        self._usual = self._per_root_second * sqrt(size)
        self._calming = 1.0 - exp(-log(2) * size / TURBULENCE_HALF_LIFE_SECONDS)


def _pull(law: Reversion, common: float, seconds: float, draw: float) -> float:
    """Return the move of a price that is pulled back to the start (Ornstein-Uhlenbeck)."""
    kept = exp(-log(2) * seconds / law.half_life_seconds)
    fresh = law.deviation_bp * BASIS_POINT * sqrt(1.0 - kept * kept)
    return kept * common + fresh * draw - common


class Gap:
    """The part of the gap that is a plain function of time: dislocations and decoupling."""

    def __init__(self, scenario: Scenario, start_ns: int, seed: str) -> None:
        self._start_ns = start_ns
        self._seed = seed
        self._decoupling = scenario.decoupling
        self._value_at: Callable[[float], float] = self._nothing
        if scenario.dislocations is not None:
            self._laws = scenario.dislocations
            self._value_at = self._dislocated
        self._slot = lru_cache(maxsize=64)(self._draw_slot)

    def at(self, time_ns: int) -> float:
        """Return the deterministic part of the gap at `time_ns`, log units."""
        seconds = (time_ns - self._start_ns) / NANOSECONDS_PER_SECOND
        return self._value_at(seconds) + self._decoupled(seconds)

    def _nothing(self, seconds: float) -> float:
        del seconds
        return 0.0

    def _dislocated(self, seconds: float) -> float:
        now = int(seconds // self._laws.mean_gap_seconds)
        total = 0.0
        for index in range(now - FELT_SLOTS, now + 1):
            begins, size, decay = self._slot(index)
            age = seconds - begins
            if age >= 0.0:
                total += size * exp(-decay * age)
        return total

    def _draw_slot(self, index: int) -> tuple[float, float, float]:
        """Return when the dislocation of a slot begins, its signed size and its decay rate."""
        laws: Dislocations = self._laws
        draws = Random(f"{self._seed}/{index}")  # noqa: S311 - reproducible, not secret
        begins = index * laws.mean_gap_seconds + draws.uniform(0.0, laws.gap_jitter_seconds)
        size = draws.uniform(laws.smallest_bp, laws.largest_bp) * BASIS_POINT
        sign = 1.0 if draws.random() < 0.5 else -1.0
        half_life = draws.uniform(laws.shortest_half_life_seconds, laws.longest_half_life_seconds)
        return begins, sign * size, log(2) / half_life

    def _decoupled(self, seconds: float) -> float:
        law = self._decoupling
        if law is None or seconds <= law.after_seconds:
            return 0.0
        done = min(1.0, (seconds - law.after_seconds) / law.over_seconds)
        return law.size_bp * BASIS_POINT * done


# How lively the market is by hour in New York: quiet nights, the open, the settlement of oil.
_ACTIVITY_BY_HOUR = (
    (0.45,) * 3 + (0.75,) * 5 + (1.0,) + (1.7, 1.4) + (1.05,) * 2 + (1.2, 1.5) + (0.9, 0.6)
    + (0.4,) * 7
)  # fmt: skip


def activity(moment_ns: int) -> float:
    """Return the multiple of the usual volatility and volume at `moment_ns`."""
    return _activity_of_hour(moment_ns // _HOUR_NS)


@lru_cache(maxsize=1024)
def _activity_of_hour(hours_since_1970: int) -> float:
    moment = datetime.fromtimestamp(hours_since_1970 * 3600, tz=UTC)
    return _ACTIVITY_BY_HOUR[moment.astimezone(ZoneInfo(NEW_YORK)).hour]
