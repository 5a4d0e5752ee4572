"""The random walk of a group of products: a common factor and the gap between its two sides.

The log price of a future is ``common + gap / 2``, that of a fund ``common - gap / 2``, so that the
gap is the log ratio of the pair. The gap is a mean-reverting background, plus dislocations that
decay, plus a decoupling that stays. Backward from the start the same laws run in reverse (both
walks are time-reversible), so history joins the live part without a seam.
"""

from datetime import UTC, datetime
from functools import lru_cache
from math import ceil, exp, log, pi, sqrt
from random import Random
from zoneinfo import ZoneInfo

from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.model.trading_hours import NEW_YORK
from microfutures.venue.laws import Dislocations
from microfutures.venue.scenarios import Scenario

BASIS_POINT = 1e-4
_HOUR_NS = 3600 * NANOSECONDS_PER_SECOND
SECONDS_PER_YEAR = 252 * 23 * 3600
# Slots of the past that can still be felt: after four of them a gap is 2^-16 of what it was.
FELT_SLOTS = 4
# Slots are drawn in blocks: to seed takes longer than to draw.
SLOTS_DRAWN = 64
TURBULENCE_HALF_LIFE_SECONDS = 10.0
# A closed market gathers news more slowly than an open one.
CLOSED_TIME_SHARE = 0.1
# A trend of percents an hour that had gone on for days would have begun near zero.
DRIFT_REACHES_BACK_SECONDS = 8 * 3600.0
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
        self._size = self._trailed = 0.0
        self.common = 0.0
        """Log of the price relative to the start."""
        self.background = background
        self.turbulence = 1.0
        """How much the price has moved lately, in multiples of what is usual by day."""

    def step(self, seconds: float, activity: float, push: float = 0.0, fright: float = 0.0) -> None:
        """Move by `seconds`, negative into the past, at `activity` times the usual volatility.

        `push` is what happens to the price on top, log units; `fright` counts in the turbulence
        alone.
        """
        if abs(seconds) != self._size:
            self._measure(abs(seconds))
        draw = self._draw
        swing = self._swing * activity if self._reversion is None else self._swing
        move = self._pull * self.common + swing * draw(0.0, 1.0)
        move += self._drift_per_second * seconds + push
        self.common += move
        self.background = self._kept * self.background + self._fresh * draw(0.0, 1.0)
        strength = (abs(move) + fright) / self._usual_move
        self.turbulence += self._calming * (strength - self.turbulence)

    def rest(self, seconds: float, push: float = 0.0, fright: float = 0.0) -> None:
        """Let time pass in which nothing trades: there is a little news, and no trend goes on."""
        trend, self._drift_per_second = self._drift_per_second, 0.0
        self.step(seconds, CLOSED_TIME_SHARE, push, fright)
        self._drift_per_second = trend

    def trail(self, seconds: float, activity: float, count: int) -> tuple[list[float], list[float]]:
        """Make `count` steps at once; return common factor and background, the present first."""
        self._measure(abs(seconds))
        draw, pull, kept, fresh = self._draw, self._pull, self._kept, self._fresh
        swing = self._swing * activity if self._reversion is None else self._swing
        is_trending = self._trailed < DRIFT_REACHES_BACK_SECONDS
        drift = self._drift_per_second * seconds if is_trending else 0.0
        self._trailed += abs(seconds) * count
        common, background = self.common, self.background
        commons, backgrounds = [common], [background]
        for _ in range(count):
            common += pull * common + swing * draw(0.0, 1.0) + drift
            background = kept * background + fresh * draw(0.0, 1.0)
            commons.append(common)
            backgrounds.append(background)
        self.common, self.background = common, background
        return commons, backgrounds

    def _measure(self, size: float) -> None:
        """Work out what depends on the length of a step alone; it hardly ever changes."""
        self._size = size
        self._kept = exp(-self._decay * size)
        self._fresh = self._deviation * sqrt(1.0 - self._kept * self._kept)
        usual = self._per_root_second * sqrt(size)
        self._usual_move = usual * MEAN_OF_A_DRAW
        self._calming = 1.0 - exp(-log(2) * size / TURBULENCE_HALF_LIFE_SECONDS)
        self._pull, self._swing = 0.0, usual
        if self._reversion is not None:
            kept = exp(-log(2) * size / self._reversion.half_life_seconds)
            self._pull = kept - 1.0
            self._swing = self._reversion.deviation_bp * BASIS_POINT * sqrt(1.0 - kept * kept)


