"""Prices that jump far beyond what is usual around them."""

from collections.abc import Iterator

import numpy as np

from microfutures.adapters.store.findings import Finding, FindingKind
from microfutures.adapters.store.moments import Moments
from microfutures.adapters.store.numbers import Floats
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

BLOCK_ROWS = 256
USUAL_MOVES = 25
"""A jump counts from this many times the median move of the rows around it."""
BREAK_STEPS = 3
HOUR_NS = 3600 * NANOSECONDS_PER_SECOND
TOLD = 5
BACK = 0.8
"""A jump of which this share is taken back by the next row is a spike."""


def jumps(moments: Moments, prices: Floats) -> Iterator[Finding]:
    """Yield the largest jumps, in units of the usual move around them.

    Differences, not ratios: prices may be negative.
    """
    known = ~np.isnan(prices)
    moments, prices = moments[known], prices[known]
    if len(prices) < 3:
        return
    steps = np.diff(prices)
    sizes = np.abs(steps) / _usual(np.abs(steps))
    far = np.flatnonzero(sizes > USUAL_MOVES)
    for row in sorted(far[np.argsort(-sizes[far], kind="stable")][:TOLD]):
        is_spike = row + 1 < len(steps) and -steps[row + 1] / steps[row] >= BACK
        change = f" ({steps[row] / prices[row]:+.1%})" if prices[row] > 0 else ""
        yield Finding(
            FindingKind.OUTLIER,
            int(moments[row + 1]),
            f"{prices[row]:g} to {prices[row + 1]:g}{change}, {sizes[row]:.0f} times the usual "
            f"move{_around(moments, row)}{'; taken back by the next row' if is_spike else ''}",
        )
    if len(far) > TOLD:
        words = f"{len(far)} jumps in all, the {TOLD} largest are above"
        yield Finding(FindingKind.OUTLIER, int(moments[far[0] + 1]), words)


def below_zero(moments: Moments, prices: Floats) -> Iterator[Finding]:
    """Yield how many prices are not above zero: they exist, and no logarithm does."""
    with np.errstate(invalid="ignore"):
        negative = prices <= 0
    if negative.any():
        row = int(np.argmax(negative))
        count = np.count_nonzero(negative)
        words = f"{count} prices at or below zero, the first {prices[row]:g}"
        yield Finding(FindingKind.NEGATIVE, int(moments[row]), words)


def _around(moments: Moments, row: int) -> str:
    """Say so when a jump is one across a break: the price had time to move."""
    steps = np.diff(moments)
    if steps[row] <= BREAK_STEPS * np.median(steps):
        return ""
    return f", across a break of {steps[row] / HOUR_NS:.1f} h"


def _usual(moves: Floats) -> Floats:
    """Return the median move around each row, by blocks; never below a quarter of the whole's."""
    moving = moves[moves > 0]
    whole = float(np.median(moving)) if len(moving) else 1.0
    usual = np.empty(len(moves))
    for start in range(0, len(moves), BLOCK_ROWS):
        block = moves[start : start + BLOCK_ROWS]
        usual[start : start + BLOCK_ROWS] = max(float(np.median(block)), whole / 4)
    return usual
