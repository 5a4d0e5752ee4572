"""A study's sets as a landscape over its axes: where the best stands, and what is around it."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.analytics.stability import neighbourhood
from microfutures.config.strategy_parameters import PairParameters
from microfutures.research.objective import Objective
from microfutures.research.search import Tried
from microfutures.research.space import Axis, Space

Floats = NDArray[np.float64]

MOST_CELLS = 2_000_000
"""Larger grids are mostly holes, and their maps would not be read."""


class Landscape(msgspec.Struct, frozen=True, kw_only=True):
    """Objective of each set, with the mean and the lowest of its neighbourhood; NaN for none."""

    axes: tuple[Axis, ...]
    height: Floats
    around: Floats
    lowest: Floats
    chosen: tuple[int, ...]
    """Place of the best set on each axis."""

    @property
    def around_chosen(self) -> float:
        """Return the mean of the best set's neighbourhood."""
        return float(self.around[self.chosen])

    @property
    def lowest_by_chosen(self) -> float | None:
        """Return the lowest of the best set's neighbourhood; None if one of it wasn't tried."""
        found = float(self.lowest[self.chosen])
        return None if np.isnan(found) else found

    @property
    def steadiest(self) -> tuple[int, ...]:
        """Return the place whose neighbourhood has the highest mean."""
        place = np.unravel_index(int(np.nanargmax(self.around)), self.around.shape)
        return tuple(int(each) for each in place)


def landscape_of(
    space: Space, tried: Tried, best: PairParameters, objective: Objective
) -> Landscape | None:
    """Return the landscape; None if the space is too large for one."""
    if space.size > MOST_CELLS:
        return None
    height = np.full([len(axis.values) for axis in space.axes], np.nan)
    for each, result in tried:
        place, score = place_of(space.axes, each), objective(result)
        if place is not None and score is not None:
            height[place] = score
    chosen = place_of(space.axes, best)
    if chosen is None:
        return None
    around, lowest = neighbourhood(height)
    return Landscape(axes=space.axes, height=height, around=around, lowest=lowest, chosen=chosen)


def place_of(axes: Sequence[Axis], parameters: PairParameters) -> tuple[int, ...] | None:
    """Return where a set stands on the axes; None if it is on none of their values."""
    places = []
    for axis in axes:
        value = getattr(parameters, axis.name)
        if value not in axis.values:
            return None
        places.append(axis.values.index(value))
    return tuple(places)