class Gap:
    """The part of the gap that is a plain function of time: dislocations and decoupling."""

    def __init__(self, scenario: Scenario, start_ns: int, seed: str) -> None:
        self._start_ns = start_ns
        self._seed = seed
        self._decoupling = scenario.decoupling
        self._dislocations = scenario.dislocations
        self._slots = lru_cache(maxsize=4)(self._draw_slots)
        self._felt_in: int | None = None
        self._felt: list[tuple[float, float, float]] = []

    def at(self, time_ns: int) -> float:
        """Return the deterministic part of the gap at `time_ns`, log units."""
        seconds = (time_ns - self._start_ns) / NANOSECONDS_PER_SECOND
        laws = self._dislocations
        dislocated = 0.0 if laws is None else self._dislocated(laws, seconds)
        return dislocated + self._decoupled(seconds)

    def trace(self, since_ns: int, step_seconds: float, count: int) -> list[float]:
        """Return the deterministic part of the gap at `count` moments, from `since_ns` on."""
        since = (since_ns - self._start_ns) / NANOSECONDS_PER_SECOND
        totals = [self._decoupled(since + step_seconds * index) for index in range(count)]
        laws = self._dislocations
        if laws is None:
            return totals
        width = laws.mean_gap_seconds
        last = int((since + step_seconds * (count - 1)) // width)
        for slot in range(int(since // width) - FELT_SLOTS, last + 1):
            begins, size, decay = self._slot(laws, slot)
            place = max(0, ceil((begins - since) / step_seconds))
            until = min(count, ceil(((slot + FELT_SLOTS + 1) * width - since) / step_seconds))
            value = size * exp(-decay * (since + step_seconds * place - begins))
            kept = exp(-decay * step_seconds)
            for index in range(place, until):
                totals[index] += value
                value *= kept
        return totals

    def _dislocated(self, laws: Dislocations, seconds: float) -> float:
        now = int(seconds // laws.mean_gap_seconds)
        if now != self._felt_in:
            self._felt_in = now
            self._felt = [self._slot(laws, index) for index in range(now - FELT_SLOTS, now + 1)]
        total = 0.0
        for begins, size, decay in self._felt:
            age = seconds - begins
            if age >= 0.0:
                total += size * exp(-decay * age)
        return total

    def _slot(self, laws: Dislocations, index: int) -> tuple[float, float, float]:
        """Return when the dislocation of a slot begins, its signed size and its decay rate."""
        block, place = divmod(index, SLOTS_DRAWN)
        return self._slots(laws, block)[place]

    def _draw_slots(self, laws: Dislocations, block: int) -> list[tuple[float, float, float]]:
        draws = Random(f"{self._seed}/{block}")  # noqa: S311 - reproducible, not secret
        slots: list[tuple[float, float, float]] = []
        for index in range(block * SLOTS_DRAWN, (block + 1) * SLOTS_DRAWN):
            begins = index * laws.mean_gap_seconds + draws.uniform(0.0, laws.gap_jitter_seconds)
            size = draws.uniform(laws.smallest_bp, laws.largest_bp) * BASIS_POINT
            sign = 1.0 if draws.random() < 0.5 else -1.0
            shortest, longest = laws.shortest_half_life_seconds, laws.longest_half_life_seconds
            slots.append((begins, sign * size, log(2) / draws.uniform(shortest, longest)))
        return slots

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
