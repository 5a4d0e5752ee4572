"""Everything listed at the venue: its books, its bars, its hours and its last day."""

from collections.abc import Sequence
from decimal import Decimal

from microfutures.model.catalog import end_of_trading, with_hours
from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.model.trading_hours import local_date
from microfutures.venue.bars import BarRecorder
from microfutures.venue.book import Book

NEVER_NS = 2**63 - 1
# Hours are known two weeks ahead; renewed twice a week they always reach nine days.
CALENDAR_STEP_NS = 4 * 24 * 3600 * NANOSECONDS_PER_SECOND


class Listings:
    """Books and recorders by instrument; hours are kept current as time goes by."""

    def __init__(self, instruments: Sequence[Instrument], start_ns: int) -> None:
        self.books = {instrument.instrument_id: Book(instrument) for instrument in instruments}
        self.recorders = {name: BarRecorder() for name in self.books}
        self._instruments = {name: book.instrument for name, book in self.books.items()}
        # Asking for the end refuses a product that the catalog doesn't know, now and not later.
        self.ends = {
            name: end_of_trading(instrument) or NEVER_NS
            for name, instrument in self._instruments.items()
        }
        """When each contract stops trading for good."""
        self.hours_until_ns = start_ns + CALENDAR_STEP_NS
        """When the hours have to be renewed."""

    @property
    def instruments(self) -> dict[InstrumentId, Instrument]:
        """Return every instrument, with its hours around now."""
        return self._instruments

    def book(self, instrument_id: InstrumentId) -> Book:
        """Return a book; raise `InvalidValueError` when there is none."""
        book = self.books.get(instrument_id)
        if book is None:
            known = ", ".join(self.books)
            raise InvalidValueError(f"{instrument_id} is not listed here; listed: {known}")
        return book

    def mark(self, instrument_id: InstrumentId) -> Decimal | None:
        """Return the price at which positions are valued; None before there is one."""
        book = self.books[instrument_id]
        ticks = book.mark_ticks()
        return None if ticks is None else book.price(ticks)

    def widest_move(self, instrument_id: InstrumentId) -> Decimal:
        """Return the largest move of late from one settlement to the next, or to now."""
        book = self.books[instrument_id]
        return book.price(book.widest_move_ticks())

    def renew_hours(self, now_ns: int) -> None:
        """Give every instrument that still trades its hours around `now_ns`."""
        self.hours_until_ns = now_ns + CALENDAR_STEP_NS
        for name, book in self.books.items():
            if self.ends[name] <= now_ns:
                continue
            today = local_date(now_ns, book.instrument.time_zone)
            book.instrument = self._instruments[name] = with_hours(book.instrument, today)
