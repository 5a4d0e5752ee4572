"""A recorded market, played from files: the segments of all contracts merged in time order."""

from collections.abc import Iterator, Sequence
from typing import Self

from microfutures.adapters.tapes.bar_columns import BarColumns, first_from
from microfutures.adapters.tapes.contracts import trading_day
from microfutures.adapters.tapes.holes import Holes, find_holes
from microfutures.adapters.tapes.merging import merged
from microfutures.adapters.tapes.segment import Segment
from microfutures.model.errors import ConfigurationError, InvalidValueError
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, to_iso
from microfutures.venue.bars import fold
from microfutures.venue.messages import MarketUpdate


class TapeMarket:
    """A `MarketSource` with an end.

    Parameters
    ----------
    segments
        One per contract; what lies before `start_ns` is history.
    end_ns
        The first moment that is not played any more.
    roll_business_days
        How long before its last day a month is to be left.
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        *,
        start_ns: int,
        end_ns: int,
        description: str,
        roll_business_days: int = ROLL_BUSINESS_DAYS,
    ) -> None:
        if end_ns <= start_ns:
            raise ConfigurationError(
                f"a tape from {to_iso(start_ns)} to {to_iso(end_ns)} is empty; choose a later end"
            )
        self._segments = {segment.instrument.instrument_id: segment for segment in segments}
        self._start_ns = start_ns
        self._end_ns = end_ns
        self._description = description
        self.roll_business_days = roll_business_days

    @property
    def start_ns(self) -> int:
        """Return the moment at which the market begins, nanoseconds UTC."""
        return self._start_ns

    @property
    def end_ns(self) -> int:
        """Return the first moment that is not played any more."""
        return self._end_ns

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return every contract of the tape, ended and coming ones included."""
        return tuple(segment.instrument for segment in self._segments.values())

    def bars_of(self, instrument_id: InstrumentId) -> Sequence[Bar]:
        """Return all bars of one contract, those before the start included."""
        return self._segments[instrument_id].bars

    def updates(self) -> Iterator[MarketUpdate]:
        """Yield the tape from the start to the end; at one moment in the order of the symbols."""
        return merged(
            [segment.updates(self._start_ns, self._end_ns) for segment in self._segments.values()]
        )

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return bars that ended before the start and began before `end_ns`.

        A tape of longer bars than asked for has none to give: the list is empty.
        """
        return self._bars(instrument_id, (end_ns, self._start_ns), bar_seconds, count)

    @property
    def is_of_closes(self) -> bool:
        """Tell whether every contract plays nothing but the closes of its bars."""
        return all(segment.is_of_closes for segment in self._segments.values())

    def past(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return bars that ended by `end_ns`, those that were played included."""
        return self._bars(instrument_id, (end_ns, end_ns), bar_seconds, count)

    def _bars(
        self, instrument_id: InstrumentId, before_ns: tuple[int, int], seconds: int, count: int
    ) -> list[Bar]:
        """Return the last bars that began before the one moment and ended by the other."""
        segment = self._segments.get(instrument_id)
        if segment is None:
            known = ", ".join(self._segments)
            raise InvalidValueError(f"{instrument_id} is not on this tape; it has {known}")
        bars, length_ns = segment.bars, seconds * NANOSECONDS_PER_SECOND
        if not bars or count <= 0 or bars[0].seconds > seconds:
            return []
        place = first_from(bars, min(before_ns))
        while place and _end_ns(bars[place - 1]) > before_ns[1]:
            place -= 1
        first = place
        # In a period there are at most so many.
        most = -(-seconds // bars[0].seconds) if isinstance(bars, BarColumns) else len(bars)
        while first and count:
            period_ns = bars[first - 1].start_ns // length_ns * length_ns
            first = first_from(bars, period_ns, max(0, first - most), first)
            count -= 1
        if isinstance(bars, BarColumns):
            return bars[first:place].folded(seconds)
        return fold([bar for bar in bars[first:place] if _end_ns(bar) <= before_ns[1]], seconds)

    def cut(self, start_ns: int, end_ns: int) -> Self:
        """Return the part in ``[start_ns, end_ns)``; what lies before it is its history."""
        today = trading_day(start_ns)
        segments = [segment.around(today) for segment in self._segments.values()]
        return type(self)(
            segments,
            start_ns=start_ns,
            end_ns=end_ns,
            description=self._description,
            roll_business_days=self.roll_business_days,
        )

    def holes(self) -> list[Holes]:
        """Return what is missing of bars shorter than half an hour, in liquid hours."""
        return find_holes(list(self._segments.values()), self._start_ns, self._end_ns)

    def describe(self) -> str:
        """Say in one line what market this is."""
        return f"{self._description}, {to_iso(self._start_ns)} to {to_iso(self._end_ns)}"


def _end_ns(bar: Bar) -> int:
    return bar.start_ns + bar.seconds * NANOSECONDS_PER_SECOND
