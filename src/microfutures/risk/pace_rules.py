"""Rules about how often, and about a bad day: one rule, one class, one sentence."""

from collections import deque

from microfutures.config.risk_limits import RiskLimits
from microfutures.model.orders import Order
from microfutures.risk.context import RiskContext
from microfutures.risk.rule import ENTRIES, EVERY_ORDER

Likeness = tuple[str, str, str, int, str, int | None, int | None]


class OpenOrders:
    """Only so many orders are open at once."""

    name = "open orders"
    holds_for = ENTRIES

    def __init__(self, limits: RiskLimits) -> None:
        self._limit = limits.max_open_orders

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse one more than the limit; the order itself is not counted yet."""
        if context.open_orders < self._limit:
            return None
        return f"{context.open_orders} orders are open, max_open_orders is {self._limit}"

    def limit(self) -> str:
        """Return the limit in words."""
        return str(self._limit)


class DailyLoss:
    """A bad day ends entries."""

    name = "daily loss"
    holds_for = ENTRIES

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


class Drawdown:
    """A capital far below its peak ends entries."""

    name = "drawdown"
    holds_for = ENTRIES

    def __init__(self, limits: RiskLimits) -> None:
        self._percent = limits.max_drawdown_percent
        self._flatten_percent = limits.flatten_drawdown_percent

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse an entry at the first limit; the second is `engine.guards`' business."""
        if context.drawdown_percent < self._percent:
            return None
        return (
            f"the capital is {context.drawdown_percent:.1f} % below its peak, at most "
            f"{self._percent:g} %"
        )

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._percent:g} % from the peak, {self._flatten_percent:g} % closes everything"


class OrderRate:
    """Only so many orders leave in a stretch of time, exits included: a loop is slowed down.

    Orders that are alike in everything but their name are counted on their own, and strictly.
    """

    name = "order rate"
    holds_for = EVERY_ORDER

    def __init__(self, limits: RiskLimits) -> None:
        self._limit = limits.max_orders_per_window
        self._limit_alike = limits.max_identical_orders
        self._seconds = limits.rate_window_seconds
        self._window_ns = round(limits.rate_window_seconds * 1e9)
        self._sent: deque[tuple[int, Likeness]] = deque()
        self._alike: dict[Likeness, int] = {}

    def reason_against(self, order: Order, context: RiskContext) -> str | None:
        """Refuse when the window is full."""
        sent = self.count(context.now_ns)
        if sent >= self._limit:
            return f"{sent} orders in {self._seconds:g} s, at most {self._limit}"
        if sent < self._limit_alike:
            return None
        alike = self._alike.get(_likeness(order), 0)
        if alike >= self._limit_alike:
            return (
                f"{order.side} {order.quantity} {order.instrument_id} was sent {alike} times in "
                f"{self._seconds:g} s, at most {self._limit_alike}"
            )
        return None

    def count(self, now_ns: int) -> int:
        """Return how many orders left within the window."""
        start = now_ns - self._window_ns
        while self._sent and self._sent[0][0] <= start:
            _, likeness = self._sent.popleft()
            self._alike[likeness] -= 1
            if not self._alike[likeness]:
                del self._alike[likeness]
        return len(self._sent)

    def approved(self, order: Order, now_ns: int) -> None:
        """Count an order that leaves."""
        likeness = _likeness(order)
        self._sent.append((now_ns, likeness))
        self._alike[likeness] = self._alike.get(likeness, 0) + 1

    def restate(self, step_ns: int) -> None:
        """Restate when orders left, after the clock stepped."""
        self._sent = deque((sent_ns + step_ns, likeness) for sent_ns, likeness in self._sent)

    def limit(self) -> str:
        """Return the limit in words."""
        return f"{self._limit} in {self._seconds:g} s, {self._limit_alike} alike"


def _likeness(order: Order) -> Likeness:
    return (
        order.strategy,
        order.instrument_id,
        order.side,
        order.quantity,
        order.order_type,
        order.limit_ticks,
        order.stop_ticks,
    )
