"""Rolling mean and standard deviation over the last n values, O(1) a value."""

from collections import deque
from math import fsum, sqrt


class RollingWindow:
    """The last `size` values and their moments.

    Sums are kept relative to the first value and are taken anew once a window, so that rounding
    can't build up however long it runs.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: deque[float] = deque(maxlen=size)
        self._origin = 0.0
        self._sum = 0.0
        self._squares = 0.0
        self._pushes = 0

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)

    @property
    def is_full(self) -> bool:
        """Tell whether there are `size` values."""
        return len(self._values) == self.size

    def push(self, value: float) -> None:
        """Add a value; the oldest leaves when the window is full."""
        if self.is_full:
            oldest = self._values[0] - self._origin
            self._sum -= oldest
            self._squares -= oldest * oldest
        self._values.append(value)
        self._pushes += 1
        if self._pushes >= self.size or len(self._values) == 1:
            self._recompute()
        else:
            shifted = value - self._origin
            self._sum += shifted
            self._squares += shifted * shifted

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._recompute()

    @property
    def mean(self) -> float:
        """Return the mean; the window must not be empty."""
        return self._origin + self._sum / len(self._values)

    @property
    def deviation(self) -> float:
        """Return the sample standard deviation (divisor n - 1); 0 below two values."""
        count = len(self._values)
        if count < 2:
            return 0.0
        variance = (self._squares - self._sum * self._sum / count) / (count - 1)
        return sqrt(variance) if variance > 0 else 0.0

    def _recompute(self) -> None:
        self._pushes = 0
        self._origin = self._values[0] if self._values else 0.0
        shifted = [value - self._origin for value in self._values]
        self._sum = fsum(shifted)
        self._squares = fsum(value * value for value in shifted)
