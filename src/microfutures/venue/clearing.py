"""The clearing house: what futures do to accounts when a session ends, or their life does.

At the end of each session the variation since the last one is paid in cash, at the last price;
an exchange takes the average of its settlement minute, which is not simulated. A contract that
stops trading is settled in cash for good, free of charge, those that would be delivered too: IB
closes them before.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from microfutures.model.instrument import SecurityType
from microfutures.model.sessions import next_open, session_at
from microfutures.venue.account import ZERO, Account
from microfutures.venue.book import Book
from microfutures.venue.listings import NEVER_NS, Listings
from microfutures.venue.messages import AccountMoved, VenueEvent


class Clearing:
    """Settles the futures of all accounts."""

    def __init__(self, listings: Listings, accounts: Mapping[str, Account], start_ns: int) -> None:
        self._listings = listings
        self._accounts = accounts
        self.next_ns = self._next_after(start_ns)
        """The next moment at which there is something to settle."""

    def run(self, after_ns: int, until_ns: int, events: list[VenueEvent]) -> None:
        """Settle what is due in ``(after_ns, until_ns]``: sessions that ended, once each."""
        moved: dict[str, Decimal] = {}
        for book in self._futures():
            name = book.instrument.instrument_id
            if after_ns < self._listings.ends[name] <= until_ns:
                self._end(book, until_ns, events)
            elif after_ns < _close_after(book, after_ns) <= until_ns:
                book.settle()
                mark = self._listings.mark(name)
                for account in self._accounts.values():
                    paid = ZERO if mark is None else account.pay_variation(name, mark)
                    moved[account.name] = moved.get(account.name, ZERO) + abs(paid)
        events += [AccountMoved(name, until_ns, ()) for name, amount in moved.items() if amount]
        self.next_ns = self._next_after(until_ns)

    def _end(self, book: Book, now_ns: int, events: list[VenueEvent]) -> None:
        """Close every position in a contract that stopped trading, at its last mark."""
        name = book.instrument.instrument_id
        mark = self._listings.mark(name)
        for account in self._accounts.values():
            held = account.quantity(name)
            if held and mark is not None:
                account.trade(book.instrument, -held, mark, ZERO)
                events.append(AccountMoved(account.name, now_ns, (name,)))

    def _futures(self) -> Iterable[Book]:
        for book in self._listings.books.values():
            if book.instrument.security_type is SecurityType.FUTURE:
                yield book

    def _next_after(self, moment_ns: int) -> int:
        ends = (end_ns for end_ns in self._listings.ends.values() if end_ns > moment_ns)
        closes = (_close_after(book, moment_ns) for book in self._futures())
        return min((*ends, *closes), default=NEVER_NS)


def _close_after(book: Book, moment_ns: int) -> int:
    """Return when the session ends that is on at a moment, or the next one."""
    hours = book.instrument.trading_hours
    session = session_at(hours, moment_ns) or next_open(hours, moment_ns)
    return NEVER_NS if session is None else session.close_ns
