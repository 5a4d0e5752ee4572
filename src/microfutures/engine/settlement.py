"""Our live orders against the broker's open ones: what became of an order nobody told about."""

from collections.abc import Collection

from microfutures.engine.books import Books
from microfutures.engine.commands import CommandDesk
from microfutures.engine.floor import TradingFloor
from microfutures.engine.output import Cancel, OutputBuilder
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.execution.order_ledger import OrderRecord
from microfutures.model.events import BrokerOrder, OrderUpdated, Severity
from microfutures.model.identifiers import OrderRef
from microfutures.model.orders import OrderStatus

SETTLE_SECONDS = 5.0
"""An order this young may be unknown to the broker without being lost."""
MISSING_REPORTS = 3
"""In so many an order that had lived must be missing everywhere to count as over."""


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

    def settle(
        self, reported: dict[OrderRef, BrokerOrder], completed: Collection[OrderRef]
    ) -> None:
        """Settle what is over at the broker; cancel what an earlier run left."""
        desk = self._floor.desk
        for record in desk.orders.live:
            order_ref = record.order.order_ref
            age = (self._state.time_ns - record.sent_ns) / 1e9
            if order_ref in reported or age < SETTLE_SECONDS:
                record.missing_reports = 0
                continue
            if record.expected_filled > record.filled:
                self._doubt(record)
                continue
            if order_ref not in completed and not self._is_lost(record):
                continue
            text = f"order {order_ref} is gone at the broker with {record.filled} filled"
            self._voice.say(Severity.WARNING, text)
            self._floor.on_order(
                OrderUpdated(
                    time_ns=self._state.time_ns,
                    order_ref=order_ref,
                    status=OrderStatus.CANCELLED,
                    reason="over at the broker, who told nobody",
                )
            )
        for order_ref, found in reported.items():
            known = desk.orders.get(order_ref)
            if self._books.is_ours(order_ref) and (known is None or known.status.is_final):
                text = f"order {order_ref} ({found.instrument_id}) works at the broker unexpectedly"
                self._voice.say(Severity.WARNING, f"{text}: cancelling it")
                self._out.add(Cancel(order_ref))

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
        reason = (
            f"order {order.order_ref} ({order.side} {order.quantity} {order.instrument_id}) is "
            f"{record.expected_filled} filled says the broker, {record.filled} say its executions"
        )
        self._commands.halt(reason)
        self._voice.say(Severity.ERROR, f"books in doubt: {self._state.pause_reason}; asking again")
