"""How far a number of daily returns can be trusted: intervals by the stationary bootstrap.

D. N. Politis and J. P. Romano, The Stationary Bootstrap, JASA 89 (1994): returns are drawn in
blocks of random length, so that days which hang together stay together. The length is that of
Politis and White (2004), corrected by Patton (2009). Both are those of `arch`.
"""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_DAYS = 20
DRAWS = 2_000


class Interval(msgspec.Struct, frozen=True):
    """Between which two numbers a statistic lies, by its own data."""

    low: float
    high: float
    level: float
    block_days: int
    """Mean length of the blocks that were drawn."""


def interval(
    daily: Floats,
    statistic: Callable[[Floats], float],
    *,
    seed: int,
    level: float = 0.95,
    draws: int = DRAWS,
) -> Interval | None:
    """Return the percentile interval of a statistic of daily returns.

    None below 20 days and for returns that don't vary: nothing can be said from so little. The
    same returns and seed give the same interval.
    """
    if len(daily) < LEAST_DAYS or float(np.ptp(daily)) == 0:
        return None
    from arch.bootstrap import StationaryBootstrap, optimal_block_length

    found = float(optimal_block_length(daily)["stationary"].iloc[0])
    block = min(max(round(found), 1), len(daily) // 3) if np.isfinite(found) else 1
    drawn = StationaryBootstrap(block, daily, seed=seed).apply(
        lambda values: np.array([statistic(values)]), draws
    )
    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    return Interval(float(low), float(high), level, block)
