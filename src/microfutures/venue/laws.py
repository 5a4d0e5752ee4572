"""What may happen in a simulated market: one law a struct, put together by `scenarios`."""

from bisect import bisect_right
from math import log1p

import msgspec


class Dislocations(msgspec.Struct, frozen=True):
    """Sudden gaps between the legs that close again; basis points and seconds."""

    smallest_bp: float
    largest_bp: float
    mean_gap_seconds: float
    gap_jitter_seconds: float
    shortest_half_life_seconds: float
    longest_half_life_seconds: float


class Decoupling(msgspec.Struct, frozen=True):
    """A gap between the legs that opens once and stays."""

    after_seconds: float
    over_seconds: float
    size_bp: float


class Reversion(msgspec.Struct, frozen=True):
    """A price that is pulled back to where it started, instead of a walk that goes anywhere."""

    deviation_bp: float
    """How far from the start it stands, one standard deviation."""
    half_life_seconds: float


class Liquidity(msgspec.Struct, frozen=True):
    """How good the market is, relative to the usual one of the hour."""

    spread: float
    size: float
    trades: float


class Course(msgspec.Struct, frozen=True):
    """A move of all prices that is bound to happen, in straight lines between its points.

    A point is the seconds since the start and the percent by which prices then stand above where
    they would have been; before the first point nothing has happened, after the last one the
    move stays.
    """

    points: tuple[tuple[float, float], ...]

    def at(self, seconds: float) -> float:
        """Return the move at `seconds` after the start, log units."""
        return log1p(self.share_at(seconds))

    def share_at(self, seconds: float) -> float:
        """Return the move at `seconds` after the start, as a share of the price."""
        points = self.points
        place = bisect_right(points, seconds, key=lambda point: point[0])
        if place == 0:
            return 0.0
        since, percent = points[place - 1]
        if place < len(points):
            until, later = points[place]
            percent += (later - percent) * (seconds - since) / (until - since)
        return percent / 100.0
