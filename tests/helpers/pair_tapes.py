"""Tapes of two products whose ratio swings, made for the test."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import sin
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

from microfutures.adapters.tapes.load import TapeOptions, bar_segments, join_segments
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.paths import BarPath
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.model.market import Bar
from microfutures.model.timestamp import from_datetime, seconds

OPEN_NS = from_datetime(datetime(2026, 3, 26, 13, 30, tzinfo=UTC))
MINUTE_NS = seconds(60)

Change = Callable[[list[Bar]], list[Bar]]


def pair_of_bars(minutes: int, path: BarPath, change: Change = lambda bars: bars) -> TapeMarket:
    """Return minutes of MCL and USO from the open of a Thursday, changed as wanted."""
    oil = minute_bars(minutes, lambda place: 70 + 0.3 * sin(place / 9) + 0.02 * (place % 3))
    fund = minute_bars(minutes, lambda place: 75 + 0.2 * sin(place / 31))
    return _market_of(change(oil), change(fund), path)


class RandomPair(NamedTuple):
    """Two random walks whose ratio comes back, with holes and perhaps a jump."""

    seed: int
    missing: float
    """The share of minutes without a bar."""
    jump_at: int | None
    """The minute from which on the second is dearer by 12 percent."""

    def tape(self, minutes: int) -> TapeMarket:
        """Return its first minutes."""
        draws = Random(self.seed)
        oil: list[Bar] = []
        fund: list[Bar] = []
        price, gap = 70.0, 0.0
        scale = draws.choice([0.0005, 0.002, 0.006])
        for place in range(minutes):
            price *= 1 + draws.gauss(0, 0.0006)
            gap = 0.93 * gap + draws.gauss(0, scale)
            has_jumped = self.jump_at is not None and place >= self.jump_at
            other = price * 1.1 * (1 + gap) * (1.12 if has_jumped else 1.0)
            for bars, close in ((oil, price), (fund, other)):
                if draws.random() >= self.missing:
                    start_ns = OPEN_NS + place * MINUTE_NS
                    close = round(close, 2)
                    bars.append(Bar(start_ns, 60, close, close, close, close, 60_000.0))
        start_ns = OPEN_NS + draws.choice([0, 1_300_000_000, 40 * MINUTE_NS])
        return _market_of(oil, fund, BarPath.CLOSE, start_ns)


def random_pairs(jump_at: int) -> st.SearchStrategy[RandomPair]:
    """Return pairs to draw from; some jump at that minute."""
    return st.builds(
        RandomPair,
        seed=st.integers(0, 10_000),
        missing=st.sampled_from([0.0, 0.0, 0.05, 0.3]),
        jump_at=st.sampled_from([None, jump_at]),
    )


STRUNG_FROM = datetime(2026, 4, 7, 13, 30, tzinfo=UTC)
"""Thirteen days before May's last; a desk leaves it after the third day, a vendor after the
eighth."""
STRUNG_DAYS = (0, 1, 2, 3, 6, 7, 8, 9, 10, 13, 14)


def strung(minutes: int, roll_business_days: int = ROLL_BUSINESS_DAYS) -> TapeMarket:
    """Return USO and the front months of MCL as a vendor strings them, some minutes each day."""
    draws = Random(7)
    oil: list[Bar] = []
    fund: list[Bar] = []
    gap = 0.0
    for day in STRUNG_DAYS:
        for minute in range(minutes):
            start_ns = from_datetime(STRUNG_FROM) + day * 1440 * MINUTE_NS + minute * MINUTE_NS
            gap = 0.93 * gap + draws.gauss(0, 0.002)
            for bars, price in ((oil, 70.0), (fund, 77.0 * (1 + gap))):
                close = round(price, 2)
                bars.append(Bar(start_ns, 60, close, close, close, close, 60_000.0))
    options = TapeOptions(path=BarPath.CLOSE, roll_business_days=roll_business_days)
    parts = [bar_segments(symbol, bars, options) for symbol, bars in (("MCL", oil), ("USO", fund))]
    start = STRUNG_FROM + timedelta(seconds=1.3)
    return join_segments(parts, "strung for the test", start=start, options=options)


def minute_bars(minutes: int, price: Callable[[int], float]) -> list[Bar]:
    """Return bars that each open where the one before closed."""
    bars: list[Bar] = []
    before = round(price(0), 2)
    for place in range(minutes):
        now = round(price(place), 2)
        start_ns = OPEN_NS + place * MINUTE_NS
        bars.append(Bar(start_ns, 60, before, max(before, now), min(before, now), now, 600.0))
        before = now
    return bars


def _market_of(
    oil: list[Bar], fund: list[Bar], path: BarPath, start_ns: int | None = None
) -> TapeMarket:
    options = TapeOptions(path=path)
    parts = [bar_segments(symbol, bars, options) for symbol, bars in (("MCL", oil), ("USO", fund))]
    start = None if start_ns is None else datetime.fromtimestamp(start_ns / 1e9, UTC)
    return join_segments(parts, "made for the test", start=start)
