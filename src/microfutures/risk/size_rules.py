"""Rules about how much: one rule, one class, one sentence."""

from math import isfinite

from microfutures.config.risk_limits import RiskLimits
from microfutures.model.orders import Order
from microfutures.risk.context import RiskContext
from microfutures.risk.rule import CLOSINGS, OPENINGS, is_future


class OrderSize:
    """No order that opens is larger than the largest."""

    name = "order size"
    holds_for = OPENINGS

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an order above the limit of its kind."""
        limits = self._limits
        limit, unit = limits.max_order_shares, "shares"
        if is_future(context):
            limit, unit = limits.max_order_contracts, "contracts"
        if order.quantity <= limit:
            return None
        return f"{order.quantity} {unit} would exceed max_order_{unit} {limit}"

    def limit(self) -> str:
        """Return the limit in words."""
        limits = self._limits
        return f"{limits.max_order_contracts} contracts, {limits.max_order_shares} shares"


class PositionSize:
    """No position, working orders included, gets larger than the largest."""

    name = "position"
    holds_for = OPENINGS

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse what could lead beyond the limit."""
        limits = self._limits
        limit, unit = limits.max_position_shares, "shares"
        if is_future(context):
            limit, unit = limits.max_position_contracts, "contracts"
        # Working orders of the other side may not fill: they don't make room.
        working = max(context.working * order.side.sign, 0) * order.side.sign
        after = abs(context.position + working + order.signed_quantity)
        if after <= limit or after < abs(context.position):
            return None
        return f"{after} {order.instrument_id} would exceed max_position_{unit} {limit}"

    def limit(self) -> str:
        """Return the limit in words."""
        limits = self._limits
        return f"{limits.max_position_contracts} contracts, {limits.max_position_shares} shares"


class Notional:
    """What one strategy holds is worth no more than the cap, all legs added up."""

    name = "notional"
    holds_for = OPENINGS

    def __init__(self, limits: RiskLimits) -> None:
        self._limit = limits.max_strategy_notional

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse what would lift the strategy above the cap."""
        worth = order_notional(order, context)
        if worth is None:
            return f"the worth of {order.quantity} {order.instrument_id} is not known: no price"
        after = context.strategy_notional + worth
        if after <= self._limit:
            return None
        return (
            f"{order.strategy} would hold {after:,.2f} USD of notional, "
            f"max_strategy_notional is {self._limit:,.2f} USD"
        )

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._limit:,.0f} USD a strategy"


class OnlyCloses:
    """An exit brings its strategy's position nearer to zero and never through it."""

    name = "reduce only"
    holds_for = CLOSINGS

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse a closing order that would open or turn around a position."""
        held, sign = context.strategy_position, order.side.sign
        working = max(context.strategy_working * sign, 0)
        if held * sign < 0 and order.quantity + working <= abs(held):
            return None
        also = f" with {working} more working" if working else ""
        return (
            f"{order.side} {order.quantity} {order.instrument_id}{also} does not only close "
            f"the {held:+d} that {order.strategy} holds"
        )

    def limit(self) -> str:
        """Return the limit in words."""
        return "up to the position"


def order_notional(order: Order, context: RiskContext) -> float | None:
    """Return what `order` is worth, USD; None when there is no price at all."""
    instrument, quote = context.instrument, context.quote
    if instrument is None:
        return None
    price = None if quote is None else (quote.mid if quote.mid is not None else quote.last)
    if price is None and order.limit_ticks is not None:
        price = instrument.float_price(order.limit_ticks)
    if price is None or not isfinite(price):
        return None
    return abs(price) * float(instrument.multiplier) * order.quantity
