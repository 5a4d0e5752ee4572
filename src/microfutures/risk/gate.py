"""The risk gate: the only maker of `Approved`."""

from collections.abc import Sequence

from microfutures.model.approval import Approved, Decision, Refused
from microfutures.model.identifiers import OrderRef
from microfutures.model.orders import Order
from microfutures.risk.context import RiskContext
from microfutures.risk.limits import RiskLimits
from microfutures.risk.rules import (
    Connected,
    DailyLoss,
    FreshQuote,
    KnownInstrument,
    NotPaused,
    OpenOrders,
    OrderRate,
    OrderSize,
    PositionSize,
    PriceCollar,
    Rule,
)


class RiskGate:
    """Asks every rule in order; the first that has something against an order stops it."""

    def __init__(self, limits: RiskLimits) -> None:
        self._rate = OrderRate(limits)
        self.rules: Sequence[Rule] = (
            Connected(),
            NotPaused(),
            KnownInstrument(),
            FreshQuote(limits),
            OrderSize(limits),
            PositionSize(limits),
            PriceCollar(limits),
            OpenOrders(limits),
            DailyLoss(limits),
            self._rate,
        )
        self._approved: set[OrderRef] = set()

    def check(self, order: Order, context: RiskContext) -> Decision:
        """Return the order approved, or refused with the rule and its sentence."""
        if order.order_ref in self._approved:
            return Refused(order, "duplicate", f"{order.order_ref} was approved before")
        for rule in self.rules:
            if order.purpose.reduces_risk and not rule.holds_for_exits:
                continue
            reason = rule.reason_against(order, context)
            if reason is not None:
                return Refused(order, rule.name, reason)
        self._approved.add(order.order_ref)
        self._rate.approved(context.now_ns)
        return Approved(order)
