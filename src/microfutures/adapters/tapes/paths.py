"""What happened inside a bar, as far as the bar tells: an honest path, no more.

A bar says where it opened, how far it went and where it ended, not in which order. The path used
here is open, nearer extreme, other extreme, close, spread evenly over the bar. Two instruments'
extremes needn't have come at the same moment: for pairs, ``BarPath.ENDS`` plays open and close
only, so that no gap appears between legs that the market never showed.
"""

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from itertools import repeat
from typing import NamedTuple

import numpy as np

from microfutures.adapters.tapes.bar_columns import AT_ONCE, BarColumns, Integers
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.venue.messages import BarUpdate, BookUpdate, MarketUpdate, TradeUpdate

# The touch is thought to hold what trades in about three seconds.
DISPLAYED_SECONDS = 3


class BarPath(StrEnum):
    """Which points of a bar are played."""

    EXTREMES = "extremes"
    """Open, nearer extreme, other extreme, close."""
    ENDS = "ends"
    """Open and close."""
    CLOSE = "close"
    """The close alone, book and trade in one update: for decisions at closes."""


class Ticks:
    """Prices of one instrument as the nearest whole ticks."""

    def __init__(self, instrument: Instrument) -> None:
        tick = Fraction(instrument.tick_size)
        self._numerator, self._denominator = tick.numerator, tick.denominator

    @property
    def ratio(self) -> tuple[int, int]:
        """Return the tick as a fraction: numerator and denominator."""
        return self._numerator, self._denominator

    def nearest(self, price: float) -> int:
        """Return `price` in ticks."""
        return round(price * self._denominator / self._numerator)


def points(bar: Bar, path: BarPath) -> list[tuple[int, float]]:
    """Return moments (nanoseconds UTC) and prices along the bar, the last just before its end."""
    length_ns = bar.seconds * NANOSECONDS_PER_SECOND
    end_ns = bar.start_ns + length_ns - 1
    if path is BarPath.ENDS:
        return [(bar.start_ns, bar.open), (end_ns, bar.close)]
    is_low_nearer = bar.open - bar.low <= bar.high - bar.open
    first, second = (bar.low, bar.high) if is_low_nearer else (bar.high, bar.low)
    return [
        (bar.start_ns, bar.open),
        (bar.start_ns + length_ns // 3, first),
        (bar.start_ns + 2 * length_ns // 3, second),
        (end_ns, bar.close),
    ]


def bar_updates(
    instrument_id: InstrumentId, bar: Bar, ticks: Ticks, spread_ticks: int, path: BarPath
) -> Iterator[MarketUpdate]:
    """Yield a book and a trade for every point of the bar at which the price is new."""
    if path is BarPath.CLOSE:
        yield from close_updates(instrument_id, BarColumns.alone(bar), ticks, spread_ticks)
        return
    prices: list[tuple[int, int]] = []
    along = points(bar, path)
    for place, (moment_ns, price) in enumerate(along):
        now = ticks.nearest(price)
        is_last = place == len(along) - 1
        if is_last or not prices or prices[-1][1] != now:
            prices.append((moment_ns, now))
    size = max(1, round(bar.volume * DISPLAYED_SECONDS / bar.seconds))
    left = round(bar.volume)
    for place, (moment_ns, price_ticks) in enumerate(prices):
        bid = price_ticks - spread_ticks // 2
        yield BookUpdate(moment_ns, instrument_id, bid, bid + spread_ticks, size, size)
        traded = left // (len(prices) - place)
        left -= traded
        if traded:
            yield TradeUpdate(moment_ns, instrument_id, price_ticks, traded)


class Closes(NamedTuple):
    """The close of each bar as it is played, prices in ticks."""

    times_ns: Integers
    """Just before the end of the bar."""
    bids: Integers
    asks: Integers
    sizes: Integers
    """Displayed on each side."""
    prices: Integers
    volumes: Integers


def closes_of(bars: BarColumns, ticks: Ticks, spread_ticks: int) -> Closes:
    """Return what is played of bars of which only the close is."""
    numerator, denominator = ticks.ratio
    prices = np.rint(bars.closes * denominator / numerator).astype(np.int64)
    volumes = np.rint(bars.volumes).astype(np.int64)
    sizes = np.rint(volumes * DISPLAYED_SECONDS / bars.seconds).astype(np.int64)
    bids = prices - spread_ticks // 2
    return Closes(
        bars.ends_ns - 1, bids, bids + spread_ticks, np.where(sizes == 0, 1, sizes), prices, volumes
    )


def close_updates(
    instrument_id: InstrumentId, bars: BarColumns, ticks: Ticks, spread_ticks: int
) -> Iterator[BarUpdate]:
    """Yield the close of every bar, just before its end."""
    for first in range(0, len(bars), AT_ONCE):
        times, *columns = [
            each.tolist() for each in closes_of(bars[first : first + AT_ONCE], ticks, spread_ticks)
        ]
        yield from map(BarUpdate, times, repeat(instrument_id), *columns)
