"""Bars of volatility: what daily closes of the last thirty trading days moved, per year.

Options here are priced at it, so that what they imply is the same.
"""

from bisect import bisect_left
from itertools import pairwise
from math import log, sqrt
from statistics import pstdev

from msgspec.structs import replace

from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.twsim.history.bar_sizes import trading_day

VOLATILITY_DAYS = 30
TRADING_DAYS = 252


def realized_volatility(days: list[Bar]) -> float | None:
    """Return the volatility of daily closes per year, 0.3 is 30%; None without enough of them."""
    closes = [day.close for day in days if day.close > 0]
    changes = [log(after / before) for before, after in pairwise(closes)]
    return pstdev(changes) * sqrt(TRADING_DAYS) if len(changes) > 1 else None


def volatilities(instrument: Instrument, bars: list[Bar], days: list[Bar]) -> list[Bar]:
    """Return `bars` with the volatility from the day before to their own day, where it is known."""
    dates = [trading_day(instrument, day.start_ns) for day in days]
    windows = (days[max(0, n - VOLATILITY_DAYS) : n + 1] for n in range(len(days)))
    known = [realized_volatility(window) for window in windows]
    made: list[Bar] = []
    for bar in bars:
        place = bisect_left(dates, trading_day(instrument, bar.start_ns))
        before, now = (known[place - 1] if place else None), known[place : place + 1]
        if before is not None:
            after = now[0] if now and now[0] is not None else before
            low, high = sorted((before, after))
            made.append(replace(bar, open=before, high=high, low=low, close=after, volume=0.0))
    return made
