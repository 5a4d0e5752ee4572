"""Capital among strategies: simple weights that need no optimiser."""

from collections.abc import Mapping, Sequence
from statistics import pstdev
from typing import TypeVar

Name = TypeVar("Name")


def inverse_volatility(changes: Mapping[Name, Sequence[float]]) -> dict[Name, float]:
    """Return weights that sum to 1, each in proportion to 1 / standard deviation of its changes.

    A series without any variation carries no information: when there is one, weights are equal.
    """
    deviations = {name: pstdev(series) for name, series in changes.items()}
    if not deviations:
        return {}
    if min(deviations.values()) <= 0:
        return dict.fromkeys(deviations, 1 / len(deviations))
    inverse = {name: 1 / deviation for name, deviation in deviations.items()}
    total = sum(inverse.values())
    return {name: value / total for name, value in inverse.items()}
