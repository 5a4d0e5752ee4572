"""Which order of ours is which at the broker: by our reference and its permanent id.

Order ids are only the address of a message on one connection: they may start again after a
restart of TWS, so nothing is remembered by them for longer.
"""

from collections import OrderedDict

import msgspec

from microfutures.model.identifiers import OrderRef
from microfutures.model.orders import OrderStatus

KEPT_ORDERS = 2_000


class Sent(msgspec.Struct):
    """What we know of one order at the broker."""

    order_ref: OrderRef
    order_id: int
    client_id: int
    permanent_id: int = 0
    is_acknowledged: bool = False
    """The broker has told a status of it: from then on only statuses decide."""
    refusal: str = ""
    told: tuple[OrderStatus, int, int] | None = None
    """Status, filled and remaining as last reported."""

    @property
    def is_told_dead(self) -> bool:
        """Tell whether it was reported as over without being filled."""
        return self.told is not None and self.told[0] in (
            OrderStatus.REJECTED,
            OrderStatus.CANCELLED,
        )


class OrderBook:
    """Finds orders by what a message names."""

    def __init__(self) -> None:
        self._by_ref: OrderedDict[OrderRef, Sent] = OrderedDict()
        self._by_order_id: dict[tuple[int, int], Sent] = {}
        self._by_permanent_id: dict[int, Sent] = {}

    def add(self, sent: Sent) -> Sent:
        """Take an order that was sent, or found at the broker."""
        self._by_ref[sent.order_ref] = sent
        self._by_order_id[sent.client_id, sent.order_id] = sent
        while len(self._by_ref) > KEPT_ORDERS:
            _, oldest = self._by_ref.popitem(last=False)
            self._by_permanent_id.pop(oldest.permanent_id, None)
            key = (oldest.client_id, oldest.order_id)
            if self._by_order_id.get(key) is oldest:
                del self._by_order_id[key]
        return sent

    def bind(self, sent: Sent, *, order_id: int, client_id: int, permanent_id: int) -> None:
        """Learn the broker's names of an order."""
        sent.order_id, sent.client_id = order_id, client_id
        self._by_order_id[client_id, order_id] = sent
        if permanent_id:
            sent.permanent_id = permanent_id
            self._by_permanent_id[permanent_id] = sent

    def forget_connection(self) -> None:
        """Forget order ids."""
        self._by_order_id.clear()

    def by_ref(self, order_ref: OrderRef) -> Sent | None:
        """Return an order by our reference."""
        return self._by_ref.get(order_ref)

    def by_order_id(self, client_id: int, order_id: int) -> Sent | None:
        """Return an order by its address on this connection."""
        return self._by_order_id.get((client_id, order_id))

    def by_status(self, permanent_id: int, client_id: int, order_id: int) -> Sent | None:
        """Return the order that a status names; the permanent id wins."""
        known = self._by_permanent_id.get(permanent_id)
        if known is not None:
            return known
        found = self.by_order_id(client_id, order_id)
        # A used order id (103) must not lend the old order's statuses to the new order.
        is_other = found is not None and found.permanent_id not in (0, permanent_id)
        return None if is_other else found
