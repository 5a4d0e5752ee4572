"""Bars of the time before a simulated market began, walked backward from its first moment.

The walk is made in parts of ten minutes, as far as it is asked for, and kept; all bars come from
the same points, so that long ones are what short ones add up to.
"""

from array import array
from collections.abc import Callable, Iterator

from microfutures.model.errors import InvalidValueError
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.venue.bars import SHORTEST_SECONDS, fold
from microfutures.venue.process import Gap, Walk, activity
from microfutures.venue.tradable import Tradable

SAMPLE_NS = SHORTEST_SECONDS * NANOSECONDS_PER_SECOND
PART_SECONDS = 600
PART_NS = PART_SECONDS * NANOSECONDS_PER_SECOND
LONGEST_PAST_NS = 10 * 24 * 3600 * NANOSECONDS_PER_SECOND
# What bars are made of before they are folded: the longest that their length is a multiple of.
GRAINS = (PART_SECONDS, 60, SHORTEST_SECONDS)


class _Part:
    """Common factor and gap at every fifth second of ten minutes, both ends included."""

    __slots__ = ("commons", "gaps", "made", "start_ns")

    def __init__(self, start_ns: int, commons: list[float], gaps: list[float]) -> None:
        self.start_ns = start_ns
        self.commons, self.gaps = array("d", commons), array("d", gaps)
        self.made: dict[tuple[str, int], list[Bar]] = {}
        """Bars that were asked for, by contract and length."""

    def bars(self, tradable: Tradable, seconds: int, seed: int) -> list[Bar]:
        """Return its bars of a contract, of a length that ten minutes are a multiple of."""
        key = (tradable.instrument.instrument_id, seconds)
        bars = self.made.get(key)
        if bars is None:
            bars = self._make(tradable, seconds, seed)
            if seconds > SHORTEST_SECONDS:
                self.made[key] = bars
        return bars

    def _make(self, tradable: Tradable, seconds: int, seed: int) -> list[Bar]:
        moves = tradable.moves(self.commons, self.gaps)
        volumes = self._volumes(tradable, seed)
        price, width = tradable.price_of_move, seconds // SHORTEST_SECONDS
        bars: list[Bar] = []
        for place in range(0, len(volumes), width):
            points = moves[place : place + width + 1]
            bars.append(
                Bar(
                    self.start_ns + place * SAMPLE_NS,
                    seconds,
                    price(points[0]),
                    price(max(points)),
                    price(min(points)),
                    price(points[-1]),
                    float(sum(volumes[place : place + width])),
                )
            )
        return bars

    def _volumes(self, tradable: Tradable, seed: int) -> list[int]:
        """Return what was traded in each five seconds, the same at every call."""
        habit, start_ns = tradable.habit, self.start_ns
        rate = habit.trades_per_second * habit.trade_lots * habit.lot * 0.5
        mean = rate * tradable.volume_share_at(start_ns) * activity(start_ns) * SHORTEST_SECONDS
        # A Random each would be slow: these are cheap mixes of the place and the seed.
        first = start_ns // SAMPLE_NS + seed * 7919
        mixes = (
            ((first + place) * 2654435761 >> 16) & 0xFFFF for place in range(len(self.gaps) - 1)
        )
        # Rounded up as often as the fraction says: a far month trades once in many such spans.
        return [
            int(mean * (0.5 + mix / 65536.0) + (mix * 40503 & 0xFFFF) / 65536.0) for mix in mixes
        ]


class Past:
    """The walk of one group before the start, made as far as needed."""

    def __init__(
        self, walk: Walk, gap: Gap, *, start_ns: int, seed: int, is_open: Callable[[int], bool]
    ) -> None:
        self._walk = walk
        self._gap = gap
        self._seed = seed
        self._is_open = is_open
        # Bars are whole: what began less than five seconds before the start is none.
        self._end_ns = start_ns - start_ns % SAMPLE_NS
        self._next_ns = (self._end_ns - 1) // PART_NS * PART_NS
        self._oldest_ns = self._next_ns - LONGEST_PAST_NS
        self._closed_ns = 0
        self._parts: list[_Part] = []
        """Newest first, those without trading left out."""

    def bars(self, tradable: Tradable, end_ns: int, bar_seconds: int, count: int) -> list[Bar]:
        """Return at most `count` bars of a contract that begin before `end_ns`, ascending."""
        if bar_seconds < SHORTEST_SECONDS or bar_seconds % SHORTEST_SECONDS:
            raise InvalidValueError(
                f"bar size must be a multiple of {SHORTEST_SECONDS} seconds, was {bar_seconds}"
            )
        if count <= 0:
            return []
        grain = next(grain for grain in GRAINS if bar_seconds % grain == 0)
        bar_ns = bar_seconds * NANOSECONDS_PER_SECOND
        pieces: list[list[Bar]] = []
        starts: set[int] = set()
        for part in self._backward():
            if part.start_ns >= end_ns or not tradable.hours.is_open(part.start_ns):
                continue
            # Of the part that the end lies in, only what begins before it.
            is_cut = part.start_ns + PART_NS > end_ns
            bars = part.bars(tradable, SHORTEST_SECONDS if is_cut else grain, self._seed)
            if is_cut:
                bars = [bar for bar in bars if bar.start_ns < end_ns]
            pieces.append(bars)
            starts.update(bar.start_ns // bar_ns for bar in bars)
            if len(starts) > count:
                break
        ascending = (bar for piece in reversed(pieces) for bar in piece)
        return fold(ascending, bar_seconds)[-count:]

    def _backward(self) -> Iterator[_Part]:
        """Yield the parts that are known, then those that have to be made."""
        place = 0
        while place < len(self._parts) or self._make_one():
            yield self._parts[place]
            place += 1

    def _make_one(self) -> bool:
        """Walk back to the next part with trading; tell whether there was one left."""
        while self._next_ns > self._oldest_ns:
            start_ns, self._next_ns = self._next_ns, self._next_ns - PART_NS
            if self._is_open(start_ns):
                self._parts.append(self._make(start_ns))
                return True
            self._closed_ns += PART_NS
        return False

    def _make(self, start_ns: int) -> _Part:
        if self._closed_ns:
            self._walk.rest(-self._closed_ns / NANOSECONDS_PER_SECOND)
            self._closed_ns = 0
        count = min(PART_NS, self._end_ns - start_ns) // SAMPLE_NS
        step_seconds = float(SHORTEST_SECONDS)
        commons, backgrounds = self._walk.trail(-step_seconds, activity(start_ns), count)
        gaps = self._gap.trace(start_ns, step_seconds, count + 1)
        pairs = zip(gaps, reversed(backgrounds), strict=True)
        return _Part(start_ns, commons[::-1], [gap + background for gap, background in pairs])
