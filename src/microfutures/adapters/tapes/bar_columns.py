"""Bars of one length as arrays: years of minutes are read, cut and played without a bar each."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AT_ONCE = 4096
"""Bars that are made together when all are gone through."""


class BarColumns(Sequence[Bar]):
    """A sequence of `Bar` in ascending time; one is made when it is asked for.

    Parameters
    ----------
    seconds
        The length of every bar.
    starts_ns
        Opening moments, nanoseconds UTC.
    prices
        Open, high, low and close, one array each.

    Raises
    ------
    InvalidValueError
        If a price is not finite, or a high is below its low, as `Bar` does.
    """

    def __init__(
        self,
        seconds: int,
        starts_ns: Integers,
        prices: tuple[Floats, Floats, Floats, Floats],
        volumes: Floats,
    ) -> None:
        self.seconds = seconds
        self.starts_ns = starts_ns
        self.prices = prices
        self.volumes = volumes
        _, highs, lows, _ = prices
        is_sound = np.isfinite(np.stack(prices)).all(axis=0) & (highs >= lows)
        if not is_sound.all():
            place = int(is_sound.argmin())
            raise InvalidValueError(
                f"bar at {starts_ns[place]}: prices must be finite and no high below its low, were "
                f"{tuple(float(each[place]) for each in prices)}"
            )

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> Self | None:
        """Return `bars` as columns; None if they are of several lengths, or there are none."""
        if isinstance(bars, cls):
            return bars
        is_uniform = len({bar.seconds for bar in bars}) == 1
        return cls._of_one_length(bars) if is_uniform else None

    @classmethod
    def alone(cls, bar: Bar) -> Self:
        """Return the columns of a single bar."""
        return cls._of_one_length((bar,))

    @classmethod
    def _of_one_length(cls, bars: Sequence[Bar]) -> Self:
        rows = np.array([(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars])
        opens, highs, lows, closes, volumes = np.ascontiguousarray(rows.T)
        starts_ns = np.array([bar.start_ns for bar in bars], np.int64)
        return cls(bars[0].seconds, starts_ns, (opens, highs, lows, closes), volumes)

    @property
    def closes(self) -> Floats:
        """Return the closing prices."""
        return self.prices[3]

    @property
    def ends_ns(self) -> Integers:
        """Return the first moment after each bar."""
        return self.starts_ns + self.seconds * NANOSECONDS_PER_SECOND

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.starts_ns)

    @overload
    def __getitem__(self, place: int) -> Bar: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...

    def __getitem__(self, place: int | slice) -> Bar | Self:
        """Return one bar, or the columns of a stretch."""
        if isinstance(place, slice):
            opens, highs, lows, closes = (each[place] for each in self.prices)
            return type(self)(
                self.seconds,
                self.starts_ns[place],
                (opens, highs, lows, closes),
                self.volumes[place],
            )
        opened, high, low, close = (each.item(place) for each in self.prices)
        start_ns, volume = self.starts_ns.item(place), self.volumes.item(place)
        return Bar(start_ns, self.seconds, opened, high, low, close, volume)

    def __iter__(self) -> Iterator[Bar]:
        """Yield every bar."""
        for first in range(0, len(self), AT_ONCE):
            yield from self[first : first + AT_ONCE]._made()

    def folded(self, seconds: int) -> list[Bar]:
        """Return longer bars, as `venue.bars.fold` makes them."""
        if not len(self):
            return []
        length_ns = seconds * NANOSECONDS_PER_SECOND
        periods = self.starts_ns // length_ns
        firsts = np.flatnonzero(np.diff(periods, prepend=periods[0] - 1))
        opens, highs, lows, closes = self.prices
        longer = type(self)(
            seconds,
            periods[firsts] * length_ns,
            (
                opens[firsts],
                np.maximum(opens[firsts], np.maximum.reduceat(highs, firsts)),
                np.minimum(opens[firsts], np.minimum.reduceat(lows, firsts)),
                closes[np.append(firsts[1:], len(self)) - 1],
            ),
            np.add.reduceat(self.volumes, firsts),
        )
        return longer._made()

    def _made(self) -> list[Bar]:
        opens, highs, lows, closes = (each.tolist() for each in self.prices)
        starts_ns, volumes, seconds = self.starts_ns.tolist(), self.volumes.tolist(), self.seconds
        return [
            Bar(start_ns, seconds, opened, high, low, close, volume)
            for start_ns, opened, high, low, close, volume in zip(
                starts_ns, opens, highs, lows, closes, volumes, strict=True
            )
        ]


def first_from(bars: Sequence[Bar], start_ns: int, first: int = 0, after: int | None = None) -> int:
    """Return the place of the first of ascending bars, in ``[first, after)``, to begin so late."""
    if isinstance(bars, BarColumns):
        return first + int(np.searchsorted(bars.starts_ns[first:after], start_ns))
    return bisect_left(bars, start_ns, first, after, key=attrgetter("start_ns"))
