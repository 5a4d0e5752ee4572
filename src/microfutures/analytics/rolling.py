"""Rolling mean and standard deviation over the last n values, O(1) a value.

`push`, `mean` and `deviation` are pure arithmetic on plain numbers, so that a compiled kernel runs
the very lines that `RollingWindow` runs.
"""

from math import sqrt
from typing import NamedTuple, Protocol


class Ring(Protocol):
    """A list or an array of as many values as the window has."""

    def __len__(self) -> int:
        """Return its size."""
        ...

    def __getitem__(self, place: int, /) -> float:
        """Return the value at a place."""
        ...

    def __setitem__(self, place: int, value: float, /) -> None:
        """Replace the value at a place."""
        ...


class Moments(NamedTuple):
    """What is known of the values in a ring."""

    place: int
    """Where the next value goes; the oldest one once the ring is full."""
    samples: int
    pushes: int
    """Since the sums were taken anew."""
    origin: float
    """The sums are of differences to this, so that little is lost by rounding."""
    total: float
    squares: float


EMPTY = Moments(0, 0, 0, 0.0, 0.0, 0.0)


def push(ring: Ring, moments: Moments, value: float) -> Moments:
    """Put a value into the ring, over the oldest when it is full; return the new moments.

    The sums are taken anew once a ring: rounding can't build up however long it runs.
    """
    size = len(ring)
    place, count, pushes, origin, total, squares = moments
    oldest = ring[place] - origin
    ring[place] = value
    place = place + 1 if place + 1 < size else 0
    pushes += 1
    if pushes >= size or count == 0:
        count = min(count + 1, size)
        # Until the ring is full its values begin at the start.
        origin = ring[place] if count == size else ring[0]
        total = squares = 0.0
        for index in range(count):
            shifted = ring[index] - origin
            total += shifted
            squares += shifted * shifted
        return Moments(place, count, 0, origin, total, squares)
    if count == size:
        total -= oldest
        squares -= oldest * oldest
    else:
        count += 1
    shifted = value - origin
    return Moments(place, count, pushes, origin, total + shifted, squares + shifted * shifted)


def mean(moments: Moments) -> float:
    """Return the mean; there must be a value."""
    return moments.origin + moments.total * (1.0 / moments.samples)


def deviation(moments: Moments) -> float:
    """Return the sample standard deviation (divisor n - 1); 0 below two values."""
    count = moments.samples
    if count < 2:
        return 0.0
    # Of numbers known long before: a processor multiplies sooner than it divides.
    share, unbiased = 1.0 / count, 1.0 / (count - 1)
    variance = (moments.squares - moments.total * (moments.total * share)) * unbiased
    return sqrt(variance) if variance > 0 else 0.0


class RollingWindow:
    """The last `size` values and their moments."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._ring = [0.0] * size
        self._moments = EMPTY

    def __len__(self) -> int:
        """Return how many values there are."""
        return self._moments.samples

    @property
    def is_full(self) -> bool:
        """Tell whether there are `size` values."""
        return self._moments.samples == self.size

    def push(self, value: float) -> None:
        """Add a value; the oldest leaves when the window is full."""
        self._moments = push(self._ring, self._moments, value)

    def clear(self) -> None:
        """Forget everything."""
        self._moments = EMPTY

    @property
    def mean(self) -> float:
        """Return the mean; the window must not be empty."""
        return mean(self._moments)

    @property
    def deviation(self) -> float:
        """Return the sample standard deviation (divisor n - 1); 0 below two values."""
        return deviation(self._moments)
