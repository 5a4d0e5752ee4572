"""What companies and funds do to their shares: dividends and splits, in books and accounts."""

from collections.abc import Mapping

from microfutures.venue.account import Account
from microfutures.venue.book import Book
from microfutures.venue.combos import Combos
from microfutures.venue.listings import Listings
from microfutures.venue.messages import (
    AccountMoved,
    DividendUpdate,
    QuoteChanged,
    SplitUpdate,
    VenueEvent,
)
from microfutures.venue.order_desk import OrderDesk


class CorporateActions:
    """Carries them out for all accounts."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        listings: Listings,
        combos: Combos,
        desk: OrderDesk,
    ) -> None:
        self._accounts = accounts
        self._listings = listings
        self._combos = combos
        self._desk = desk

    def pay_dividend(self, update: DividendUpdate, events: list[VenueEvent]) -> None:
        """Pay holders, charge who is short."""
        name, amount = update.instrument_id, update.amount
        events.extend(
            AccountMoved(account.name, update.time_ns, (name,))
            for account in self._accounts.values()
            if account.pay_dividend(name, amount)
        )

    def split(self, book: Book, update: SplitUpdate, events: list[VenueEvent]) -> None:
        """Cancel what is ordered of the old share and restate what is held of it."""
        name, new, old = update.instrument_id, update.numerator, update.denominator
        for each in (book, *self._combos.of_leg(name)):
            self._desk.cancel_all(each, update.time_ns, "share split", events)
        quote = book.split(update)
        price = self._listings.mark(name)
        for account in self._accounts.values():
            if account.quantity(name):
                account.split(name, new, old, price)
                events.append(AccountMoved(account.name, update.time_ns, (name,)))
        events.append(QuoteChanged(quote))
