"""Our own orders: what we sent, what we heard, what was filled.

The broker's callbacks may be repeated, skipped, reordered or late; fill sums decide, not texts.
Not here: positions and money, which are the portfolio's.
"""

from collections import OrderedDict
from decimal import Decimal

import msgspec

from microfutures.model.errors import InvalidValueError
from microfutures.model.events import OrderUpdated
from microfutures.model.fills import Fill, execution_stem
from microfutures.model.identifiers import IntentId, OrderRef, StrategyName
from microfutures.model.orders import Order, OrderStatus, can_move

KEPT_FINAL_ORDERS = 500
FILLED = OrderStatus.FILLED


class OrderRecord(msgspec.Struct):
    """One order of ours and where it stands."""

    order: Order
    sent_ns: int
    status: OrderStatus = OrderStatus.IN_FLIGHT
    filled: int = 0
    expected_filled: int = 0
    """What the broker's status said was filled; fills that come later than it are waited for."""
    value: Decimal = Decimal(0)
    """Sum of price times quantity of its fills."""
    permanent_id: int = 0
    heard_ns: int = 0
    cancel_asked_ns: int | None = None
    chased_ns: int | None = None
    """When the broker was last asked what became of it, because it didn't answer."""
    missing_reports: int = 0
    """In how many reports in a row it was neither among the open orders nor the completed."""
    reason: str = ""
    is_restored: bool = False
    """Sent by an earlier run: no executor knows it."""
    executions: dict[str, Fill] = msgspec.field(default_factory=dict)

    @property
    def remaining(self) -> int:
        """Return the quantity not filled yet."""
        return self.order.quantity - self.filled

    @property
    def average_price(self) -> Decimal | None:
        """Return the average price of its fills; None before the first."""
        return self.value / self.filled if self.filled else None

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing more is expected of it: final, and every fill is here."""
        return self.filled >= self.expected_filled and self.status.is_final

    @property
    def is_told_filled(self) -> bool:
        """Tell whether the broker calls it filled, be its executions here or not."""
        return self.expected_filled >= self.order.quantity

    @property
    def waiting_since_ns(self) -> int | None:
        """Return since when the broker owes an answer; None when it owes none."""
        if self.is_settled:
            return None
        if self.expected_filled > self.filled:
            return self.heard_ns
        if self.cancel_asked_ns is not None:
            return self.cancel_asked_ns
        return self.sent_ns if self.status is OrderStatus.IN_FLIGHT else None

    def restate(self, step_ns: int) -> None:
        """Restate when things happened to it, after the clock stepped."""
        self.sent_ns += step_ns
        self.heard_ns += step_ns
        if self.cancel_asked_ns is not None:
            self.cancel_asked_ns += step_ns
        if self.chased_ns is not None:
            self.chased_ns += step_ns


class FillChange(msgspec.Struct, frozen=True, gc=False):
    """What an execution changed: of a correction, the difference to what it replaces."""

    record: OrderRecord
    quantity: int
    value: Decimal
    """Of price times quantity."""


class OrderLedger:
    """All live orders, and the latest final ones."""

    def __init__(self) -> None:
        self.unsettled: dict[OrderRef, OrderRecord] = {}
        """All of which more is expected, oldest first; to be read only."""
        self._final: OrderedDict[OrderRef, OrderRecord] = OrderedDict()
        self._oddities: list[str] = []

    def register(self, order: Order, time_ns: int) -> OrderRecord:
        """Take an order that is about to be sent; raise `InvalidValueError` for a used name."""
        order_ref = order.order_ref
        if order_ref in self.unsettled or order_ref in self._final:
            raise InvalidValueError(f"order_ref must be new, {order_ref} was used before")
        record = self.unsettled[order_ref] = OrderRecord(order, time_ns)
        return record

    def restore(self, order: Order, time_ns: int) -> None:
        """Take an order that an earlier run sent; what became of it is still to be heard."""
        if self.get(order.order_ref) is None:
            self.register(order, time_ns).is_restored = True

    def get(self, order_ref: OrderRef) -> OrderRecord | None:
        """Return an order by our name for it; None when it isn't ours or too old."""
        known = self.unsettled.get(order_ref)
        return self._final.get(order_ref) if known is None else known

    def is_live(self, order_ref: OrderRef) -> bool:
        """Tell whether an order is not settled."""
        return order_ref in self.unsettled

    @property
    def live(self) -> list[OrderRecord]:
        """Return all orders that are not settled, oldest first."""
        return list(self.unsettled.values())

    def live_of(self, strategy: StrategyName) -> list[OrderRecord]:
        """Return the orders of `strategy` that are not settled, oldest first."""
        unsettled = self.unsettled
        if not unsettled:
            return []
        return [record for record in unsettled.values() if record.order.strategy == strategy]

    def of_intent(self, intent_id: IntentId) -> list[OrderRecord]:
        """Return the orders that served an intent, as far as they are remembered."""
        return [
            record
            for records in (self._final, self.unsettled)
            for record in records.values()
            if record.order.intent_id == intent_id
        ]

    def overdue(self, now_ns: int, seconds: float) -> list[OrderRecord]:
        """Return the orders that neither answered nor were chased for so long."""
        limit_ns = round(seconds * 1e9)
        return [
            record
            for record in self.unsettled.values()
            if (since := record.waiting_since_ns) is not None
            and now_ns - max(since, record.chased_ns or since) >= limit_ns
        ]

    def restate(self, step_ns: int) -> None:
        """Let every live order wait on by a clock that stepped."""
        for record in self.unsettled.values():
            # An earlier run's are stamped by the broker's clock, whatever ours said before.
            if not record.is_restored:
                record.restate(step_ns)

    def take_oddities(self) -> list[str]:
        """Return, and forget, what the broker said that can't be."""
        if not self._oddities:
            return []
        oddities, self._oddities = self._oddities, []
        return oddities

    def on_update(self, update: OrderUpdated) -> OrderRecord | None:
        """Take what the broker says; None for an order that isn't ours."""
        record = self.get(update.order_ref)
        if record is None:
            return None
        record.heard_ns = update.time_ns
        record.permanent_id = update.permanent_id or record.permanent_id
        told = update.filled
        status = update.status
        if status is FILLED:
            told = record.order.quantity
        record.expected_filled = min(max(record.expected_filled, told), record.order.quantity)
        # FILLED is believed when the fills are here; a status can't move what is final.
        if status is not FILLED and can_move(record.status, status):
            record.status = status
            record.reason = update.reason or record.reason
        elif status is OrderStatus.WORKING and record.status in (
            OrderStatus.CANCELLED,
            OrderStatus.REJECTED,
        ):
            self._oddities.append(
                f"order {update.order_ref} is working, says the broker, after it was "
                f"{record.status}; its fills are booked if there are any"
            )
        self._settle(record)
        return record

    def on_fill(self, fill: Fill) -> FillChange | None:
        """Take an execution; None when it is known or not ours.

        Idempotent by execution id; a correction (same id up to the last dot) replaces the
        earlier fill. A fill of an order that was cancelled is booked like any other.
        """
        record = self.get(fill.order_ref)
        if record is None:
            return None
        stem = execution_stem(fill.execution_id)
        earlier = record.executions.get(stem)
        if earlier is not None and earlier.execution_id >= fill.execution_id:
            return None
        record.executions[stem] = fill
        quantity, value = fill.quantity, fill.price * fill.quantity
        if earlier is not None:
            quantity -= earlier.quantity
            value -= earlier.price * earlier.quantity
        record.filled += quantity
        record.value += value
        # What a correction took back will not come: it must not be waited for.
        record.expected_filled += min(quantity, 0)
        if record.filled > record.order.quantity:
            self._oddities.append(
                f"order {fill.order_ref} was for {record.order.quantity}, its executions sum to "
                f"{record.filled}"
            )
        if record.filled >= record.order.quantity and can_move(record.status, FILLED):
            record.status = FILLED
        self._settle(record)
        return FillChange(record, quantity, value)

    def ask_cancel(self, record: OrderRecord, time_ns: int) -> None:
        """Note that a cancel is on its way."""
        record.cancel_asked_ns = time_ns
        if can_move(record.status, OrderStatus.CANCEL_IN_FLIGHT):
            record.status = OrderStatus.CANCEL_IN_FLIGHT

    def _settle(self, record: OrderRecord) -> None:
        if not record.is_settled:
            return
        order_ref = record.order.order_ref
        if self.unsettled.pop(order_ref, None) is not None:
            self._final[order_ref] = record
            while len(self._final) > KEPT_FINAL_ORDERS:
                self._final.popitem(last=False)
