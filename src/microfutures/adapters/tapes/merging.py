"""Several ascending streams of updates as one."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter

from microfutures.venue.messages import MarketUpdate

READ_AHEAD = 2048

_time = attrgetter("time_ns")


def merged(parts: Sequence[Iterator[MarketUpdate]]) -> Iterator[MarketUpdate]:
    """Yield the updates of all parts in order of time; at one moment in the order of the parts.

    Reads ahead and sorts: several times as fast as comparing stream by stream.
    """
    if len(parts) == 1:
        yield from parts[0]
        return
    waiting: list[list[MarketUpdate]] = [[] for _ in parts]
    are_open = [True for _ in parts]
    while True:
        for place, part in enumerate(parts):
            if are_open[place] and len(waiting[place]) < READ_AHEAD:
                more = list(islice(part, READ_AHEAD))
                are_open[place] = len(more) == READ_AHEAD
                waiting[place] += more
        known = [
            each[-1].time_ns for each, is_open in zip(waiting, are_open, strict=True) if is_open
        ]
        if not known:
            yield from sorted((update for each in waiting for update in each), key=_time)
            return
        # Up to here every part is known; what comes at this very moment may not be all there.
        ready: list[MarketUpdate] = []
        for place, each in enumerate(waiting):
            count = bisect_left(each, min(known), key=_time)
            ready += each[:count]
            waiting[place] = each[count:]
        ready.sort(key=_time)
        yield from ready
        if not ready:
            _read_on(parts, waiting, are_open)


def _read_on(
    parts: Sequence[Iterator[MarketUpdate]],
    waiting: list[list[MarketUpdate]],
    are_open: list[bool],
) -> None:
    """Read more of the streams that hold a whole read of one moment."""
    for place, part in enumerate(parts):
        if are_open[place]:
            more = list(islice(part, READ_AHEAD))
            are_open[place] = len(more) == READ_AHEAD
            waiting[place] += more
