"""Bars of what was traded: recorded as it prints, and folded to any longer size."""

from array import array
from collections import deque
from collections.abc import Iterable, Iterator

from microfutures.model.errors import InvalidValueError
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

SHORTEST_SECONDS = 5
MINUTE_SECONDS = 60
# Two days of five-second bars and a month of minutes: what anybody asks a broker for.
KEPT_SHORT_BARS = 34_560
KEPT_MINUTE_BARS = 43_200


_Row = tuple[int, float, float, float, float, float]
"""Start, open, high, low, close and volume."""


class _Rows:
    """The latest rows, as bare numbers: most bars that are kept are never asked for."""

    WIDTH = 6

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers = array("d")
        self._oldest = 0
        """Where the next row goes, once all places are taken."""

    def append(self, row: _Row) -> None:
        """Keep a row, instead of the oldest if there are as many as may be."""
        # A double is exact for whole seconds, not for nanoseconds.
        numbers = (row[0] // NANOSECONDS_PER_SECOND, *row[1:])
        if len(self._numbers) < self._most * self.WIDTH:
            self._numbers.extend(numbers)
            return
        place = self._oldest * self.WIDTH
        self._numbers[place : place + self.WIDTH] = array("d", numbers)
        self._oldest = (self._oldest + 1) % self._most

    def latest_first(self) -> Iterator[_Row]:
        """Yield the rows, the newest first."""
        count = len(self._numbers) // self.WIDTH
        for back in range(1, count + 1):
            place = (self._oldest - back) % count * self.WIDTH
            start, opened, high, low, close, volume = self._numbers[place : place + self.WIDTH]
            yield int(start) * NANOSECONDS_PER_SECOND, opened, high, low, close, volume


class BarBuilder:
    """The bar that is being made; start is aligned to whole multiples of its length since 1970."""

    __slots__ = ("close", "end_ns", "high", "length_ns", "low", "open", "seconds", "volume")

    def __init__(self, bar_seconds: int) -> None:
        self.seconds = bar_seconds
        self.length_ns = bar_seconds * NANOSECONDS_PER_SECOND
        self.end_ns = 0
        self.open = self.high = self.low = self.close = 0.0
        self.volume = 0.0

    def begin(self, time_ns: int, price: float) -> None:
        """Start the bar that contains `time_ns`."""
        self.end_ns = time_ns - time_ns % self.length_ns + self.length_ns
        self.open = self.high = self.low = self.close = price
        self.volume = 0.0

    def add(self, high: float, low: float, close: float, volume: float) -> None:
        """Widen the bar."""
        if high > self.high:
            self.high = high
        if low < self.low:
            self.low = low
        self.close = close
        self.volume += volume

    def row(self) -> _Row:
        """Return start and values of the bar as it stands."""
        start_ns = self.end_ns - self.length_ns
        return start_ns, self.open, self.high, self.low, self.close, self.volume

    def bar(self) -> Bar:
        """Return the bar as it stands."""
        return _bar(self.row(), self.seconds)


class BarRecorder:
    """Five-second bars of the last two days and minutes of the last month, of one instrument."""

    def __init__(self) -> None:
        self._current = BarBuilder(SHORTEST_SECONDS)
        self._short = _Rows(KEPT_SHORT_BARS)
        self._minutes = _Rows(KEPT_MINUTE_BARS)
        self._minute = BarBuilder(MINUTE_SECONDS)

    def add(self, time_ns: int, price: float, size: float) -> None:
        """Record a trade; trades come in ascending time."""
        current = self._current
        if time_ns >= current.end_ns:
            if current.end_ns:
                self._finish(current.row())
            current.begin(time_ns, price)
        current.add(price, price, price, size)

    def bars(self, end_ns: int, bar_seconds: int, count: int) -> list[Bar]:
        """Return at most `count` bars that begin before `end_ns`, the unfinished one last."""
        if bar_seconds < SHORTEST_SECONDS or bar_seconds % SHORTEST_SECONDS:
            raise InvalidValueError(
                f"bar size must be a multiple of {SHORTEST_SECONDS} seconds, was {bar_seconds}"
            )
        if not self._current.end_ns:
            return []
        length_ns, recent = bar_seconds * NANOSECONDS_PER_SECOND, deque[Bar]()
        oldest, left = -1, count
        for bar in self._latest_first(bar_seconds):
            if bar.start_ns >= end_ns:
                continue
            if bar.start_ns // length_ns != oldest:
                if left <= 0:
                    break
                oldest, left = bar.start_ns // length_ns, left - 1
            recent.appendleft(bar)
        return fold(recent, bar_seconds)

    def _latest_first(self, bar_seconds: int) -> Iterator[Bar]:
        yield self._current.bar()
        if bar_seconds % MINUTE_SECONDS:
            for row in self._short.latest_first():
                yield _bar(row, SHORTEST_SECONDS)
            return
        # The minute under way is made of its finished five-second bars and the current one.
        if self._minute.end_ns:
            yield self._minute.bar()
        for row in self._minutes.latest_first():
            yield _bar(row, MINUTE_SECONDS)

    def _finish(self, row: _Row) -> None:
        self._short.append(row)
        start_ns, opened, high, low, close, volume = row
        minute = self._minute
        if start_ns >= minute.end_ns:
            if minute.end_ns:
                self._minutes.append(minute.row())
            minute.begin(start_ns, opened)
        minute.add(high, low, close, volume)


def _bar(row: _Row, bar_seconds: int) -> Bar:
    start_ns, opened, high, low, close, volume = row
    return Bar(start_ns, bar_seconds, opened, high, low, close, volume)


def fold(bars: Iterable[Bar], bar_seconds: int) -> list[Bar]:
    """Return ascending `bars` as longer ones, aligned to multiples of `bar_seconds` since 1970."""
    builder = BarBuilder(bar_seconds)
    folded: list[Bar] = []
    for bar in bars:
        if bar.start_ns >= builder.end_ns:
            if builder.end_ns:
                folded.append(builder.bar())
            builder.begin(bar.start_ns, bar.open)
        builder.add(bar.high, bar.low, bar.close, bar.volume)
    if builder.end_ns:
        folded.append(builder.bar())
    return folded
