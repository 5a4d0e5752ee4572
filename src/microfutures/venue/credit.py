"""Whether an account can carry an order, and what the order would cost it."""

from collections.abc import Iterable
from decimal import Decimal

from microfutures.model.fees import commission
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import Side
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
        held = account.quantities()
        before = of_account(account, listings, worst_changes(at_work, held) if at_work else None)
        after = of_account(account, listings, worst_changes([*at_work, order], held))
        if after.initial <= before.initial:
            return None
        equity = account.net_liquidation(listings.mark) - self.expected_commission(order.order)
        return margin_reason(equity, after.initial) if equity < after.initial else None

    def impact(self, account: Account, order: VenueOrder) -> MarginImpact:
        """Return what `order` alone would do to the margin of `account`."""
        listings = self._listings
        before = of_account(account, listings)
        after = of_account(account, listings, dict(order.parts))
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
        own = () if order.legs else (order.limit_price, order.stop_price)
        total = ZERO
        for name, change in order.parts:
            total += self._commission(name, change, own)
        return total

    def _commission(
        self, name: InstrumentId, change: int, own: tuple[Decimal | None, ...]
    ) -> Decimal:
        book = self._listings.books[name]
        symbol, count = book.instrument.symbol, abs(change)
        for price in own:
            if price is not None:
                return commission(symbol, count, price)
        touch = book.touch_ticks(Side.BUY if change > 0 else Side.SELL)
        mark = self._listings.mark(name) if touch is None else book.price(touch)
        return commission(symbol, count, mark or ZERO)


def _only_closes(account: Account, order: OrderState) -> bool:
    """Tell whether an order, alone at work, can but bring positions nearer to nothing."""
    for name, change in order.open_parts:
        held = account.quantity(name)
        if held * change >= 0 or abs(change) > abs(held):
            return False
    return True
