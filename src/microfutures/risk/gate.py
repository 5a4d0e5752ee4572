"""The risk gate: the only maker of `Approved`."""

from collections import OrderedDict
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from microfutures.config.risk_limits import RiskLimits
from microfutures.model.approval import Approved, Decision, Refused
from microfutures.model.identifiers import OrderRef
from microfutures.model.orders import Order, OrderPurpose
from microfutures.risk.context import RiskContext
from microfutures.risk.exposure_rules import Concentration, Correlation
from microfutures.risk.pace_rules import DailyLoss, Drawdown, OpenOrders, OrderRate
from microfutures.risk.rule import ENTRIES, OPENINGS, Rule
from microfutures.risk.rules import (
    Connected,
    FatesKnown,
    FreshQuote,
    KnownInstrument,
    NotKilled,
    NotPaused,
    PriceCollar,
)
from microfutures.risk.size_rules import (
    Notional,
    OnlyCloses,
    OrderSize,
    PositionSize,
    order_notional,
)

KEPT_APPROVALS = 5_000
"""An order this far back is no repetition: names count upwards and never come again."""


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One rule for a table: what it holds orders to and how often it stopped one."""

    rule: str
    limit: str
    holds_for: str
    refusals: int
    latest: str
    """Its latest sentence; empty before the first."""


class RiskGate:
    """Asks every rule in order; the first that has something against an order stops it."""

    def __init__(self, limits: RiskLimits) -> None:
        self.limits = limits
        self._rate = OrderRate(limits)
        self.rules: Sequence[Rule] = (
            Connected(),
            FatesKnown(),
            NotKilled(),
            NotPaused(),
            KnownInstrument(),
            FreshQuote(limits),
            OrderSize(limits),
            PositionSize(limits),
            Notional(limits),
            Concentration(limits),
            Correlation(limits),
            OnlyCloses(),
            PriceCollar(limits),
            OpenOrders(limits),
            DailyLoss(limits),
            Drawdown(limits),
            self._rate,
        )
        self._questions = {
            purpose: [
                (rule.name, rule.reason_against) for rule in self.rules if purpose in rule.holds_for
            ]
            for purpose in OrderPurpose
        }
        """What each order is asked by its purpose, with the names of the rules."""
        # Of a plain dict, finding the oldest takes ever longer as they are taken out.
        self._approved: OrderedDict[OrderRef, None] = OrderedDict()
        self._refusals: dict[str, int] = {}
        self._latest: dict[str, str] = {}

    def check(self, order: Order, context: RiskContext) -> Decision:
        """Return the order approved, or refused with the rule and its sentence."""
        if order.order_ref in self._approved:
            return Refused(order, "duplicate", f"{order.order_ref} was approved before")
        refused = self._refusal(order, context)
        if refused is not None:
            self._refusals[refused.rule] = self._refusals.get(refused.rule, 0) + 1
            self._latest[refused.rule] = refused.reason
            return refused
        self._approved[order.order_ref] = None
        if len(self._approved) > KEPT_APPROVALS:
            self._approved.popitem(last=False)
        self._rate.approved(order, context.now_ns)
        return Approved(order)

    def foresee(self, legs: Sequence[tuple[Order, RiskContext]]) -> Refused | None:
        """Return what stands against an entry of these legs together; None when nothing does.

        Nothing is approved or counted. Asked before the first leg is sent, so that no leg stands
        alone because the other did not pass. Give the legs as they would be sent were each an
        entry of its own; what earlier legs are worth is added for the later ones.
        """
        worth = 0.0
        by_family: dict[str, float] = {}
        net = _net_by_family(legs)
        last = {context.family: place for place, (_, context) in enumerate(legs)}
        for place, (order, context) in enumerate(legs):
            family, own = context.family, order_notional(order, context) or 0.0
            together = replace(
                context,
                strategy_notional=context.strategy_notional + worth,
                family_gross=context.family_gross + by_family.get(family, 0.0),
                entry_net=net[family] if place == last[family] else 0.0,
            )
            refused = self._refusal(order, together)
            if refused is not None:
                return refused
            worth += own
            by_family[family] = by_family.get(family, 0.0) + own
        return None

    def recent_orders(self, now_ns: int) -> int:
        """Return how many orders left within the window of the order rate."""
        return self._rate.count(now_ns)

    def restate(self, step_ns: int) -> None:
        """Go on by a clock that stepped: an exit must not wait until it has caught up."""
        self._rate.restate(step_ns)

    def describe(self) -> tuple[RuleRow, ...]:
        """Return every rule with its limit, in the order they are asked."""
        return tuple(
            RuleRow(
                rule=rule.name,
                limit=rule.limit(),
                holds_for=_words(rule.holds_for),
                refusals=self._refusals.get(rule.name, 0),
                latest=self._latest.get(rule.name, ""),
            )
            for rule in self.rules
        )

    def _refusal(self, order: Order, context: RiskContext) -> Refused | None:
        for name, reason_against in self._questions[order.purpose]:
            reason = reason_against(order, context)
            if reason is not None:
                return Refused(order, name, reason)
        return None


def _net_by_family(legs: Sequence[tuple[Order, RiskContext]]) -> dict[str, float]:
    """Return what all legs together add to each family, USD, signed."""
    net: dict[str, float] = {}
    for order, context in legs:
        signed = order.side.sign * (order_notional(order, context) or 0.0)
        net[context.family] = net.get(context.family, 0.0) + signed
    return net


def _words(purposes: frozenset[OrderPurpose]) -> str:
    if purposes == ENTRIES:
        return "entries"
    if purposes == OPENINGS:
        return "entries and hedges"
    return "every order" if OrderPurpose.ENTRY in purposes else "exits"
