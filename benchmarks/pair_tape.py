"""The tape on which engines are compared: 500,000 minutes of two co-integrated instruments.

The same prices as in the measurements of other engines: the log of the first is a random walk of
0.0004 a minute, the gap to the second reverts with a half-life of 120 minutes and a deviation of
0.3 percent. The minutes lie in the regular sessions of five years, one after the other; the last
minute of each session has no bar, so that every decision can still be traded.
"""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.paths import BarPath
from microfutures.adapters.tapes.segment import of_bars
from microfutures.model import catalog
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

MINUTES = 500_000
SEED = 20_240_607
FIRST_DAY, LAST_DAY = date(2021, 1, 4), date(2026, 6, 30)
HALF_LIFE_MINUTES, GAP_DEVIATION, STEP = 120.0, 0.003, 0.0004
MINUTE_NS = 60 * NANOSECONDS_PER_SECOND

Prices = NDArray[np.float64]


def pair_prices(minutes: int = MINUTES) -> tuple[Prices, Prices]:
    """Return the closes of both instruments, in cents."""
    draws = np.random.default_rng(SEED)
    steps = draws.normal(0, STEP, MINUTES - 1)
    first = 75.0 * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    keeps = float(np.exp(-np.log(2) / HALF_LIFE_MINUTES))
    shocks = draws.normal(0, GAP_DEVIATION * np.sqrt(1 - keeps * keeps), MINUTES)
    gap = np.empty(MINUTES)
    gap[0] = 0.0
    for place in range(1, MINUTES):
        gap[place] = keeps * gap[place - 1] + shocks[place]
    return np.round(first, 2)[:minutes], np.round(0.98 * first * np.exp(gap), 2)[:minutes]


def minute_starts(minutes: int) -> list[int]:
    """Return the first moments of the minutes, nanoseconds UTC."""
    starts: list[int] = []
    for moments in _sessions():
        starts += moments
        if len(starts) >= minutes:
            return starts[:minutes]
    raise ValueError(f"the sessions hold {len(starts)} minutes, {minutes} are wanted")


def _sessions() -> Iterator[Sequence[int]]:
    _, liquid = catalog.sessions("USO", FIRST_DAY, LAST_DAY)
    for session in liquid:
        yield range(session.open_ns, session.close_ns - MINUTE_NS, MINUTE_NS)


def pair_tape(minutes: int = MINUTES) -> TapeMarket:
    """Return the tape: a contract of MCL that never has to be rolled, and USO."""
    starts = minute_starts(minutes)
    instruments = (catalog.future("MCL", 2028, 12, FIRST_DAY), catalog.fund("USO", FIRST_DAY))
    segments = []
    for instrument, prices in zip(instruments, pair_prices(minutes), strict=True):
        bars = [
            Bar(start_ns, 60, price, price, price, price, 10_000.0)
            for start_ns, price in zip(starts, prices.tolist(), strict=True)
        ]
        segments.append(of_bars(instrument, bars, spread_ticks=1, path=BarPath.CLOSE))
    return TapeMarket(
        segments,
        start_ns=starts[0],
        end_ns=starts[-1] + MINUTE_NS,
        description="two co-integrated instruments",
    )
