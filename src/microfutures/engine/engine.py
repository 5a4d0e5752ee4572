"""The deterministic state machine: one event in, effects and records out.

No I/O, no `await`, no clock: the same events give the same answers, byte for byte. Live,
replay and backtest run this one.
"""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from microfutures.engine.admission import Admission
from microfutures.engine.output import (
    Cancel,
    EngineOutput,
    OutputBuilder,
    RequestHistory,
    RequestState,
    Submit,
)
from microfutures.engine.reconciliation import Reconciler
from microfutures.engine.state import DeskState
from microfutures.execution.actions import Action, CancelOrder, Done, Report, SendOrder
from microfutures.execution.desk import ExecutionDesk
from microfutures.execution.leg import ExecutionSettings
from microfutures.model.approval import Approved, Refused
from microfutures.model.events import (
    AccountReported,
    BrokerOrder,
    BrokerStateReported,
    Command,
    CommandReceived,
    CommissionReceived,
    ConnectionChanged,
    ConnectionState,
    EngineEvent,
    FillReceived,
    HistoryLoaded,
    InstrumentResolved,
    MarginPreviewed,
    NoticeReceived,
    OrderUpdated,
    Severity,
    TimerFired,
)
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef, StrategyName
from microfutures.model.intents import Intent, Refusal, SignalKind, TargetLeg
from microfutures.model.market import Quote
from microfutures.model.orders import Order, OrderStatus, Side
from microfutures.model.snapshot import SystemEventView
from microfutures.model.timestamp import exchange_time, seconds
from microfutures.portfolio import Portfolio
from microfutures.risk.context import RiskContext
from microfutures.risk.gate import RiskGate
from microfutures.risk.limits import RiskLimits
from microfutures.strategies.base import Strategy

KEPT_EVENTS = 200
KEPT_TRADES = 200
SETTLE_SECONDS = 5.0
"""An order this young may be unknown to the broker without being lost."""
RECONCILE_SECONDS = 300.0
RETRY_RECONCILE_SECONDS = 10.0
TRADING_DAY_STARTS_HOURS_EARLY = 6
"""The trading day begins at 18:00 New York of the day before."""

_QUIET_LEVELS = (Severity.DEBUG,)


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine is told at the start."""

    check_interval_seconds: float
    order_ref_prefix: str
    """Names this run's orders; unique for each start."""
    limits: RiskLimits = RiskLimits()
    execution: ExecutionSettings = ExecutionSettings()


class Trade(msgspec.Struct, frozen=True):
    """A fill that was booked, for the display."""

    strategy: StrategyName
    fill: Fill
    reason: str


