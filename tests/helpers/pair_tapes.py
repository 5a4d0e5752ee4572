"""Tapes of two products whose ratio swings, made for the test."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import sin

from microfutures.adapters.tapes.load import TapeOptions, bar_segments, join_segments
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.paths import BarPath
from microfutures.model.market import Bar
from microfutures.model.timestamp import from_datetime, seconds

OPEN_NS = from_datetime(datetime(2026, 3, 26, 13, 30, tzinfo=UTC))

Change = Callable[[list[Bar]], list[Bar]]


def pair_of_bars(minutes: int, path: BarPath, change: Change = lambda bars: bars) -> TapeMarket:
    """Return minutes of MCL and USO from the open of a Thursday, changed as wanted."""
    oil = minute_bars(minutes, lambda place: 70 + 0.3 * sin(place / 9) + 0.02 * (place % 3))
    fund = minute_bars(minutes, lambda place: 75 + 0.2 * sin(place / 31))
    options = TapeOptions(path=path)
    parts = [
        bar_segments(symbol, change(bars), options)
        for symbol, bars in (("MCL", oil), ("USO", fund))
    ]
    return join_segments(parts, "made for the test")


def minute_bars(minutes: int, price: Callable[[int], float]) -> list[Bar]:
    """Return bars that each open where the one before closed."""
    bars: list[Bar] = []
    before = round(price(0), 2)
    for place in range(minutes):
        now = round(price(place), 2)
        start_ns = OPEN_NS + seconds(60 * place)
        bars.append(Bar(start_ns, 60, before, max(before, now), min(before, now), now, 600.0))
        before = now
    return bars
