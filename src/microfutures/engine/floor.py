"""From intents to orders: admission, execution, and the risk gate in front of the broker."""

from collections.abc import Sequence
from decimal import Decimal

from microfutures.engine.admission import Admission
from microfutures.engine.books import Books
from microfutures.engine.output import Cancel, OutputBuilder, RequestState, Submit
from microfutures.engine.risk_view import RiskView
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.execution.actions import Action, AskBroker, CancelOrder, Done, Report, SendOrder
from microfutures.execution.desk import ExecutionDesk
from microfutures.model.approval import Approved, Refused
from microfutures.model.events import (
    ConnectionState,
    FillReceived,
    MarginPreviewed,
    OrderUpdated,
    Severity,
)
from microfutures.model.fills import Fill
from microfutures.model.intents import Intent, Refusal, SignalKind, TargetLeg
from microfutures.model.orders import Order
from microfutures.risk.gate import RiskGate
from microfutures.strategies.base import Strategy


class TradingFloor:
    """Takes intents, gives orders to the broker, tells strategies what became of them."""

    def __init__(
        self,
        *,
        state: DeskState,
        strategies: Sequence[Strategy],
        desk: ExecutionDesk,
        gate: RiskGate,
        admission: Admission,
        books: Books,
        out: OutputBuilder,
        voice: Voice,
    ) -> None:
        self.desk = desk
        self.day_start_net = Decimal(0)
        self._state = state
        self._strategies = strategies
        self.gate = gate
        self.risk = RiskView(state, desk.orders)
        self._admission = admission
        self._books = books
        self._out = out
        self._voice = voice

    @property
    def is_quiet(self) -> bool:
        """Tell whether no order is live and nothing is being worked on."""
        return self.desk.is_idle

    @property
    def is_busy(self) -> bool:
        """Tell whether anything is worked on, be it that an entry waits for its margin preview."""
        desk = self.desk
        return bool(desk.running or desk.orders.unsettled or self._admission.waiting)

    def refusals_by(self, rule: str) -> tuple[int, str]:
        """Return how often strategies were refused by a rule, and its latest sentence."""
        counts = [
            each
            for strategy in self._strategies
            for each in strategy.refusals.counts
            if each.rule == rule
        ]
        return sum(each.count for each in counts), counts[-1].latest if counts else ""

    def blocked_reasons(self) -> list[str]:
        """Return why legs of running intents can't trade now."""
        running = self.desk.running.values()
        return [reason for executor in running for reason in executor.blocked_reasons]

    def restate(self, step_ns: int) -> None:
        """Go on by a clock that stepped: no order is older or younger by it."""
        self.desk.restate(step_ns)
        self.gate.restate(step_ns)
        self._admission.restate(step_ns)

    # -- intents ------------------------------------------------------------------------------

    def propose(self, intent: Intent) -> None:
        """Start an exit; have an entry previewed for margin first."""
        self._out.record("decision", "Intent", intent)
        if not intent.kind.is_entry:
            self._start(intent)
        elif self._state.is_paused:
            self._refuse(intent, "pause", f"entries are blocked: {self._state.pause_reason}")
        elif (
            refused := self.gate.foresee(self.risk.trial(intent, self.day_start_net))
        ) is not None:
            self._refuse(intent, refused.rule, refused.reason)
        else:
            self._out.add(self._admission.ask(intent))

    def on_margin(self, event: MarginPreviewed) -> None:
        """Take a preview; once all legs are previewed, start the entry or refuse it."""
        answer = self._admission.on_preview(event, self._state.account)
        if answer is None:
            return
        intent, reason = answer
        if reason is not None:
            self._refuse(intent, "margin", reason)
        elif self._state.is_paused:
            self._refuse(intent, "pause", f"entries are blocked: {self._state.pause_reason}")
        else:
            self._start(intent)

    def flatten(self, strategy: Strategy, reason: str) -> None:
        """Close everything of a strategy and what it is just opening."""
        running = self.desk.running.get(strategy.name)
        if running is not None and not running.intent.kind.is_entry:
            return
        legs = {leg.instrument_id for leg in strategy.held_legs()}
        if running is not None:
            legs |= {leg.instrument_id for leg in running.intent.legs}
        if legs:
            flat = tuple(TargetLeg(instrument_id=each, quantity=0) for each in sorted(legs))
            time_ns = self._state.time_ns
            self.propose(strategy.make_intent(SignalKind.FLATTEN, flat, reason, time_ns))

    def drop_waiting(self, reason: str) -> None:
        """Refuse every entry that waits for its margin."""
        for intent in self._admission.drop_all():
            self._refuse(intent, "pause", reason)

    def cancel_all(self) -> None:
        """Cancel every live order; positions stay."""
        self._act(self.desk.cancel_all())

    def on_timer(self) -> None:
        """Let running intents look again, and give up previews that never came."""
        self._act(self.desk.on_timer())
        for intent in self._admission.overdue(self._state.time_ns):
            self._refuse(intent, "margin", "the broker did not answer the margin preview")

    # -- orders -------------------------------------------------------------------------------

    def on_order(self, event: OrderUpdated) -> None:
        """Take what the broker says of an order."""
        self._act(self.desk.on_update(event))

    def on_fill(self, event: FillReceived) -> None:
        """Book an execution, then let its intent go on."""
        strategy = self._books.take_fill(event.fill)
        if strategy is not None:
            self._act(self.desk.on_fill(strategy, event.fill))

    # -- after a restart ----------------------------------------------------------------------

    def restore_order(self, order: Order, time_ns: int) -> None:
        """Know an order of an earlier run again, as one whose fate is not known."""
        self._books.restore_order(order)
        self.desk.orders.restore(order, time_ns)

    def restore_update(self, update: OrderUpdated) -> None:
        """Take what an earlier run heard of an order."""
        self.desk.orders.on_update(update)
        self.desk.orders.take_oddities()

    def restore_fill(self, fill: Fill) -> None:
        """Take an execution of an earlier run."""
        self._books.restore_fill(fill)
        self.desk.orders.on_fill(fill)
        self.desk.orders.take_oddities()

    def _start(self, intent: Intent) -> None:
        reason = self.desk.reason_against(intent)
        if reason is not None:
            self._refuse(intent, "busy", reason)
            return
        text = f"{intent.strategy} {intent.kind.replace('_', ' ')}: {intent.reason}"
        self._voice.say(Severity.INFO, text)
        self._act(self.desk.start(intent))

    def _refuse(self, intent: Intent, rule: str, reason: str) -> None:
        refusal = Refusal(
            strategy=intent.strategy, rule=rule, reason=reason, time_ns=self._state.time_ns
        )
        for strategy in self._strategies:
            if strategy.name == intent.strategy:
                strategy.on_refused(refusal)

    def _act(self, actions: Sequence[Action]) -> None:
        """Carry out what the desk asks for; what follows from it comes before the rest."""
        for action in actions:
            match action:
                case SendOrder(order):
                    self._send(order)
                case CancelOrder(order_ref):
                    self._out.record("order", "CancelAsked", {"order_ref": order_ref})
                    self._out.add(Cancel(order_ref))
                case AskBroker():
                    if self._state.connection is ConnectionState.CONNECTED:
                        self._out.add(RequestState())
                case Report(severity, text):
                    self._voice.say(severity, text)
                case Done(intent, outcome):
                    self._finish(intent, outcome)

    def _send(self, order: Order) -> None:
        decision = self.gate.check(order, self.risk.context(order, self.day_start_net))
        match decision:
            case Approved():
                self._books.register(order)
                self._out.add(Submit(decision))
            case Refused(_, rule, reason):
                self._out.record("order", "OrderRefused", decision)
                self._act(self.desk.on_refused(order, f"{rule}: {reason}"))

    def _finish(self, intent: Intent, outcome: str) -> None:
        self._out.record("decision", "IntentDone", {"intent": intent, "outcome": outcome})
        text = f"{intent.strategy} {intent.kind.replace('_', ' ')} done: {outcome}"
        self._voice.say(Severity.INFO, text)
        for strategy in self._strategies:
            if strategy.name == intent.strategy:
                strategy.on_intent_done(intent, outcome, self._state.time_ns)
