"""The venue's door: what an order, or a change of one, is checked for."""

from collections.abc import Mapping

from microfutures.venue import admission
from microfutures.venue.account import Account
from microfutures.venue.admission import Reason
from microfutures.venue.book import Book
from microfutures.venue.combos import Combos
from microfutures.venue.credit import Credit
from microfutures.venue.listings import Listings
from microfutures.venue.messages import OrderRejected, VenueOrder
from microfutures.venue.order_desk import OrderDesk
from microfutures.venue.order_state import OrderState
from microfutures.venue.windows import order_window


class Door:
    """Lets orders in, or says why not."""

    def __init__(
        self,
        *,
        listings: Listings,
        combos: Combos,
        accounts: Mapping[str, Account],
        desk: OrderDesk,
        credit: Credit,
    ) -> None:
        self._listings = listings
        self._combos = combos
        self._accounts = accounts
        self._desk = desk
        self._credit = credit

    def admit(self, order: VenueOrder, now_ns: int) -> OrderState | OrderRejected:
        """Check everything but the margin."""
        book = self._find(order)
        if order.account not in self._accounts:
            reason: Reason | None = admission.unknown_account(order.account)
        elif book is None:
            reason = admission.UNKNOWN_CONTRACT
        elif self._desk.find(order.order_id) is not None:
            reason = admission.DUPLICATE
        else:
            window = order_window(book.instrument, order, now_ns)
            reason = admission.check_terms(order, book.instrument)
            reason = reason or admission.check_hours(order, window, now_ns)
            if reason is None and window is not None:
                members = [self._listings.book(leg.instrument_id).instrument for leg in order.legs]
                return OrderState(order, book.instrument, window, members)
        return OrderRejected(order.order_id, now_ns, *(reason or admission.NO_SESSION))

    def book(self, order: VenueOrder) -> Book:
        """Return the book of an order that was admitted, a combo's as it stands now."""
        book = self._find(order)
        return self._listings.book(order.instrument_id) if book is None else book

    def refusal_of_change(self, state: OrderState, after: VenueOrder) -> Reason | None:
        """Return why a live order can't become `after`, for want of margin too; None if it can."""
        reason = admission.check_terms(after, state.instrument)
        if reason is not None:
            return reason
        if after.quantity < state.committed:
            return admission.BELOW_FILLED
        if after.quantity <= state.order.quantity:
            return None
        account = self._accounts[after.account]
        others = (other for other in self._desk.live(after.account) if other is not state)
        more = OrderState(after, state.instrument, state.window, state.members)
        more.take_fills_of(state)
        return self._credit.refusal(account, others, more)

    def _find(self, order: VenueOrder) -> Book | None:
        if order.legs:
            return self._combos.listed(order.legs)
        return self._listings.books.get(order.instrument_id)
