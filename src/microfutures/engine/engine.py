"""The deterministic state machine: one event in, effects and records out.

No I/O, no `await`, no clock: the same events give the same answers, byte for byte. Live,
replay and backtest run this one.
"""

from collections.abc import Callable, Sequence

import msgspec

from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.admission import Admission
from microfutures.engine.books import Books
from microfutures.engine.broker_state import BrokerStateDesk
from microfutures.engine.commands import CommandDesk
from microfutures.engine.connection_watch import ConnectionWatch
from microfutures.engine.floor import TradingFloor
from microfutures.engine.guards import LossGuard
from microfutures.engine.market_watch import MarketWatch
from microfutures.engine.output import (
    Effect,
    EngineOutput,
    OutputBuilder,
    RequestHistory,
)
from microfutures.engine.owners import OwnNames
from microfutures.engine.state import DeskState
from microfutures.engine.trading_days import DayStarted, TradingDays
from microfutures.engine.tripwires import Tripwires
from microfutures.engine.voice import Voice
from microfutures.execution.desk import ExecutionDesk
from microfutures.execution.leg import ExecutionSettings
from microfutures.model.events import (
    AccountReported,
    BrokerStateMissed,
    BrokerStateReported,
    ClockStepped,
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
from microfutures.model.identifiers import StrategyName, Symbol
from microfutures.model.market import Quote
from microfutures.model.timestamp import next_beat, seconds
from microfutures.portfolio import Portfolio
from microfutures.risk.gate import RiskGate
from microfutures.strategies.base import Strategy

CLOCK_STEP_SECONDS = 60.0
"""Timers come twice a second: a larger step at a connection, or one back, is another clock."""


_OF_ANOTHER_CLOCK = frozenset({ConnectionChanged, ClockStepped})


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine is told at the start."""

    check_interval_seconds: float
    order_ref_prefix: str
    """Names this run's orders; unique for each start."""
    limits: RiskLimits = RiskLimits()
    execution: ExecutionSettings = ExecutionSettings()


class Engine:
    """The desk: dispatches events to the market's state, the floor, the books."""

    def __init__(
        self, *, portfolio: Portfolio, strategies: Sequence[Strategy], settings: EngineSettings
    ) -> None:
        self.state = DeskState(portfolio)
        self.portfolio = portfolio
        self.strategies = strategies
        self.settings = settings
        self._out = OutputBuilder()
        self._names = OwnNames(settings.order_ref_prefix)
        self.voice = Voice(self.state, self._out)
        self.books = Books(
            self.state,
            self._out,
            self.voice,
            names=self._names,
            trader_of=self._trader_of,
            is_live=lambda order_ref: self.floor.desk.orders.is_live(order_ref),
        )
        self.floor = self._build_floor()
        self.commands = CommandDesk(
            state=self.state,
            floor=self.floor,
            strategies=strategies,
            voice=self.voice,
            out=self._out,
        )
        self.truth = BrokerStateDesk(
            state=self.state,
            floor=self.floor,
            books=self.books,
            commands=self.commands,
            voice=self.voice,
            out=self._out,
        )
        self._guard = self._build_guard()
        self._line = ConnectionWatch(self.state, self.voice)
        self.market = MarketWatch(
            state=self.state, limits=settings.limits, out=self._out, voice=self.voice
        )
        self._tripwires = Tripwires(
            commands=self.commands, limits=settings.limits, voice=self.voice
        )
        self._sequence = 0
        self.next_check_ns = 0
        """When strategies are evaluated next: at the first timer from then on."""
        self._days = TradingDays()
        self._on_ticks: Sequence[Strategy] = ()
        self._counted = 0
        """Of how many strategies these are the ones; more may be added after the engine is made."""
        self._day_counted = ""
        """The trading day whose loss is counted; an earlier run may have begun it."""
        self._check_interval_ns = seconds(settings.check_interval_seconds)
        self._handlers = self._table()

    def _build_floor(self) -> TradingFloor:
        settings = self.settings
        return TradingFloor(
            state=self.state,
            strategies=self.strategies,
            desk=ExecutionDesk(
                view=self.state, next_ref=self._names.next, settings=settings.execution
            ),
            gate=RiskGate(settings.limits),
            admission=Admission(headroom_percent=settings.limits.margin_headroom_percent),
            books=self.books,
            out=self._out,
            voice=self.voice,
        )

    def _build_guard(self) -> LossGuard:
        return LossGuard(
            state=self.state,
            floor=self.floor,
            commands=self.commands,
            strategies=self.strategies,
            limits=self.settings.limits,
            voice=self.voice,
            out=self._out,
        )

    def _table(self) -> dict[type, Callable[..., None]]:
        """Return who takes which event."""
        return {
            Quote: self._on_quote,
            TimerFired: self._on_timer,
            InstrumentResolved: self._on_instrument,
            HistoryLoaded: self._on_history,
            ConnectionChanged: self._on_connection,
            NoticeReceived: self.voice.on_notice,
            OrderUpdated: self._on_order,
            ClockStepped: self._tripwires.on_clock,
            FillReceived: self.floor.on_fill,
            CommissionReceived: self.books.take_commission,
            BrokerStateReported: self._on_broker_state,
            BrokerStateMissed: self.truth.on_missed,
            AccountReported: self._on_account,
            MarginPreviewed: self.floor.on_margin,
            CommandReceived: self.commands.on_command,
        }

    def process(self, event: EngineEvent) -> EngineOutput:
        """Take one event and return what follows from it."""
        effects = self.hear(event)
        return EngineOutput(self._sequence, tuple(effects), self._out.take_records())

    def hear(self, event: EngineEvent) -> Sequence[Effect]:
        """Take one event and return what is to be done; for who keeps no records (`forgo_records`).

        Without an effect, nothing was begun that needs a fine clock.
        """
        self._sequence += 1
        kind, time_ns, state, out = type(event), event.time_ns, self.state, self._out
        if kind in _OF_ANOTHER_CLOCK:
            self._follow_clock(event)
        # Events of several sources meet in one queue: otherwise the desk's time never goes back.
        if time_ns > state.time_ns:
            state.time_ns = time_ns
        elif time_ns < state.time_ns:
            self.market.doubt_ages()
        self._handlers[kind](event)
        return out.take_effects() if out.effects else ()

    def forgo_records(self) -> None:
        """Make no records from now on: nobody keeps a journal."""
        self._out.is_recording = False

    @property
    def check_interval_seconds(self) -> float:
        """Return how often strategies are evaluated."""
        return self.settings.check_interval_seconds

    @property
    def is_busy(self) -> bool:
        """Tell whether something is worked on that needs a fine clock."""
        return self.floor.is_busy

    def restore_day(self, started: DayStarted) -> None:
        """Count the day's loss from its beginning, though an earlier run saw it."""
        self._day_counted = started.day
        self.floor.day_start_net = started.net

    def _follow_clock(self, event: EngineEvent) -> None:
        """Step to the broker's time once it is known: a simulator may live on another date."""
        time_ns = event.time_ns
        step = time_ns - self.state.time_ns
        is_other_clock = step < -seconds(1) or step > seconds(CLOCK_STEP_SECONDS)
        if isinstance(event, ClockStepped) and self.state.time_ns:
            self._restate(seconds(event.seconds))
        elif self.state.time_ns and is_other_clock:
            self._restate(step)
        if self.state.time_ns and is_other_clock:
            self.state.time_ns = self.state.connection_since_ns = time_ns
            self.next_check_ns = self.truth.next_ns = 0
            self._line.next_ns = self._days.next_ns = 0
        if not self.state.started_ns:
            # Nothing was heard yet of what an earlier run has sent.
            self.state.started_ns = self.state.line_lost_ns = time_ns

    # -- market -------------------------------------------------------------------------------

    def _on_quote(self, quote: Quote) -> None:
        quote = self.market.take(quote)
        if len(self.strategies) != self._counted:
            self._counted, self._on_ticks = len(self.strategies), _tick_traders(self.strategies)
        for strategy in self._on_ticks:
            for intent in strategy.on_quote(quote):
                self.floor.propose(intent)

    def _on_instrument(self, event: InstrumentResolved) -> None:
        instrument = event.instrument
        before = self.state.resolve(event.symbol, instrument)
        self.market.doubt_ages()
        if before is not None and before.instrument_id == instrument.instrument_id:
            return
        expiry = f", last trade {instrument.last_trade_date}" if instrument.last_trade_date else ""
        was = f" (was {before.instrument_id})" if before else ""
        text = f"{event.symbol} is {instrument.instrument_id}{was}{expiry}"
        self.voice.say(Severity.INFO, text)
        for strategy in self.strategies:
            strategy.on_instrument(event.symbol, instrument)
            if before is not None and event.symbol in strategy.symbols:
                # What it was warmed up with was of another month.
                known = [self.state.instrument(symbol) for symbol in strategy.symbols]
                for each in known:
                    if each is not None:
                        self._out.add(RequestHistory(each.instrument_id))

    def _on_history(self, event: HistoryLoaded) -> None:
        self.state.set_history(event.instrument_id, event.bars)
        text = f"{len(event.bars)} past bars of {event.instrument_id} loaded"
        self.voice.say(Severity.INFO, text)
        for strategy in self.strategies:
            strategy.on_history(event.instrument_id, event.bars)

    # -- connection ---------------------------------------------------------------------------

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.state is not ConnectionState.CONNECTED:
            self.truth.on_line_lost()
            self.market.on_line_lost()
        self._line.on_change(event)

    def _restate(self, step_ns: int) -> None:
        """Restate all that was stamped before the clock stepped: no time has passed."""
        self.state.restate(step_ns)
        self.market.restate(step_ns)
        self.floor.restate(step_ns)

    def _on_account(self, event: AccountReported) -> None:
        if self.state.account is None:
            text = f"account {event.account}: net liquidation {event.net_liquidation:,.2f} USD"
            self.voice.say(Severity.INFO, text)
        self.state.account = event

    def _on_order(self, event: OrderUpdated) -> None:
        self._tripwires.on_order(event)
        self.floor.on_order(event)

    def _on_broker_state(self, event: BrokerStateReported) -> None:
        self.truth.on_report(event, cause=self._sequence)

    # -- time ---------------------------------------------------------------------------------

    def _on_timer(self, event: TimerFired) -> None:
        now_ns, line, truth = self.state.time_ns, self._line, self.truth
        if self.floor.is_busy:
            self.floor.on_timer()
        if now_ns >= line.next_ns:
            line.on_timer()
        if self.state.connection is not ConnectionState.CONNECTED:
            return
        if now_ns >= truth.next_ns:
            truth.on_timer()
        if now_ns >= self.next_check_ns:
            # A late timer delays one check and none after it: samples stay evenly apart.
            self.next_check_ns = next_beat(self.next_check_ns, now_ns, self._check_interval_ns)
            self._check()

    def _check(self) -> None:
        """Evaluate every strategy once."""
        state, now_ns = self.state, self.state.time_ns
        state.revalue()
        if now_ns >= self._days.next_ns:
            self._roll_day()
        self.market.check()
        self.portfolio.record_equity(now_ns)
        self._guard.check()
        for strategy in self.strategies:
            signals = strategy.check_signals(state.quotes_of(strategy.symbols))
            for signal in signals:
                self._out.record("decision", "Signal", signal)
            for intent in strategy.execute_trades(signals):
                self.floor.propose(intent)
            for refusal in strategy.refusals.take_news():
                self._out.record("decision", "Refusal", refusal)
                text = f"no trade ({refusal.rule}): {refusal.reason}"
                self.voice.say(Severity.WARNING, text)

    def _roll_day(self) -> None:
        """Begin a new trading day: its loss counts from here, and capital is shared out anew."""
        if not self._days.is_new(self.state.time_ns):
            return
        if self._days.day != self._day_counted:
            started = DayStarted(self._days.day, self.portfolio.performance().net)
            self._out.record("equity", "DayStarted", started)
            self.restore_day(started)
        self.portfolio.distribute_capital()

    def _trader_of(self, symbol: Symbol) -> StrategyName | None:
        """Return the first strategy that trades a product."""
        return next((each.name for each in self.strategies if symbol in each.symbols), None)


def _tick_traders(strategies: Sequence[Strategy]) -> Sequence[Strategy]:
    """Return the strategies that do anything about a single tick."""
    return [each for each in strategies if type(each).on_quote is not Strategy.on_quote]
