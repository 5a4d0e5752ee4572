"""A broker whose every step a test chooses, in front of an execution desk.

It keeps the truth (what is alive, what was filled) apart from what it has told: messages wait
until a test delivers them, in any order, twice, or never.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from helpers.desk import MCL, OPEN_NS, USO, FakeView
from microfutures.execution.actions import (
    Action,
    AskBroker,
    CancelOrder,
    Done,
    Report,
    SendOrder,
)
from microfutures.execution.desk import ExecutionDesk
from microfutures.execution.leg import ExecutionSettings
from microfutures.model.events import OrderUpdated, Severity
from microfutures.model.fills import Fill, execution_stem
from microfutures.model.identifiers import (
    ExecutionId,
    InstrumentId,
    IntentId,
    OrderRef,
    StrategyName,
)
from microfutures.model.intents import Intent, SignalKind, TargetLeg
from microfutures.model.orders import Order, OrderStatus, OrderType

PAIR = StrategyName("pair")

Message = OrderUpdated | Fill


def an_intent(
    kind: SignalKind = SignalKind.ENTER_LONG,
    *,
    legs: Sequence[tuple[InstrumentId, int]] = ((MCL, 1), (USO, -90)),
    name: str = "i1",
    unhedged_loss_limit: float = 50.0,
    unhedged_seconds_limit: float = 10.0,
) -> Intent:
    return Intent(
        intent_id=IntentId(name),
        strategy=PAIR,
        kind=kind,
        legs=tuple(TargetLeg(instrument_id=leg, quantity=quantity) for leg, quantity in legs),
        reason=f"because of {name}",
        time_ns=OPEN_NS,
        unhedged_loss_limit=unhedged_loss_limit,
        unhedged_seconds_limit=unhedged_seconds_limit,
    )


@dataclass
class AtBroker:
    """The truth about one order."""

    order: Order
    filled: int = 0
    status: OrderStatus = OrderStatus.WORKING
    is_cancel_asked: bool = False
    fills: list[Fill] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        return not self.status.is_final

    @property
    def remaining(self) -> int:
        return self.order.quantity - self.filled


class ScriptedBroker:
    """Carries out what a desk asks for, one step of the broker at a time."""

    def __init__(
        self,
        *,
        settings: ExecutionSettings | None = None,
        refuses: Callable[[Order], str | None] = lambda order: None,
    ) -> None:
        self.view = FakeView()
        self.view.show("MCLX6", 70.00, 70.02)
        self.view.show("USO", 75.10, 75.12)
        self.desk = ExecutionDesk(
            view=self.view, next_ref=self._next_ref, settings=settings or ExecutionSettings()
        )
        self.refuses = refuses
        self.sent: list[Order] = []
        self.orders: dict[OrderRef, AtBroker] = {}
        self.messages: list[Message] = []
        self.done: list[Done] = []
        self.reports: list[Report] = []
        self.asked = 0
        self.cancels: list[OrderRef] = []
        self.on_send: Callable[[Order], None] = lambda order: None
        self._booked: dict[str, Fill] = {}
        self._executions = 0
        self._refs = 0

    def _next_ref(self) -> OrderRef:
        self._refs += 1
        return OrderRef(f"r{self._refs}")

    # -- what the desk asks for ---------------------------------------------------------------

    def start(self, intent: Intent) -> None:
        assert self.desk.reason_against(intent) is None
        self._act(self.desk.start(intent))

    def timer(self, seconds: float = 0.0) -> None:
        self.view.pass_seconds(seconds)
        self._act(self.desk.on_timer())

    def cancel_all(self) -> None:
        self._act(self.desk.cancel_all())

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case SendOrder(order):
                    self._take(order)
                case CancelOrder(order_ref):
                    self.cancels.append(order_ref)
                    if order_ref in self.orders:
                        self.orders[order_ref].is_cancel_asked = True
                case AskBroker():
                    self.asked += 1
                case Report():
                    self.reports.append(action)
                case Done():
                    self.done.append(action)

    def _take(self, order: Order) -> None:
        self.sent.append(order)
        reason = self.refuses(order)
        if reason is not None:
            self._act(self.desk.on_refused(order, reason))
            return
        self.on_send(order)
        self.orders[order.order_ref] = AtBroker(order)

    # -- steps of the broker; nothing is told before `deliver` --------------------------------

    @property
    def alive(self) -> list[AtBroker]:
        return [each for each in self.orders.values() if each.is_alive]

    def position(self, instrument_id: InstrumentId) -> int:
        """The truth, whatever was told."""
        return sum(
            each.filled * each.order.side.sign
            for each in self.orders.values()
            if each.order.instrument_id == instrument_id
        )

    def accept(self, order: Order) -> None:
        self._say(self.orders[order.order_ref])

    def fill(self, order: Order, quantity: int | None = None, price: str = "70.02") -> Fill:
        at = self.orders[order.order_ref]
        quantity = at.remaining if quantity is None else quantity
        assert at.is_alive
        assert 0 < quantity <= at.remaining
        at.filled += quantity
        if at.remaining == 0:
            at.status = OrderStatus.FILLED
        self._executions += 1
        fill = Fill(
            execution_id=ExecutionId(f"e{self._executions}.01"),
            order_ref=order.order_ref,
            instrument_id=order.instrument_id,
            side=order.side,
            quantity=quantity,
            price=Decimal(price),
            time_ns=self.view.time_ns,
        )
        at.fills.append(fill)
        self.messages.append(fill)
        self._say(at)
        return fill

    def cancel(self, order: Order, reason: str = "") -> None:
        self._end(order, OrderStatus.CANCELLED, reason)

    def reject(self, order: Order, reason: str = "[201] rejected") -> None:
        self._end(order, OrderStatus.REJECTED, reason)

    def tell_all(self) -> None:
        """Answer a question for the state: every order and every execution once more."""
        for at in self.orders.values():
            self.messages += at.fills
            self._say(at)

    def _end(self, order: Order, status: OrderStatus, reason: str) -> None:
        at = self.orders[order.order_ref]
        assert at.is_alive
        at.status = status
        self._say(at, reason)

    def _say(self, at: AtBroker, reason: str = "") -> None:
        self.messages.append(
            OrderUpdated(
                time_ns=self.view.time_ns,
                order_ref=at.order.order_ref,
                status=at.status,
                filled=at.filled,
                remaining=at.remaining,
                permanent_id=1,
                reason=reason,
            )
        )

    # -- telling ------------------------------------------------------------------------------

    def deliver(self, index: int = 0, *, keep: bool = False) -> None:
        message = self.messages[index] if keep else self.messages.pop(index)
        match message:
            case OrderUpdated():
                self._act(self.desk.on_update(message))
            case Fill():
                self._book(message)
                self._act(self.desk.on_fill(PAIR, message))

    def deliver_all(self) -> None:
        while self.messages:
            self.deliver()

    def _book(self, fill: Fill) -> None:
        """Do what the books do before the desk hears of a fill: positions are by fills."""
        stem = execution_stem(fill.execution_id)
        earlier = self._booked.get(stem)
        if earlier is not None and earlier.execution_id >= fill.execution_id:
            return
        self._booked[stem] = fill
        change = fill.signed_quantity - (earlier.signed_quantity if earlier else 0)
        positions = self.view.positions
        positions[fill.instrument_id] = positions.get(fill.instrument_id, 0) + change

    # -- short cuts ---------------------------------------------------------------------------

    @property
    def latest(self) -> Order:
        return self.sent[-1]

    def sent_of(self, instrument_id: InstrumentId) -> list[Order]:
        return [order for order in self.sent if order.instrument_id == instrument_id]

    def trade(self, order: Order, quantity: int | None = None, price: str = "70.02") -> None:
        """Accept, fill and tell."""
        self.accept(order)
        self.fill(order, quantity, price)
        self.deliver_all()

    def work(self) -> None:
        """Be a friendly broker for one round: fill what is marketable, cancel what is asked."""
        for at in self.alive:
            if at.is_cancel_asked:
                self.cancel(at.order)
            elif self._is_marketable(at.order):
                self.accept(at.order)
                self.fill(at.order)
            else:
                self.accept(at.order)
        self.deliver_all()

    def _is_marketable(self, order: Order) -> bool:
        quote = self.view.quote(order.instrument_id)
        if quote is None or quote.bid is None or quote.ask is None:
            return False
        if order.order_type is OrderType.MARKET or order.limit_ticks is None:
            return True
        price = order.limit_ticks / 100
        return price >= quote.ask if order.side.sign > 0 else price <= quote.bid

    def said(self, severity: Severity) -> list[str]:
        return [report.text for report in self.reports if report.severity is severity]

    @property
    def positions(self) -> tuple[int, int]:
        return self.position(MCL), self.position(USO)
