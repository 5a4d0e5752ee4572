"""Orders that wait for their conditions, and what the conditions look at.

Conditions are joined from left to right, as they come: ``a and b or c`` is ``(a and b) or c``.
Unless they ignore regular hours, what they say of prices, volumes and changes counts only while the
order's own contract has liquid hours. Source: IB, "Order Conditioning".
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.model.sessions import session_at
from microfutures.twsim.history.bar_sizes import moment
from microfutures.twsim.orders.conditions import (
    EXECUTION,
    MARGIN,
    PERCENT_CHANGE,
    PRICE,
    TIME,
    VOLUME,
    OrderCondition,
)
from microfutures.twsim.orders.facts import ExecutionFacts, OrderFacts
from microfutures.venue.venue import Venue

BID_ASK, DOUBLE_BID_ASK, LAST_OR_BID_ASK, MIDPOINT = 4, 1, 7, 8
"""Trigger methods that look at more than the last price, in IB's numbers."""

CloseOf = Callable[[InstrumentId], float | None]
"""The close of the day before."""


class ConditionWatch:
    """Knows the waiting orders; tells which of them wait no longer."""

    def __init__(
        self, *, venue: Venue, names: Iterable[InstrumentId], executions: Iterable[ExecutionFacts]
    ) -> None:
        self.close_of: CloseOf = lambda _: None
        self._venue = venue
        self._names = {venue.instrument(name).con_id: name for name in names}
        self._executions = executions
        self._waiting: dict[int, tuple[OrderFacts, int]] = {}

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self._waiting

    def knows(self, condition: OrderCondition) -> bool:
        """Tell whether what a condition looks at exists."""
        if condition.kind == TIME:
            return bool(condition.value) and moment(condition.value, 0) is not None
        has_contract = condition.kind in (PRICE, VOLUME, PERCENT_CHANGE)
        return not has_contract or condition.con_id in self._names

    def add(self, order: OrderFacts) -> None:
        """Let an order wait."""
        self._waiting[order.perm_id] = (order, self._venue.now_ns)

    def take_ready(self) -> list[OrderFacts]:
        """Return the orders whose conditions hold now; they wait no longer, nor do dead ones."""
        ready: list[OrderFacts] = []
        for perm_id, (order, since_ns) in list(self._waiting.items()):
            if not order.is_open:
                del self._waiting[perm_id]
            elif self._holds(order, since_ns):
                del self._waiting[perm_id]
                ready.append(order)
        return ready

    def _holds(self, order: OrderFacts, since_ns: int) -> bool:
        result, is_and = True, True
        for condition in order.conditions.each:
            holds = self._is_true(condition, order, since_ns)
            result = (result and holds) if is_and else (result or holds)
            is_and = condition.is_and
        return result

    def _is_true(self, condition: OrderCondition, order: OrderFacts, since_ns: int) -> bool:
        if condition.kind == TIME:
            value_ns = moment(condition.value, self._venue.now_ns) or 0
            return _compares(condition, self._venue.now_ns, value_ns)
        if condition.kind == EXECUTION:
            return self._is_executed(condition, since_ns)
        if condition.kind == MARGIN:
            return self._margin(condition, order.account)
        if not (order.conditions.ignores_hours or self._is_liquid(order)):
            return False
        return self._market(condition, self._names[condition.con_id])

    def _is_liquid(self, order: OrderFacts) -> bool:
        listed = self._venue.combo(order.combo.parts) if order.combo else None
        instrument = listed or self._venue.instrument(order.instrument.instrument_id)
        return session_at(instrument.liquid_hours, self._venue.now_ns) is not None

    def _is_executed(self, condition: OrderCondition, since_ns: int) -> bool:
        for facts in self._executions:
            instrument = facts.instrument
            if (
                facts.time_ns >= since_ns
                and condition.symbol in ("", "*", instrument.symbol)
                and condition.security_type in ("", instrument.security_type.value)
                and condition.exchange in ("", "SMART", instrument.exchange)
            ):
                return True
        return False

    def _margin(self, condition: OrderCondition, account: str) -> bool:
        state = self._venue.account(account)
        if not state.net_liquidation:
            return False
        cushion = 100 * state.excess_liquidity / state.net_liquidation
        return _compares(condition, cushion, condition.number)

    def _market(self, condition: OrderCondition, name: InstrumentId) -> bool:
        quote = self._venue.quote(name)
        if quote is None:
            return False
        if condition.kind == PRICE:
            seen = _prices(quote, condition)
            return any(_compares(condition, each, condition.number) for each in seen)
        if condition.kind == VOLUME:
            return _compares(condition, quote.volume, condition.number)
        close = self.close_of(name)
        if not close or quote.last is None:
            return False
        change = 100 * (quote.last - close) / abs(close)
        return _compares(condition, change, condition.number)


def _prices(quote: Quote, condition: OrderCondition) -> list[float]:
    """Return what the trigger method looks at: a rise is seen at the bid, a fall at the ask."""
    touch = quote.bid if condition.is_more else quote.ask
    seen = {
        BID_ASK: [touch],
        DOUBLE_BID_ASK: [touch],
        LAST_OR_BID_ASK: [touch, quote.last],
        MIDPOINT: [quote.mid],
    }.get(condition.trigger_method, [quote.last])
    return [price for price in seen if price is not None]


def _compares(condition: OrderCondition, seen: float | Decimal, value: float | Decimal) -> bool:
    # A price as a float and the same as a decimal may differ in the last digit.
    seen, value = Decimal(str(seen)), Decimal(str(value))
    return seen >= value if condition.is_more else seen <= value
