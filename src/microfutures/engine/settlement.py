"""Our live orders against the broker's open and completed ones: what nobody told us about."""

from collections import OrderedDict

from microfutures.engine.books import Books
from microfutures.engine.commands import CommandDesk
from microfutures.engine.floor import TradingFloor
from microfutures.engine.output import Cancel, OutputBuilder
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.execution.order_ledger import OrderRecord
from microfutures.model.events import BrokerOrder, BrokerStateReported, OrderUpdated, Severity
from microfutures.model.orders import OrderStatus

SETTLE_SECONDS = 5.0
"""An order this young may be unknown to the broker without being lost."""
MISSING_REPORTS = 3
"""In so many an order that had lived must be missing everywhere to count as over."""
KEPT_FOREIGN = 1_000


class Settlement:
    """Ends what is gone, doubts what has no executions, cancels what should not be there."""

    def __init__(
        self,
        *,
        state: DeskState,
        floor: TradingFloor,
        books: Books,
        commands: CommandDesk,
        voice: Voice,
        out: OutputBuilder,
    ) -> None:
        self._state = state
        self._floor = floor
        self._books = books
        self._commands = commands
        self._voice = voice
        self._out = out
        self._foreign: OrderedDict[int, None] = OrderedDict()
        """Permanent ids of other people's orders that were told."""

    def settle(self, event: BrokerStateReported) -> None:
        """Settle what the broker no longer has open; cancel what an earlier run left."""
        open_orders = {each.order_ref: each for each in event.open_orders if each.order_ref}
        completed = {each.order_ref: each for each in event.completed_orders}
        asked_ns = event.asked_ns or event.time_ns
        for record in self._floor.desk.orders.live:
            order_ref = record.order.order_ref
            if order_ref in open_orders:
                record.heard_ns = self._state.time_ns
                record.missing_reports = 0
                if record.is_restored:
                    self._cancel_left(record)
            else:
                self._resolve(record, completed.get(order_ref), asked_ns)
        for found in event.open_orders:
            self._look_at(found)

    def _resolve(self, record: OrderRecord, completed: BrokerOrder | None, asked_ns: int) -> None:
        """Find out what became of an order that was not open when the broker was asked."""
        if completed is not None:
            text = f"order {record.order.order_ref} is over at the broker: {completed.status}"
            self._voice.say(Severity.INFO, text)
            self._end(record, completed.status, completed.filled, "among the completed orders")
        if record.is_settled or asked_ns - record.sent_ns < SETTLE_SECONDS * 1e9:
            return
        if record.expected_filled > record.filled:
            self._doubt(record)
            return
        if not self._is_lost(record):
            return
        text = f"order {record.order.order_ref} is gone at the broker with {record.filled} filled"
        self._voice.say(Severity.WARNING, text)
        self._end(
            record, OrderStatus.CANCELLED, record.filled, "not among the broker's open orders"
        )

    def _end(self, record: OrderRecord, status: OrderStatus, filled: int, reason: str) -> None:
        update = OrderUpdated(
            time_ns=self._state.time_ns,
            order_ref=record.order.order_ref,
            status=status,
            filled=filled,
            reason=reason,
        )
        # The next start is to know it as well.
        self._out.record("order", "OrderSettled", update)
        self._floor.on_order(update)

    def _look_at(self, found: BrokerOrder) -> None:
        """Cancel an open order of ours that nothing waits for; tell of somebody else's, once."""
        order_ref = found.order_ref
        known = self._floor.desk.orders.get(order_ref)
        if not self._books.is_ours(order_ref):
            self._tell_foreign(found)
        elif known is None or known.status.is_final:
            text = f"order {order_ref} ({found.instrument_id}) works at the broker unexpectedly"
            self._voice.say(Severity.WARNING, f"{text}: cancelling it")
            self._out.add(Cancel(order_ref))

    def _cancel_left(self, record: OrderRecord) -> None:
        """Cancel what an earlier run left; whoever closes the position waits for its end."""
        if record.cancel_asked_ns is not None:
            return
        order = record.order
        text = f"order {order.order_ref} ({order.instrument_id}) is of an earlier run"
        self._voice.say(Severity.WARNING, f"{text}: cancelling it")
        self._floor.desk.orders.ask_cancel(record, self._state.time_ns)
        self._out.add(Cancel(order.order_ref))

    def _tell_foreign(self, found: BrokerOrder) -> None:
        if found.permanent_id in self._foreign:
            return
        self._foreign[found.permanent_id] = None
        while len(self._foreign) > KEPT_FOREIGN:
            self._foreign.popitem(last=False)
        self._out.record("order", "ForeignOrder", found)
        text = f"an open order in {found.instrument_id} is not ours and is left alone"
        self._voice.say(Severity.INFO, text)

    def _is_lost(self, record: OrderRecord) -> bool:
        """Tell whether an order is over that is neither open nor completed.

        One that never lived has not arrived: it was sent before the lists were asked for, on the
        same line. One that did may be missing for the moment, and must not be replaced by then.
        """
        record.missing_reports += 1
        has_lived = record.filled > 0 or record.permanent_id > 0
        if not has_lived or record.missing_reports >= MISSING_REPORTS:
            return True
        text = (
            f"order {record.order.order_ref} is neither open nor completed at the broker, says "
            f"report {record.missing_reports} of {MISSING_REPORTS}: asking again"
        )
        self._voice.say(Severity.WARNING, text)
        return False

    def _doubt(self, record: OrderRecord) -> None:
        """Block entries while the broker calls an order filled and no execution says so."""
        order = record.order
        record.heard_ns = self._state.time_ns
        reason = (
            f"order {order.order_ref} ({order.side} {order.quantity} {order.instrument_id}) is "
            f"{record.expected_filled} filled says the broker, {record.filled} say its executions"
        )
        self._commands.halt(reason)
        self._voice.say(Severity.ERROR, f"books in doubt: {self._state.pause_reason}; asking again")
