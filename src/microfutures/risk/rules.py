"""One rule, one class, one sentence with the numbers in it.

Every rule says whether it also holds for orders that reduce risk: refusing those would leave
more risk than sending them.
"""

from collections import deque
from typing import Protocol

from microfutures.model.events import ConnectionState
from microfutures.model.instrument import SecurityType
from microfutures.model.orders import Order
from microfutures.model.quality import hours_problem, quote_problem
from microfutures.risk.context import RiskContext
from microfutures.risk.limits import RiskLimits


class Rule(Protocol):
    """A question asked of every order."""

    name: str
    holds_for_exits: bool

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Return why `order` may not leave; None when this rule has nothing against it."""
        ...

    def limit(self) -> str:
        """Return the limit in words."""
        ...


class Connected:
    """Orders leave over a working line only."""

    name = "connection"
    holds_for_exits = True

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse unless the line is up."""
        if context.connection is ConnectionState.CONNECTED:
            return None
        return f"the connection is {context.connection}"

    def limit(self) -> str:
        """Return the limit in words."""
        return "connected"


class NotPaused:
    """A pause blocks entries; exits run."""

    name = "pause"
    holds_for_exits = False

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an entry while paused."""
        return f"entries are blocked: {context.pause_reason}" if context.is_paused else None

    def limit(self) -> str:
        """Return the limit in words."""
        return "not paused"


class KnownInstrument:
    """The contract is resolved and open; entries need its liquid hours."""

    name = "hours"
    holds_for_exits = True

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an unknown or closed contract, and an entry in thin hours."""
        instrument = context.instrument
        if instrument is None:
            return f"{order.instrument_id} is not resolved"
        needs_liquid = not order.purpose.reduces_risk
        if not needs_liquid and instrument.is_open(context.now_ns):
            return None
        return hours_problem(instrument, context.now_ns)

    def limit(self) -> str:
        """Return the limit in words."""
        return "open; liquid hours for entries"


class FreshQuote:
    """Entries and limit prices need a live, two-sided, fresh quote."""

    name = "quote"
    holds_for_exits = False

    def __init__(self, limits: RiskLimits) -> None:
        self._max_age = limits.max_quote_age_seconds

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse on a stale, crossed, one-sided or delayed quote."""
        return quote_problem(order.instrument_id, context.quote, context.now_ns, self._max_age)

    def limit(self) -> str:
        """Return the limit in words."""
        return f"at most {self._max_age:g} s old"


class OrderSize:
    """No order is larger than the largest."""

    name = "order size"
    holds_for_exits = False

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an order above the limit of its kind."""
        is_future = _is_future(context)
        limit = self._limits.max_order_contracts if is_future else self._limits.max_order_shares
        if order.quantity <= limit:
            return None
        unit = "contracts" if is_future else "shares"
        return f"{order.quantity} {unit} would exceed max_order_{unit} {limit}"

    def limit(self) -> str:
        """Return the limit in words."""
        return (
            f"{self._limits.max_order_contracts} contracts, {self._limits.max_order_shares} shares"
        )


class PositionSize:
    """No position, working orders included, gets larger than the largest."""

    name = "position"
    holds_for_exits = False

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse what could lead beyond the limit."""
        is_future = _is_future(context)
        limits = self._limits
        limit = limits.max_position_contracts if is_future else limits.max_position_shares
        after = abs(context.position + context.working + order.signed_quantity)
        if after <= limit:
            return None
        unit = "contracts" if is_future else "shares"
        return f"{after} {order.instrument_id} would exceed max_position_{unit} {limit}"

    def limit(self) -> str:
        """Return the limit in words."""
        limits = self._limits
        return f"{limits.max_position_contracts} contracts, {limits.max_position_shares} shares"


class PriceCollar:
    """A limit price lies near the market."""

    name = "price collar"
    holds_for_exits = False

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse a price far through the other side."""
        instrument, quote = context.instrument, context.quote
        if order.limit_ticks is None or instrument is None or quote is None or quote.mid is None:
            return None
        price, tick = float(instrument.price(order.limit_ticks)), float(instrument.tick_size)
        collar = max(
            abs(quote.mid) * self._limits.price_collar_percent / 100,
            self._limits.price_collar_ticks * tick,
        )
        if abs(price - quote.mid) <= collar:
            return None
        return f"limit {price:g} is {abs(price - quote.mid):g} from the mid, at most {collar:g}"

    def limit(self) -> str:
        """Return the limit in words."""
        limits = self._limits
        return f"{limits.price_collar_percent:g} % or {limits.price_collar_ticks} ticks"


class OpenOrders:
    """Only so many orders are open at once."""

    name = "open orders"
    holds_for_exits = False

    def __init__(self, limits: RiskLimits) -> None:
        self._limit = limits.max_open_orders

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse one more than the limit; the order itself is not counted yet."""
        if context.open_orders < self._limit:
            return None
        return f"{context.open_orders} orders are open, at most {self._limit}"

    def limit(self) -> str:
        """Return the limit in words."""
        return str(self._limit)


class OrderRate:
    """Only so many orders leave in a stretch of time, exits included: a loop is stopped."""

    name = "order rate"
    holds_for_exits = True

    def __init__(self, limits: RiskLimits) -> None:
        self._limit = limits.max_orders_per_window
        self._seconds = limits.rate_window_seconds
        self._sent_ns: deque[int] = deque()

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse when the window is full."""
        start = context.now_ns - round(self._seconds * 1e9)
        while self._sent_ns and self._sent_ns[0] <= start:
            self._sent_ns.popleft()
        if len(self._sent_ns) < self._limit:
            return None
        return f"{len(self._sent_ns)} orders in {self._seconds:g} s, at most {self._limit}"

    def approved(self, now_ns: int) -> None:
        """Count an order that leaves."""
        self._sent_ns.append(now_ns)

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._limit} in {self._seconds:g} s"


class DailyLoss:
    """A bad day ends entries."""

    name = "daily loss"
    holds_for_exits = False

    def __init__(self, limits: RiskLimits) -> None:
        self._percent = limits.max_daily_loss_percent

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an entry once the day lost its share."""
        allowed = float(context.capital) * self._percent / 100
        loss = -float(context.day_net)
        if loss < allowed:
            return None
        return f"the day lost {loss:,.2f} USD, at most {allowed:,.2f} USD ({self._percent:g} %)"

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._percent:g} % of the capital"


def _is_future(context: RiskContext) -> bool:
    return context.instrument is not None and (
        context.instrument.security_type is SecurityType.FUTURE
    )
