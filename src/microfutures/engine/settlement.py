"""Our live orders against the broker's open ones: what became of an order nobody told about."""

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

    def settle(self, reported: dict[OrderRef, BrokerOrder]) -> None:
        """Settle what the broker no longer knows; cancel what an earlier run left."""
        desk = self._floor.desk
        for record in desk.orders.live:
            order_ref = record.order.order_ref
            age = (self._state.time_ns - record.sent_ns) / 1e9
            if order_ref in reported or age < SETTLE_SECONDS:
                continue
            if record.expected_filled > record.filled:
                self._doubt(record)
                continue
            text = f"order {order_ref} is gone at the broker with {record.filled} filled"
            self._voice.say(Severity.WARNING, text)
            self._floor.on_order(
                OrderUpdated(
                    time_ns=self._state.time_ns,
                    order_ref=order_ref,
                    status=OrderStatus.CANCELLED,
                    reason="not among the broker's open orders",
                )
            )
        for order_ref, found in reported.items():
            known = desk.orders.get(order_ref)
            if self._books.is_ours(order_ref) and (known is None or known.status.is_final):
                text = f"order {order_ref} ({found.instrument_id}) works at the broker unexpectedly"
                self._voice.say(Severity.WARNING, f"{text}: cancelling it")
                self._out.add(Cancel(order_ref))

    def _doubt(self, record: OrderRecord) -> None:
        """Block entries while the broker calls an order filled and no execution says so."""
        order = record.order
        reason = (
            f"order {order.order_ref} ({order.side} {order.quantity} {order.instrument_id}) is "
            f"{record.expected_filled} filled says the broker, {record.filled} say its executions"
        )
        self._commands.halt(reason)
        self._voice.say(Severity.ERROR, f"books in doubt: {self._state.pause_reason}; asking again")
