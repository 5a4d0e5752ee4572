"""Whether a good set of parameters stands on a plain or on a needle."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def neighbourhood(grid: Floats, reach: int = 1) -> tuple[Floats, Floats]:
    """Return mean and lowest value of each cell's neighbourhood, the cell itself included.

    Parameters
    ----------
    grid
        One value a set, an axis a parameter; NaN where nothing came of a set: it is passed over in
        the mean, and is what the lowest is then (nothing is known of a neighbour).
    reach
        Steps in each direction, along all axes at once; the grid's edge cuts a neighbourhood.

    Returns
    -------
    tuple of arrays
        Of the shape of `grid`.
    """
    window = (2 * reach + 1,) * grid.ndim
    axes = tuple(range(-grid.ndim, 0))
    known = ~np.isnan(grid)
    around = np.pad(np.where(known, grid, 0.0), reach)
    counts = sliding_window_view(np.pad(known, reach), window).sum(axis=axes)
    sums = sliding_window_view(around, window).sum(axis=axes)
    mean: Floats = np.divide(sums, counts, out=np.full(grid.shape, np.nan), where=counts > 0)
    padded = np.pad(grid, reach, constant_values=np.inf)
    lowest: Floats = sliding_window_view(padded, window).min(axis=axes)
    return mean, lowest
