"""Merges tape and timers in time order and runs the live engine and the venue on them.

Decisions are those of the live system: the same `Engine`, risk gate, ledger and venue, the same
pace of timers. Timers at which an idle engine would do nothing are passed over.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from microfutures.backtest.agenda import Agenda
from microfutures.backtest.broker import ACCOUNT, VenueBroker
from microfutures.backtest.contracts import FrontMonths, next_roll_ns
from microfutures.backtest.record import BacktestResult, Record
from microfutures.engine.engine import Engine
from microfutures.engine.output import Say
from microfutures.engine.runner import (
    BUSY_TIMER_SECONDS,
    IDLE_TIMER_SECONDS,
    EngineRunner,
    carry_out,
)
from microfutures.model.errors import UnknownInstrumentError
from microfutures.model.events import (
    Command,
    CommandReceived,
    ConnectionChanged,
    ConnectionState,
    EngineEvent,
    InstrumentResolved,
    Severity,
    TimerFired,
)
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.timestamp import seconds
from microfutures.portfolio.round_trips import RoundTrip
from microfutures.ports.journal import Journal
from microfutures.venue.market import MarketSource
from microfutures.venue.messages import QuoteChanged, VenueEvent
from microfutures.venue.venue import Venue

WATCH_EVERY = 4096
"""Updates between two looks at whether to go on."""

Watch = Callable[[int], bool]
"""Told the moment that was reached; says whether to go on."""


class BacktestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a backtest is run."""

    symbols: tuple[Symbol, ...]
    warm_up: tuple[int, int]
    """Length in seconds and number of the past bars that strategies are warmed up with."""
    cash: Decimal
    """Of the account at the venue, USD."""
    latency_seconds: float = 0.25
    """Of an order on its way to the venue, and of its answer on the way back."""
    flatten_seconds: float = 30.0
    """How long positions may take to be closed at the end."""
    equity_seconds: float = 60.0
    """Between two points of the equity at least."""
    seed: int = 1