class Engine:
    """The desk."""

    def __init__(
        self, *, portfolio: Portfolio, strategies: Sequence[Strategy], settings: EngineSettings
    ) -> None:
        self.state = DeskState(portfolio)
        self.portfolio = portfolio
        self.strategies = strategies
        self.gate = RiskGate(settings.limits)
        self.desk = ExecutionDesk(
            view=self.state, next_ref=self._next_ref, settings=settings.execution
        )
        self.events: deque[SystemEventView] = deque(maxlen=KEPT_EVENTS)
        self.trades: deque[Trade] = deque(maxlen=KEPT_TRADES)
        self._settings = settings
        self._admission = Admission(headroom_percent=settings.limits.margin_headroom_percent)
        self._reconciler = Reconciler()
        self._out = OutputBuilder()
        self._sequence = 0
        self._orders_made = 0
        self._owners: dict[OrderRef, tuple[StrategyName, str]] = {}
        self._next_check_ns = 0
        self._next_reconcile_ns = 0
        self._day = ""
        self._day_start_net = Decimal(0)
        self._handlers: dict[type, Callable[..., None]] = {
            Quote: self._on_quote,
            TimerFired: self._on_timer,
            InstrumentResolved: self._on_instrument,
            HistoryLoaded: self._on_history,
            ConnectionChanged: self._on_connection,
            NoticeReceived: self._on_notice,
            OrderUpdated: self._on_order,
            FillReceived: self._on_fill,
            CommissionReceived: self._on_commission,
            BrokerStateReported: self._on_broker_state,
            AccountReported: self._on_account,
            MarginPreviewed: self._on_margin,
            CommandReceived: self._on_command,
        }

    def process(self, event: EngineEvent) -> EngineOutput:
        """Take one event and return what follows from it."""
        self._sequence += 1
        # Events of several sources meet in one queue: the desk's time never goes back.
        self.state.time_ns = max(self.state.time_ns, event.time_ns)
        self._handlers[type(event)](event)
        return self._out.take(self._sequence)

    @property
    def is_quiet(self) -> bool:
        """Tell whether no order is live and nothing is being worked on."""
        return not self.desk.orders.live and not self.desk.running

    def blocked_reasons(self) -> list[str]:
        """Return why positions can't be closed now, if they can't."""
        return [
            reason for executor in self.desk.running.values() for reason in executor.blocked_reasons
        ]

    # -- market -------------------------------------------------------------------------------

    def _on_quote(self, quote: Quote) -> None:
        self.state.quotes[quote.instrument_id] = quote
        self.state.last_message_ns = quote.time_ns

    def _on_instrument(self, event: InstrumentResolved) -> None:
        instrument = event.instrument
        before = self.state.resolve(event.symbol, instrument)
        if before is not None and before.instrument_id == instrument.instrument_id:
            return
        expiry = f", last trade {instrument.last_trade_date}" if instrument.last_trade_date else ""
        was = f" (was {before.instrument_id})" if before else ""
        self._say(Severity.INFO, f"{event.symbol} is {instrument.instrument_id}{was}{expiry}")
        for strategy in self.strategies:
            strategy.on_instrument(event.symbol, instrument)
            if before is None or event.symbol not in strategy.symbols:
                continue
            for symbol in strategy.symbols:
                current = self.state.instrument(symbol)
                if current is not None:
                    self._out.add(RequestHistory(current.instrument_id))

    def _on_history(self, event: HistoryLoaded) -> None:
        self.state.set_history(event.instrument_id, event.bars)
        self._say(Severity.INFO, f"{len(event.bars)} past bars of {event.instrument_id} loaded")
        for strategy in self.strategies:
            strategy.on_history(event.instrument_id, event.bars)

    # -- connection ---------------------------------------------------------------------------

    def _on_connection(self, event: ConnectionChanged) -> None:
        state = self.state
        if event.state is not state.connection:
            state.connection_since_ns = event.time_ns
        state.connection, state.connection_detail = event.state, event.detail
        severity = {
            ConnectionState.CONNECTED: Severity.SUCCESS,
            ConnectionState.CONNECTING: Severity.INFO,
        }.get(event.state, Severity.ERROR)
        self._say(severity, event.detail)

    def _on_notice(self, event: NoticeReceived) -> None:
        if event.severity in _QUIET_LEVELS:
            return
        code = f"[{event.code}] " if event.code is not None else ""
        advice = f" - {event.advice}" if event.advice else ""
        self._say(event.severity, f"{code}{event.message}{advice}")

    def _on_account(self, event: AccountReported) -> None:
        if self.state.account is None:
            text = f"account {event.account}: net liquidation {event.net_liquidation:,.2f} USD"
            self._say(Severity.INFO, text)
        self.state.account = event

    # -- orders -------------------------------------------------------------------------------

    def _on_order(self, event: OrderUpdated) -> None:
        self._act(self.desk.on_update(event))

    def _on_fill(self, event: FillReceived) -> None:
        fill = event.fill
        owner = self._owners.get(fill.order_ref)
        if owner is None:
            text = f"{fill.side} {fill.quantity} {fill.instrument_id} at {fill.price} is not ours"
            self._out.record("order", "ForeignFill", fill)
            self._say(Severity.DEBUG, text)
            return
        self._book(*owner, fill)
        self._act(self.desk.on_fill(owner[0], fill))

    def _book(self, strategy: StrategyName, reason: str, fill: Fill) -> None:
        instrument = self.state.instrument_by_id(fill.instrument_id)
        if instrument is None:
            text = f"can't book {fill.execution_id}: {fill.instrument_id} is not resolved"
            self._say(Severity.ERROR, text)
            return
        trips = self.portfolio.round_trips.count
        booked = self.portfolio.book_fill(strategy, fill, instrument.multiplier, reason=reason)
        if booked is None:
            return
        self.trades.appendleft(Trade(strategy, fill, reason))
        verb = "bought" if fill.side is Side.BUY else "sold"
        text = f"{verb} {fill.quantity} {fill.instrument_id} at {fill.price} ({strategy}: {reason})"
        self._say(Severity.SUCCESS, text)
        if self.portfolio.round_trips.count > trips:
            trip = self.portfolio.round_trips.finished[0]
            self._out.record("order", "RoundTripFinished", trip.view())
            text = f"{strategy} finished a round trip: {trip.gross:+,.2f} USD before commissions"
            self._say(Severity.SUCCESS if trip.gross > 0 else Severity.WARNING, text)

    def _on_commission(self, event: CommissionReceived) -> None:
        self.portfolio.book_commission(event.commission)

    def _on_margin(self, event: MarginPreviewed) -> None:
        answer = self._admission.on_preview(event, self.state.account)
        if answer is None:
            return
        intent, reason = answer
        if reason is not None:
            self._refuse(intent, "margin", reason)
        else:
            self._start(intent)

    # -- broker state -------------------------------------------------------------------------

    def _on_broker_state(self, event: BrokerStateReported) -> None:
        now_ns = self.state.time_ns
        self._resolve_orders({each.order_ref: each for each in event.open_orders})
        if self.desk.orders.live:
            # A fill may be on its way: positions are compared when nothing moves.
            self._next_reconcile_ns = now_ns + seconds(RETRY_RECONCILE_SECONDS)
            return
        self._next_reconcile_ns = now_ns + seconds(RECONCILE_SECONDS)
        findings = self._reconciler.compare(event.positions, self.portfolio.open_positions())
        for text in findings.foreign_changes:
            self._say(Severity.WARNING, text)
        for adjustment in findings.adjustments:
            self._say(Severity.ERROR, adjustment.sentence)
            self._adjust(adjustment.strategy, adjustment.instrument_id, adjustment.quantity)
        if not findings.adjustments and not findings.foreign_changes:
            count = len(self.portfolio.open_positions())
            text = f"reconciled: {count} position(s) agree with the broker's"
            self._say(Severity.INFO if event.open_orders or count else Severity.DEBUG, text)

    def _resolve_orders(self, reported: dict[OrderRef, BrokerOrder]) -> None:
        """Settle what the broker no longer knows; cancel what an earlier run left."""
        for record in self.desk.orders.live:
            order = record.order
            age = (self.state.time_ns - record.sent_ns) / 1e9
            if order.order_ref in reported or age < SETTLE_SECONDS:
                continue
            text = f"order {order.order_ref} is gone at the broker with {record.filled} filled"
            self._say(Severity.WARNING, text)
            self._act(
                self.desk.on_update(
                    OrderUpdated(
                        time_ns=self.state.time_ns,
                        order_ref=order.order_ref,
                        status=OrderStatus.CANCELLED,
                        filled=record.filled,
                        reason="not among the broker's open orders",
                    )
                )
            )
        for order_ref, found in reported.items():
            if order_ref in self._owners and self.desk.orders.get(order_ref) is None:
                text = f"order {order_ref} ({found.instrument_id}) is left of an earlier run"
                self._say(Severity.WARNING, f"{text}: cancelling it")
                self._out.add(Cancel(order_ref))

    def _adjust(self, strategy: StrategyName, instrument_id: InstrumentId, quantity: int) -> None:
        quote = self.state.quote(instrument_id)
        price = self.portfolio.mark_of(instrument_id) or Decimal(0)
        if quote is not None and quote.mid is not None:
            price = Decimal(repr(quote.mid))
        fill = Fill(
            execution_id=ExecutionId(f"adjusted.{self._sequence}.{instrument_id}.01"),
            order_ref=OrderRef(""),
            instrument_id=instrument_id,
            side=Side.BUY if quantity > 0 else Side.SELL,
            quantity=abs(quantity),
            price=price,
            time_ns=self.state.time_ns,
        )
        self._out.record("order", "PositionAdjusted", fill)
        self._book(strategy, "adjusted to the broker's position", fill)

    # -- time ---------------------------------------------------------------------------------

    def _on_timer(self, event: TimerFired) -> None:
        now_ns = self.state.time_ns
        self._act(self.desk.on_timer())
        for intent in self._admission.overdue(now_ns):
            self._refuse(intent, "margin", "the broker did not answer the margin preview")
        if self.state.connection is not ConnectionState.CONNECTED:
            return
        if now_ns >= self._next_reconcile_ns > 0:
            self._next_reconcile_ns = now_ns + seconds(RECONCILE_SECONDS)
            self._out.add(RequestState())
        if now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + seconds(self._settings.check_interval_seconds)
            self._check()

    def _check(self) -> None:
        """Evaluate every strategy once."""
        self.state.revalue()
        self._roll_day()
        self.portfolio.record_equity(self.state.time_ns)
        for strategy in self.strategies:
            quotes = {
                symbol: quote
                for symbol in strategy.symbols
                if (instrument := self.state.instrument(symbol))
                and (quote := self.state.quote(instrument.instrument_id))
            }
            signals = strategy.check_signals(quotes)
            for signal in signals:
                self._out.record("decision", "Signal", signal)
            for intent in strategy.execute_trades(signals):
                self._propose(intent)
            for refusal in strategy.refusals.take_news():
                self._out.record("decision", "Refusal", refusal)
                self._say(Severity.WARNING, f"no trade ({refusal.rule}): {refusal.reason}")

    def _roll_day(self) -> None:
        shifted = self.state.time_ns + seconds(TRADING_DAY_STARTS_HOURS_EARLY * 3600)
        day = exchange_time(shifted, pattern="%Y-%m-%d")
        if day != self._day:
            self._day, self._day_start_net = day, self.portfolio.performance().net
            if self.desk.running:
                return
            self.portfolio.distribute_capital()

    # -- intents ------------------------------------------------------------------------------

    def _propose(self, intent: Intent) -> None:
        self._out.record("decision", "Intent", intent)
        if not intent.kind.is_entry:
            self._start(intent)
        elif self.state.is_paused:
            self._refuse(intent, "pause", f"entries are blocked: {self.state.pause_reason}")
        else:
            self._out.add(self._admission.ask(intent))

    def _start(self, intent: Intent) -> None:
        reason = self.desk.reason_against(intent)
        if reason is not None:
            self._refuse(intent, "busy", reason)
            return
        self._say(Severity.INFO, f"{intent.strategy} {intent.kind}: {intent.reason}")
        self._act(self.desk.start(intent))

    def _refuse(self, intent: Intent, rule: str, reason: str) -> None:
        refusal = Refusal(
            strategy=intent.strategy, rule=rule, reason=reason, time_ns=self.state.time_ns
        )
        for strategy in self.strategies:
            if strategy.name == intent.strategy:
                strategy.on_refused(refusal)

    def _act(self, actions: Sequence[Action]) -> None:
        """Carry out what the desk asks for; what follows from it comes before the rest."""
        todo = deque(actions)
        while todo:
            match todo.popleft():
                case SendOrder(order):
                    todo.extendleft(reversed(self._send(order)))
                case CancelOrder(order_ref):
                    self._out.add(Cancel(order_ref))
                case Report(severity, text):
                    self._say(severity, text)
                case Done(intent, outcome):
                    self._finish(intent, outcome)

    def _send(self, order: Order) -> Sequence[Action]:
        decision = self.gate.check(order, self._risk_context(order))
        match decision:
            case Approved():
                self._owners[order.order_ref] = (order.strategy, order.reason)
                self._out.record("order", "OrderApproved", order)
                self._out.add(Submit(decision))
                return []
            case Refused(_, rule, reason):
                self._out.record("order", "OrderRefused", decision)
                return self.desk.on_refused(order, f"{rule}: {reason}")

    def _risk_context(self, order: Order) -> RiskContext:
        state = self.state
        live = [
            record for record in self.desk.orders.live if record.order.order_ref != order.order_ref
        ]
        return RiskContext(
            now_ns=state.time_ns,
            connection=state.connection,
            is_paused=state.is_paused,
            pause_reason=state.pause_reason,
            instrument=state.instrument_by_id(order.instrument_id),
            quote=state.quote(order.instrument_id),
            position=self.portfolio.ledger.total_position(order.instrument_id),
            working=sum(
                record.remaining * record.order.side.sign
                for record in live
                if record.order.instrument_id == order.instrument_id
            ),
            open_orders=len(live),
            day_net=self.portfolio.performance().net - self._day_start_net,
            capital=self.portfolio.initial_capital,
        )

    def _finish(self, intent: Intent, outcome: str) -> None:
        self._out.record("decision", "IntentDone", {"intent": intent, "outcome": outcome})
        self._say(Severity.INFO, f"{intent.strategy} {intent.kind} done: {outcome}")
        for strategy in self.strategies:
            if strategy.name == intent.strategy:
                strategy.on_intent_done(intent, outcome, self.state.time_ns)

    # -- commands -----------------------------------------------------------------------------

    def _on_command(self, event: CommandReceived) -> None:
        match event.command:
            case Command.START:
                for strategy in self.strategies:
                    strategy.start()
                self._say(Severity.INFO, event.reason)
            case Command.PAUSE:
                self.state.pause_reason = event.reason
                self._say(Severity.WARNING, f"paused: {event.reason}; entries blocked, exits run")
            case Command.RESUME:
                self.state.pause_reason = ""
                self._say(Severity.INFO, f"resumed: {event.reason}")
            case Command.FLATTEN:
                self.state.pause_reason = event.reason
                self._say(Severity.WARNING, f"closing all positions: {event.reason}")
                self._flatten_all(event.reason)
            case Command.CANCEL_ORDERS:
                self.state.pause_reason = event.reason
                self._admission.drop_all()
                self._act(self.desk.cancel_all())

    def _flatten_all(self, reason: str) -> None:
        self._admission.drop_all()
        for strategy in self.strategies:
            running = self.desk.running.get(strategy.name)
            if running is not None and not running.intent.kind.is_entry:
                continue
            legs = {leg.instrument_id for leg in strategy.held_legs()}
            if running is not None:
                legs |= {leg.instrument_id for leg in running.intent.legs}
            if legs:
                flat = tuple(TargetLeg(instrument_id=each, quantity=0) for each in sorted(legs))
                self._propose(
                    strategy.make_intent(SignalKind.FLATTEN, flat, reason, self.state.time_ns)
                )

    # -- words --------------------------------------------------------------------------------

    def _say(self, severity: Severity, text: str) -> None:
        self._out.say(severity, text)
        if severity not in _QUIET_LEVELS:
            self.events.appendleft(
                SystemEventView(time_ns=self.state.time_ns, severity=severity, text=text)
            )

    def _next_ref(self) -> OrderRef:
        self._orders_made += 1
        return OrderRef(f"{self._settings.order_ref_prefix}-{self._orders_made}")
