"""Prices of a share or fund as if its splits and dividends had always been behind it.

Split: prices before it are divided, volumes multiplied, by the new shares for an old one; 1:8 is
0.125. Dividend: prices before the ex-day are multiplied by ``1 - dividend / close before it`` (the
method of CRSP, Yahoo and LEAN), so that returns contain it.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError

Moments = NDArray[np.int64]
Floats = NDArray[np.float64]


class Action(msgspec.Struct, frozen=True):
    """What holds from ``time_ns`` on: new shares for an old one, USD paid out a share."""

    time_ns: int
    split: float = 1.0
    dividend: float = 0.0


class Factors(msgspec.Struct, frozen=True):
    """What each row is multiplied with."""

    prices: Floats
    volumes: Floats


def factors(times: Moments, closes: Floats, actions: Sequence[Action]) -> Factors:
    """Return the factors of each row, the latest rows being 1.

    Raises
    ------
    InvalidValueError
        If a split is not above zero, or a dividend eats the whole close before it.
    """
    prices, volumes = np.ones(len(times)), np.ones(len(times))
    for action in actions:
        if not np.isfinite(action.split) or action.split <= 0:
            raise InvalidValueError(f"a split must be above 0, was {action.split}")
        before = int(np.searchsorted(times, action.time_ns))
        if before == 0:
            continue
        kept = 1.0
        if action.dividend:
            close = closes[before - 1]
            kept = 1 - action.dividend * action.split / close
            if not 0 < kept <= 1:
                raise InvalidValueError(
                    f"a dividend of {action.dividend:g} doesn't fit a close of {close:g}"
                )
        prices[:before] *= kept / action.split
        volumes[:before] *= action.split
    return Factors(prices, volumes)


def adjusted(
    times: Moments, columns: Mapping[str, Floats], actions: Sequence[Action], close: str = "close"
) -> dict[str, Floats]:
    """Return every column adjusted; ``volume`` the other way round than prices."""
    found = factors(times, columns[close], actions)
    return {
        name: values * (found.volumes if name == "volume" else found.prices)
        for name, values in columns.items()
    }