class Backtest:
    """One engine on one tape; to be run once."""

    def __init__(
        self,
        *,
        engine: Engine,
        market: MarketSource,
        options: BacktestOptions,
        journal: Journal | None = None,
        speak: Callable[[int, Say], None] = lambda _time, _say: None,
    ) -> None:
        self._engine = engine
        self._market = market
        self._options = options
        self._speak = speak
        self._agenda = Agenda(market.start_ns)
        self._record = Record()
        self._trips: list[RoundTrip] = []
        self._venue = Venue(
            instruments=market.instruments,
            accounts=(ACCOUNT,),
            initial_cash=options.cash,
            start_ns=market.start_ns,
            seed=options.seed,
        )
        self._months = FrontMonths(self._venue, market)
        self._broker = VenueBroker(
            venue=self._venue,
            market=market,
            agenda=self._agenda,
            record=self._record,
            latency_seconds=options.latency_seconds,
            warm_up=options.warm_up,
            emit=self._emit,
        )
        self._runner: EngineRunner | None = None
        self._step: Callable[[EngineEvent], None] = self._step_alone
        if journal is not None:
            self._runner = EngineRunner(
                engine=engine,
                journal=journal,
                broker=self._broker,
                clock=self._agenda,
                speak=speak,
                first_sequence=0,
            )
            self._step = self._runner.step
        self._watched: set[InstrumentId] = set()
        self._idle_ns = seconds(min(engine.check_interval_seconds, IDLE_TIMER_SECONDS))
        self._timer_ns = market.start_ns + self._idle_ns
        self._check_step_ns = -(-seconds(engine.check_interval_seconds) // self._idle_ns) * (
            self._idle_ns
        )
        self._woken_ns = 0
        """When time would be told next if no strategy rested."""
        self._holds = False
        """Whether a position is open, so that losses are watched at every check."""
        self._roll_ns = next_roll_ns(market.start_ns)
        self._point_ns = 0

    def note(self, payload: object) -> None:
        """Journal something that is no event, under the name of its type."""
        if self._runner is not None:
            self._runner.note(self._agenda.time_ns, payload)

    def run(self, watch: Watch = lambda _time: True) -> BacktestResult:
        """Play the tape to its end, or as long as `watch` says; close what is open then."""
        self._begin()
        played, is_complete = 0, True
        apply, publish = self._venue.apply, self._publish
        for update in self._market.updates():
            self._run_until(update.time_ns)
            self._agenda.time_ns = update.time_ns
            publish(apply(update))
            played += 1
            if played % WATCH_EVERY == 0 and not watch(update.time_ns):
                is_complete = False
                break
        self._end()
        return self._result(played, is_complete=is_complete)

    # -- time ---------------------------------------------------------------------------------

    def _run_until(self, moment_ns: int) -> None:
        """Do what is due before `moment_ns`; at one moment the market comes first."""
        agenda = self._agenda
        while (next_ns := min(agenda.next_ns, self._timer_ns)) < moment_ns:
            self._advance(next_ns)
            if agenda.next_ns <= self._timer_ns:
                agenda.do_next()
            else:
                self._on_timer()

    def _advance(self, moment_ns: int) -> None:
        if moment_ns > self._agenda.time_ns:
            self._agenda.time_ns = moment_ns
            self._publish(self._venue.advance(moment_ns))

    def _on_timer(self) -> None:
        now_ns = self._agenda.time_ns
        if now_ns >= self._roll_ns:
            self._roll_ns = next_roll_ns(now_ns)
            self._resolve_all()
        self._step(TimerFired(time_ns=now_ns))
        while self._agenda.next_ns <= now_ns:
            # What this very timer sets going is to have a fine clock at once, like in the shell.
            self._agenda.do_next()
        if now_ns >= self._point_ns:
            self._add_equity(now_ns)
        self._timer_ns = self._next_timer_ns(now_ns)

    def _add_equity(self, now_ns: int) -> None:
        self._point_ns = now_ns + seconds(self._options.equity_seconds)
        self._record.equity.append((now_ns, float(self._engine.portfolio.current_capital)))

    def _next_timer_ns(self, now_ns: int) -> int:
        """Return when time is told next: at the live pace, but for timers that do nothing."""
        engine = self._engine
        if engine.is_busy:
            return now_ns + min(seconds(BUSY_TIMER_SECONDS), self._idle_ns)
        self._woken_ns = check_ns = self._on_grid(now_ns, engine.next_check_ns)
        # A message on its way may wake the engine: what is before it is as idle as now.
        due_ns = min(self._roll_ns, self._agenda.next_ns)
        if self._broker.has_news and engine.next_reconcile_ns:
            due_ns = min(due_ns, engine.next_reconcile_ns)
        if due_ns <= check_ns:
            return min(check_ns, self._on_grid(now_ns, due_ns))
        return self._on_beat(min(due_ns, engine.rests_until(now_ns)))

    def _on_beat(self, due_ns: int) -> int:
        """Return the first moment from `due_ns` on at which checks would be made without rest.

        So a rest changes nothing that comes after it.
        """
        steps = max(0, -(-(due_ns - self._woken_ns) // self._check_step_ns))
        return self._woken_ns + steps * self._check_step_ns

    def _on_grid(self, now_ns: int, due_ns: int) -> int:
        """Return the first moment from `due_ns` on, after now, at which the shell tells time."""
        return now_ns + max(1, -(-(due_ns - now_ns) // self._idle_ns)) * self._idle_ns

    def _wake(self) -> None:
        """End a rest: time is told again as if there had been none."""
        self._timer_ns = min(self._timer_ns, self._on_beat(self._agenda.time_ns))

    # -- events -------------------------------------------------------------------------------

    def _publish(self, events: Sequence[VenueEvent]) -> None:
        others = False
        for event in events:
            if type(event) is QuoteChanged:
                if event.quote.instrument_id in self._watched:
                    self._step(event.quote)
                    if self._holds and self._timer_ns > self._woken_ns:
                        self._wake()
            else:
                others = True
        if others:
            self._broker.publish(events)

    def _emit(self, event: EngineEvent) -> None:
        self._step(event)
        portfolio = self._engine.portfolio
        self._holds = bool(portfolio.open_positions())
        trips = portfolio.round_trips
        new = trips.count - len(self._trips)
        self._trips += reversed([trips.finished[place] for place in range(new)])

    def _step_alone(self, event: EngineEvent) -> None:
        output = self._engine.process(event)
        for effect in output.effects:
            if isinstance(effect, Say):
                self._speak(event.time_ns, effect)
            else:
                carry_out(effect, self._broker)

    # -- beginning and end --------------------------------------------------------------------

    def _begin(self) -> None:
        """Tell the engine what a new connection learns, in the same order."""
        self._add_equity(self._agenda.time_ns)
        self._command(Command.START, "backtest started")
        self._connection(ConnectionState.CONNECTING, self._market.describe())
        self._resolve_all()
        self._broker.tell_state()
        for instrument_id in sorted(self._watched):
            self._broker.tell_history(instrument_id)
        self._connection(ConnectionState.CONNECTED, "the tape runs")

    def _resolve_all(self) -> None:
        now_ns = self._agenda.time_ns
        for symbol in self._options.symbols:
            try:
                instrument = self._months.resolve(symbol, now_ns)
            except UnknownInstrumentError as error:
                self._speak(now_ns, Say(Severity.WARNING, str(error)))
                continue
            self._watched.add(instrument.instrument_id)
            self._emit(InstrumentResolved(time_ns=now_ns, symbol=symbol, instrument=instrument))

    def _end(self) -> None:
        """Close what is open and wait for the answers, as a live day ends."""
        self._command(Command.FLATTEN, "the tape has ended")
        self._timer_ns = self._agenda.time_ns + seconds(BUSY_TIMER_SECONDS)
        end_ns = self._agenda.time_ns + seconds(self._options.flatten_seconds)
        while self._agenda.next_ns <= end_ns or not self._is_closed():
            next_ns = min(self._agenda.next_ns, self._timer_ns)
            if next_ns > end_ns:
                break
            self._run_until(next_ns + 1)

    def _is_closed(self) -> bool:
        return self._engine.floor.is_quiet and not self._engine.portfolio.open_positions()

    def _command(self, command: Command, reason: str) -> None:
        now_ns = self._agenda.time_ns
        self._emit(CommandReceived(time_ns=now_ns, command=command, reason=reason))

    def _connection(self, state: ConnectionState, detail: str) -> None:
        self._emit(ConnectionChanged(time_ns=self._agenda.time_ns, state=state, detail=detail))

    def _result(self, played: int, *, is_complete: bool) -> BacktestResult:
        engine, portfolio = self._engine, self._engine.portfolio
        engine.state.revalue()
        self._add_equity(self._agenda.time_ns)
        performance = portfolio.performance()
        return BacktestResult(
            first_ns=self._market.start_ns,
            last_ns=self._agenda.time_ns,
            updates=played,
            is_complete=is_complete,
            orders=tuple(self._record.orders),
            fills=tuple(self._record.fills),
            round_trips=tuple(trip.view() for trip in self._trips),
            equity=tuple(self._record.equity),
            multipliers={
                each.instrument_id: float(each.multiplier) for each in self._market.instruments
            },
            initial_capital=portfolio.initial_capital,
            realized=performance.realized,
            unrealized=performance.unrealized,
            commissions=performance.commissions,
            account_profit=self._venue.account(ACCOUNT).net_liquidation - self._options.cash,
            still_open=tuple(
                f"{quantity:+d} {instrument_id} ({strategy})"
                for strategy, instrument_id, quantity in portfolio.open_positions()
            ),
            refusals=tuple(
                (each.rule, each.count, each.latest)
                for strategy in engine.strategies
                for each in strategy.status().refusals
            ),
        )
