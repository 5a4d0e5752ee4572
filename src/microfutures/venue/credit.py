"""Whether an account can carry an order, and what the order would cost it."""

from collections.abc import Iterable
from decimal import Decimal

from microfutures.model.fees import commission
from microfutures.venue.account import ZERO, Account
from microfutures.venue.admission import Reason, margin_reason, worst_changes
from microfutures.venue.listings import Listings
from microfutures.venue.margin import of_account
from microfutures.venue.messages import MarginImpact, VenueOrder
from microfutures.venue.order_state import OrderState


class Credit:
    """The margin check of IB, before an order is taken and for a what-if."""

    def __init__(self, listings: Listings) -> None:
        self._listings = listings

    def refusal(
        self, account: Account, others: Iterable[OrderState], order: OrderState
    ) -> Reason | None:
        """Return why `account`, with `others` at work, can't carry `order`; None when it can.

        What lowers the margin is always taken.
        """
        listings, at_work = self._listings, list(others)
        if not at_work and _only_closes(account, order):
            return None
        held = {name: account.quantity(name) for name in listings.books}
        before, after = (
            of_account(account, listings, worst_changes(orders, held))
            for orders in (at_work, [*at_work, order])
        )
        if after.initial <= before.initial:
            return None
        equity = account.net_liquidation(listings.mark) - self.expected_commission(order.order)
        return margin_reason(equity, after.initial) if equity < after.initial else None

    def impact(self, account: Account, order: VenueOrder) -> MarginImpact:
        """Return what `order` alone would do to the margin of `account`."""
        listings = self._listings
        change = {order.instrument_id: order.side.sign * order.quantity}
        before = of_account(account, listings)
        after = of_account(account, listings, change)
        equity = account.net_liquidation(listings.mark)
        cost = self.expected_commission(order)
        return MarginImpact(
            initial_before=before.initial,
            initial_change=after.initial - before.initial,
            initial_after=after.initial,
            maintenance_before=before.maintenance,
            maintenance_change=after.maintenance - before.maintenance,
            maintenance_after=after.maintenance,
            equity_with_loan_before=equity,
            equity_with_loan_change=-cost,
            equity_with_loan_after=equity - cost,
            commission=cost,
        )

    def expected_commission(self, order: VenueOrder) -> Decimal:
        """Return the commission of `order`, filled whole at its own price or at the touch."""
        book = self._listings.books[order.instrument_id]
        touch = book.touch_ticks(order.side)
        candidates = (
            order.limit_price,
            order.stop_price,
            None if touch is None else book.price(touch),
            self._listings.mark(order.instrument_id),
            ZERO,
        )
        price = next(price for price in candidates if price is not None)
        return commission(book.instrument.symbol, order.quantity, price)


def _only_closes(account: Account, order: OrderState) -> bool:
    """Tell whether an order, alone at work, can but bring a position nearer to nothing."""
    held, sign = account.quantity(order.order.instrument_id), order.order.side.sign
    return held * sign < 0 and order.remaining <= abs(held)
