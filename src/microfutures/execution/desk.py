"""The execution desk: one running intent for each strategy, and the ledger of our orders."""

from microfutures.execution.actions import Action, CancelOrder, Done, Report
from microfutures.execution.chase import chase
from microfutures.execution.executor import IntentExecutor
from microfutures.execution.leg import ExecutionSettings, NextRef, Tools
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.model.events import OrderUpdated, Severity
from microfutures.model.fills import Fill
from microfutures.model.identifiers import StrategyName
from microfutures.model.intents import Intent
from microfutures.model.orders import Order, OrderStatus
from microfutures.ports.view import BrokerView


class ExecutionDesk:
    """Starts, supersedes and drives executors; every method returns what is to be done."""

    def __init__(self, *, view: BrokerView, next_ref: NextRef, settings: ExecutionSettings) -> None:
        self.orders = OrderLedger()
        self._view = view
        self._settings = settings
        self._tools = Tools(view, self.orders, next_ref, settings)
        self.running: dict[StrategyName, IntentExecutor] = {}
        """The executors that are not done; to be read only."""

    @property
    def is_idle(self) -> bool:
        """Tell whether no order is live and no intent runs."""
        return not self.running and not self.orders.unsettled

    def reason_against(self, intent: Intent) -> str | None:
        """Return why `intent` can't be started now; None when it can."""
        if len(intent.legs) > 1:
            names = [leg.instrument_id for leg in intent.legs]
            if len(set(names)) < len(names):
                return f"{intent.intent_id} names a contract twice: {', '.join(names)}"
        running = self.running.get(intent.strategy)
        if not intent.kind.is_entry:
            if running is not None and not running.intent.kind.is_entry:
                return f"already closing: {running.intent.reason}"
            return None
        if running is not None:
            return f"still working on: {running.intent.reason}"
        return self._reason_against_entry(intent)

    def _reason_against_entry(self, intent: Intent) -> str | None:
        if not intent.legs or intent.legs[0].quantity == 0:
            return f"{intent.intent_id} has no first leg to enter with"
        for record in self.orders.live_of(intent.strategy):
            return f"order {record.order.order_ref} of an earlier intent is not settled yet"
        for leg in intent.legs:
            held = self._view.position(intent.strategy, leg.instrument_id)
            if held:
                return f"already holding {held:+d} {leg.instrument_id}"
        return None

    def start(self, intent: Intent) -> list[Action]:
        """Start `intent`; an exit supersedes a running entry, whose orders are cancelled first."""
        before = self.running.get(intent.strategy)
        left = self.orders.live_of(intent.strategy)
        also_close = [record.order.instrument_id for record in left] if left else []
        actions: list[Action] = []
        if before is not None:
            also_close += [leg.instrument_id for leg in before.intent.legs]
            text = f"{intent.reason}: supersedes {before.intent.reason}"
            actions = [Report(Severity.WARNING, text), Done(before.intent, "superseded")]
        executor = IntentExecutor(intent, self._tools, also_close)
        self.running[intent.strategy] = executor
        if left:
            actions += executor.adopt(left)
        return actions + self._step(executor)

    def on_update(self, update: OrderUpdated) -> list[Action]:
        """Take what the broker says of an order."""
        known = self.orders.get(update.order_ref)
        before = known.status if known else None
        record = self.orders.on_update(update)
        actions = self._tell_oddities()
        if record is None:
            return actions
        executor = self.running.get(record.order.strategy)
        if executor is None:
            return actions
        if record.status is not before:
            actions += self._tell_end(executor, record)
        return actions + self._step(executor)

    def on_fill(self, strategy: StrategyName, fill: Fill) -> list[Action]:
        """Take an execution that the books have taken already."""
        change = self.orders.on_fill(fill)
        actions = self._tell_oddities()
        executor = self.running.get(strategy)
        if executor is None:
            return actions
        if change is not None:
            executor.on_fill(change)
        return actions + self._step(executor)

    def on_refused(self, order: Order, reason: str) -> list[Action]:
        """Take the news that the risk gate stopped an order: it was never sent."""
        record = self.orders.on_update(
            OrderUpdated(
                time_ns=self._view.now_ns(),
                order_ref=order.order_ref,
                status=OrderStatus.REJECTED,
                reason=reason,
            )
        )
        executor = self.running.get(order.strategy)
        if record is None or executor is None:
            return []
        return executor.on_refused(record, reason) + self._step(executor)

    def on_timer(self) -> list[Action]:
        """Chase orders that don't answer, and let every running intent look again."""
        now_ns = self._view.now_ns()
        actions = chase(self.orders, now_ns, self._settings.answer_timeout_seconds)
        for executor in list(self.running.values()):
            actions += self._step(executor)
        return actions

    def restate(self, step_ns: int) -> None:
        """Go on by a clock that stepped: no order is older or younger by it."""
        self.orders.restate(step_ns)
        for executor in self.running.values():
            executor.restate(step_ns)

    def cancel_all(self) -> list[Action]:
        """Cancel every live order and let go of the intents; positions stay as they are."""
        # Whoever waits for an intent must hear that nobody works on it any more.
        actions: list[Action] = [
            Done(each.intent, "let go, its orders are cancelled") for each in self.running.values()
        ]
        self.running.clear()
        for record in self.orders.live:
            self.orders.ask_cancel(record, self._view.now_ns())
            actions.append(CancelOrder(record.order.order_ref))
        return actions

    def _tell_end(self, executor: IntentExecutor, record: OrderRecord) -> list[Action]:
        """Tell an executor of an order that ended otherwise than it wanted."""
        if record.status is OrderStatus.REJECTED:
            return executor.on_rejected(record)
        is_unasked = record.status is OrderStatus.CANCELLED and record.cancel_asked_ns is None
        if is_unasked and not record.is_told_filled:
            return executor.on_cancelled_unasked(record)
        return []

    def _tell_oddities(self) -> list[Action]:
        return [Report(Severity.ERROR, text) for text in self.orders.take_oddities()]

    def _step(self, executor: IntentExecutor) -> list[Action]:
        actions = executor.step()
        if executor.is_done and self.running.get(executor.intent.strategy) is executor:
            del self.running[executor.intent.strategy]
        return actions
