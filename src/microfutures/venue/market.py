"""Where a market comes from: a simulation or a tape, behind one Protocol."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.venue.messages import MarketUpdate


class MarketSource(Protocol):
    """Something that can be played to a venue."""

    @property
    def start_ns(self) -> int:
        """Return the moment at which the market begins, nanoseconds UTC."""
        ...

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return everything listed, with its hours from a week before the start to two after."""
        ...

    def updates(self) -> Iterator[MarketUpdate]:
        """Yield the market from the start on, in ascending time; may never end."""
        ...

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return at most `count` bars of trades that lie before the start and before `end_ns`."""
        ...

    def describe(self) -> str:
        """Say in one line what market this is."""
        ...


@runtime_checkable
class RecordedMarket(MarketSource, Protocol):
    """A market that knows its bars beforehand; who asks must not ask for the future."""

    @property
    def is_of_closes(self) -> bool:
        """Tell whether it plays nothing but closes: then it alone knows its bars."""
        ...

    @property
    def roll_business_days(self) -> int:
        """Return how long before its last day a month is to be left."""
        ...

    def past(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return at most `count` bars that ended by `end_ns`, be it before or after the start."""
        ...
