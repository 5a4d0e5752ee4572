"""The least compiled code that still backtests a pair: one pass, a ring, a position, cash.

Written by hand for one strategy and one way to fill: no sessions, gates, sizes, stops, quotes or
margins. What a general kernel costs beyond this is the price of its rules.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.pair_floor import FEES, MULTIPLIERS

Floats = NDArray[np.float64]
SHARES = 100.0
CASH_PER_POINT = (MULTIPLIERS["MCL"], SHARES * MULTIPLIERS["USO"])
FEE = FEES["MCL"] + SHARES * FEES["USO"]


@numba.njit(nogil=True)
def floor_run(
    first: Floats, second: Floats, logs: Floats, lookback: int, z_in: float, z_out: float,
    points: tuple[float, float], fee: float,
) -> tuple[float, int]:  # fmt: skip
    """Return the cash and the round trips of one set; orders fill at the next close."""
    ring = np.zeros(lookback)
    origin, place, total, squares = logs[0], 0, 0.0, 0.0
    held, wanted, cash, trips = 0, 0, 0.0, 0
    for bar in range(first.size):
        if wanted != held:
            change = wanted - held
            cash -= change * (first[bar] * points[0] - second[bar] * points[1]) + abs(change) * fee
            trips += wanted == 0
            held = wanted
        value = logs[bar] - origin
        gone = ring[place]
        ring[place] = value
        place += 1
        if place == lookback:
            place = 0
        total += value - gone
        squares += value * value - gone * gone
        if bar < lookback - 1:
            continue
        mean = total / lookback
        variance = squares / lookback - mean * mean
        if variance <= 1e-18:
            continue
        z = (value - mean) / np.sqrt(variance)
        if held == 0:
            wanted = -1 if z > z_in else (1 if z < -z_in else 0)
        elif abs(z) < z_out:
            wanted = 0
    return cash + held * (first[-1] * points[0] - second[-1] * points[1]), trips


@numba.njit(nogil=True)
def floor_sweep(
    first: Floats, second: Floats, logs: Floats, lookbacks: NDArray[np.int64], z_ins: Floats,
    z_out: float, points: tuple[float, float], fee: float, out: Floats,
) -> None:  # fmt: skip
    """Run every set, one after the other."""
    for each in range(len(out)):
        cash, _ = floor_run(first, second, logs, lookbacks[each], z_ins[each], z_out, points, fee)
        out[each] = cash
