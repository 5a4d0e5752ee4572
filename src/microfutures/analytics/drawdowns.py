"""The falls of an equity curve: from each peak down and back."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError

Floats = NDArray[np.float64]


class Drawdown(msgspec.Struct, frozen=True):
    """One fall; places count along the curve. ``end`` is None while the peak isn't regained."""

    start: int
    """Of the peak."""
    bottom: int
    end: int | None
    depth: float
    """As a share of the peak, below 0."""
    money: float
    """What was lost from peak to bottom, in the curve's currency, above 0."""


def underwater(values: Floats) -> Floats:
    """Return how far each value lies below the peak so far, as a share of it, at most 0.

    Raises
    ------
    InvalidValueError
        If a peak isn't above zero: there is no share of it.
    """
    peaks = np.maximum.accumulate(values)
    if len(values) and peaks[0] <= 0:
        raise InvalidValueError(f"a drawdown needs a peak above 0, was {peaks[0]}")
    shares: Floats = values / peaks - 1
    return shares


def drawdowns(values: Floats) -> list[Drawdown]:
    """Return every fall, in order of time."""
    depths = underwater(values)
    is_below = depths < 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_below, [False])).astype(np.int8)))
    found: list[Drawdown] = []
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        bottom = int(first + np.argmin(depths[first:after]))
        start = int(first) - 1
        found.append(
            Drawdown(
                start,
                bottom,
                int(after) if after < len(values) else None,
                float(depths[bottom]),
                float(values[start] - values[bottom]),
            )
        )
    return found


def longest(falls: list[Drawdown], last: int) -> int:
    """Return the steps from peak to recovery of the longest fall, to `last` if it lasts."""
    return max(((last if fall.end is None else fall.end) - fall.start for fall in falls), default=0)
