"""What TWS keeps of orders and executions, and for how long."""

from collections import deque

from microfutures.model.trading_hours import midnight_before
from microfutures.twsim.orders.facts import ExecutionFacts, OrderFacts

FIRST_PERM_ID = 1_000_000_001
SESSIONS, ORDERS_PER_SESSION = 1_000_000, 1_000
"""No two gateways started within eleven days give an order the same permId."""
KEPT_COMPLETED = 500
KEPT_EXECUTIONS = 5_000


class OrderMemory:
    """Open orders, the latest completed ones, and the executions of the day."""

    def __init__(self, session: int) -> None:
        self.orders: dict[tuple[int, int], OrderFacts] = {}
        """By client id and order id."""
        self.open: dict[int, OrderFacts] = {}
        """Those that may still trade, by permId."""
        self.by_perm_id: dict[int, OrderFacts] = {}
        self.completed: deque[OrderFacts] = deque(maxlen=KEPT_COMPLETED)
        self.executions: deque[ExecutionFacts] = deque(maxlen=KEPT_EXECUTIONS)
        self.next_perm_id = FIRST_PERM_ID + session % SESSIONS * ORDERS_PER_SESSION
        self.next_order_ids: dict[int, int] = {}
        self._touched: set[int] = set()

    def next_order_id(self, client_id: int) -> int:
        """Return the first order id that `client_id` may use."""
        return self.next_order_ids.get(client_id, 1)

    def new_perm_id(self) -> int:
        """Return a permId that was never used."""
        self.next_perm_id += 1
        return self.next_perm_id - 1

    def touch(self, perm_id: int) -> None:
        """Note that an order changed."""
        self._touched.add(perm_id)

    def take_touched(self) -> set[int]:
        """Return the permIds of what changed since this was asked last."""
        touched, self._touched = self._touched, set()
        return touched

    def add(self, order: OrderFacts) -> None:
        """Keep a new order."""
        self.orders[order.client_id, order.order_id] = order
        self.by_perm_id[order.perm_id] = self.open[order.perm_id] = order
        after = max(self.next_order_id(order.client_id), order.order_id + 1)
        self.next_order_ids[order.client_id] = after

    def restore(self, order: OrderFacts) -> None:
        """Keep an order that was kept before."""
        self.orders[order.client_id, order.order_id] = order
        self.by_perm_id[order.perm_id] = order
        if order.is_open:
            self.open[order.perm_id] = order
        else:
            self.completed.append(order)

    def add_execution(self, facts: ExecutionFacts) -> None:
        """Keep an execution until the day in New York is over, like TWS."""
        day_began_ns = midnight_before(facts.time_ns)
        while self.executions and self.executions[0].time_ns < day_began_ns:
            self.executions.popleft()
        self.executions.append(facts)

    def complete(self, order: OrderFacts, status: str, time_ns: int, text: str) -> None:
        """Note that an order is done; forget the oldest done ones."""
        order.status, order.completed_ns, order.completed_status = status, time_ns, text
        self.open.pop(order.perm_id, None)
        self.completed.append(order)
        while len(self.orders) > 2 * KEPT_COMPLETED:
            oldest = next((key for key, each in self.orders.items() if not each.is_open), None)
            if oldest is None:
                return
            del self.by_perm_id[self.orders.pop(oldest).perm_id]
