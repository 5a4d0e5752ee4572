"""Our own orders: what we sent, what we heard, what was filled.

The broker's callbacks may be repeated, skipped, reordered or late; fill sums decide, not texts.
"""

from collections import OrderedDict

import msgspec

from microfutures.model.events import OrderUpdated
from microfutures.model.fills import Fill, execution_stem
from microfutures.model.identifiers import OrderRef
from microfutures.model.orders import Order, OrderStatus, can_move

KEPT_FINAL_ORDERS = 500


class OrderRecord(msgspec.Struct):
    """One order of ours and where it stands."""

    order: Order
    sent_ns: int
    status: OrderStatus = OrderStatus.IN_FLIGHT
    filled: int = 0
    expected_filled: int = 0
    """What the broker's status said was filled; fills that come later than it are waited for."""
    permanent_id: int = 0
    cancel_asked_ns: int | None = None
    reason: str = ""

    @property
    def remaining(self) -> int:
        """Return the quantity not filled yet."""
        return self.order.quantity - self.filled

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing more is expected of it: final, and every fill is here."""
        return self.status.is_final and self.filled >= self.expected_filled


class OrderLedger:
    """All live orders, and the latest final ones."""

    def __init__(self) -> None:
        self._live: dict[OrderRef, OrderRecord] = {}
        self._final: OrderedDict[OrderRef, OrderRecord] = OrderedDict()
        self._executions: dict[str, Fill] = {}

    def register(self, order: Order, time_ns: int) -> OrderRecord:
        """Take an order that is about to be sent."""
        record = OrderRecord(order, time_ns)
        self._live[order.order_ref] = record
        return record

    def get(self, order_ref: OrderRef) -> OrderRecord | None:
        """Return an order by our name for it; None when it isn't ours or too old."""
        return self._live.get(order_ref) or self._final.get(order_ref)

    @property
    def live(self) -> list[OrderRecord]:
        """Return all orders that are not settled, oldest first."""
        return list(self._live.values())

    def on_update(self, update: OrderUpdated) -> OrderRecord | None:
        """Take what the broker says; None for an order that isn't ours."""
        record = self.get(update.order_ref)
        if record is None:
            return None
        record.permanent_id = update.permanent_id or record.permanent_id
        record.expected_filled = min(
            max(record.expected_filled, update.filled), record.order.quantity
        )
        # FILLED is believed when the fills are here; a status can't move what is final.
        if update.status is not OrderStatus.FILLED and can_move(record.status, update.status):
            record.status = update.status
            record.reason = update.reason or record.reason
        self._settle(record)
        return record

    def on_fill(self, fill: Fill) -> OrderRecord | None:
        """Take an execution; idempotent, and a correction replaces the earlier fill."""
        record = self.get(fill.order_ref)
        if record is None:
            return None
        stem = execution_stem(fill.execution_id)
        earlier = self._executions.get(stem)
        if earlier is not None and earlier.execution_id >= fill.execution_id:
            return record
        record.filled += fill.quantity - (earlier.quantity if earlier else 0)
        self._executions[stem] = fill
        if record.filled >= record.order.quantity and can_move(record.status, OrderStatus.FILLED):
            record.status = OrderStatus.FILLED
        self._settle(record)
        return record

    def ask_cancel(self, record: OrderRecord, time_ns: int) -> None:
        """Note that a cancel is on its way."""
        record.cancel_asked_ns = time_ns
        if can_move(record.status, OrderStatus.CANCEL_IN_FLIGHT):
            record.status = OrderStatus.CANCEL_IN_FLIGHT

    def _settle(self, record: OrderRecord) -> None:
        order_ref = record.order.order_ref
        if record.is_settled and self._live.pop(order_ref, None) is not None:
            self._final[order_ref] = record
            while len(self._final) > KEPT_FINAL_ORDERS:
                self._final.popitem(last=False)
