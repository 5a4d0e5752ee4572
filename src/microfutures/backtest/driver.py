"""Merges tape and timers in time order and runs the live engine and the venue on them.

Decisions are those of the live system: the same `Engine`, risk gate, ledger and venue, the same
pace of timers. Timers at which an idle engine would do nothing are passed over.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from microfutures.backtest.agenda import Agenda
from microfutures.backtest.broker import ACCOUNT, VenueBroker
from microfutures.backtest.contracts import FrontMonths, next_roll_ns, past_of
from microfutures.backtest.pulse import Pulse
from microfutures.backtest.record import BacktestResult, Record
from microfutures.engine.engine import Engine
from microfutures.engine.output import Say
from microfutures.engine.runner import EngineRunner, carry_out
from microfutures.model.errors import UnknownInstrumentError
from microfutures.model.events import (
    BrokerStateReported,
    Command,
    CommandReceived,
    ConnectionChanged,
    ConnectionState,
    EngineEvent,
    FillReceived,
    InstrumentResolved,
    Severity,
    TimerFired,
)
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.timestamp import seconds
from microfutures.portfolio.round_trips import RoundTrip
from microfutures.ports.journal import Journal
from microfutures.venue.market import MarketSource, RecordedMarket
from microfutures.venue.messages import BarUpdate, QuoteChanged, VenueEvent
from microfutures.venue.venue import Venue

WATCH_EVERY = 4096
"""Updates between two looks at whether to go on."""

Watch = Callable[[int], bool]
"""Told the moment that was reached; says whether to go on."""


_MOVES_POSITIONS = frozenset({FillReceived, BrokerStateReported})


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
            keeps_bars=not (isinstance(market, RecordedMarket) and market.is_of_closes),
        )
        past = past_of(self._venue, market)
        self._months = FrontMonths(self._venue, market, past)
        self._broker = VenueBroker(
            venue=self._venue,
            past=past,
            agenda=self._agenda,
            record=self._record,
            latency_seconds=options.latency_seconds,
            warm_up=options.warm_up,
            emit=self._emit,
        )
        self._runner: EngineRunner | None = None
        self._step: Callable[[EngineEvent], None] = self._step_alone
        if journal is None:
            engine.forgo_records()
        else:
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
        self._pulse = Pulse(engine, market.start_ns)
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
        agenda, pulse, venue, watched = self._agenda, self._pulse, self._venue, self._watched
        quote_of, step = venue.quote_of, self._step
        for update in self._market.updates():
            now_ns = update.time_ns
            if pulse.next_ns <= now_ns or agenda.next_ns <= now_ns:
                self._run_until(now_ns)
            agenda.time_ns = now_ns
            quote = quote_of(update) if type(update) is BarUpdate else None
            if quote is None:
                self._publish(venue.apply(update))
            elif update.instrument_id in watched:
                step(quote)
                pulse.heed_quote(now_ns, holds=self._holds)
            played += 1
            if not played % WATCH_EVERY and not watch(now_ns):
                is_complete = False
                break
        self._end()
        return self._result(played, is_complete=is_complete)

    # -- time ---------------------------------------------------------------------------------

    def _run_until(self, moment_ns: int) -> None:
        """Do what is due up to `moment_ns`; a tick of that very moment is still on the wire."""
        agenda, pulse = self._agenda, self._pulse
        while True:
            if agenda.next_ns <= pulse.next_ns:
                if agenda.next_ns > moment_ns:
                    return
                self._advance(agenda.next_ns)
                agenda.do_next()
            else:
                if pulse.next_ns > moment_ns:
                    return
                self._advance(pulse.next_ns)
                self._on_timer()

    def _advance(self, moment_ns: int) -> None:
        if moment_ns > self._agenda.time_ns:
            self._agenda.time_ns = moment_ns
            events = self._venue.advance(moment_ns)
            if events:
                self._publish(events)

    def _on_timer(self) -> None:
        agenda, floor = self._agenda, self._engine.floor
        now_ns = agenda.time_ns
        if now_ns >= self._roll_ns:
            self._roll_ns = next_roll_ns(now_ns)
            self._resolve_all()
        self._step(TimerFired(time_ns=now_ns))
        # What this very timer sets going has a fine clock at once, like in the shell, even if it
        # is done before any time has passed.
        is_busy = floor.is_busy
        if agenda.next_ns <= now_ns:
            while agenda.next_ns <= now_ns:
                agenda.do_next()
            is_busy = is_busy or floor.is_busy
        if now_ns >= self._point_ns:
            self._add_equity(now_ns)
        if is_busy:
            self._pulse.hurry(now_ns)
            return
        # A message on its way may wake the engine: what is before it is as idle as now.
        due_ns = agenda.next_ns if agenda.next_ns < self._roll_ns else self._roll_ns
        if self._broker.has_news and self._engine.truth.next_ns:
            due_ns = min(due_ns, self._engine.truth.next_ns)
        self._pulse.set_next(now_ns, due_ns)

    def _add_equity(self, now_ns: int) -> None:
        self._point_ns = now_ns + seconds(self._options.equity_seconds)
        self._record.equity.append((now_ns, float(self._engine.portfolio.current_capital)))

    # -- events -------------------------------------------------------------------------------

    def _publish(self, events: Sequence[VenueEvent]) -> None:
        others = False
        for event in events:
            if type(event) is QuoteChanged:
                if event.quote.instrument_id in self._watched:
                    self._step(event.quote)
                    self._pulse.heed_quote(self._agenda.time_ns, holds=self._holds)
            else:
                others = True
        if others:
            self._broker.publish(events)

    def _emit(self, event: EngineEvent) -> None:
        self._step(event)
        if type(event) not in _MOVES_POSITIONS:
            return
        portfolio = self._engine.portfolio
        self._holds = bool(portfolio.positions)
        trips = portfolio.round_trips
        new = trips.count - len(self._trips)
        if new:
            self._trips += reversed([trips.finished[place] for place in range(new)])

    def _step_alone(self, event: EngineEvent) -> None:
        for effect in self._engine.hear(event):
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
        self._pulse.hurry(self._agenda.time_ns)
        end_ns = self._agenda.time_ns + seconds(self._options.flatten_seconds)
        while self._agenda.next_ns <= end_ns or not self._is_closed():
            next_ns = min(self._agenda.next_ns, self._pulse.next_ns)
            if next_ns > end_ns:
                break
            self._run_until(next_ns)

    def _is_closed(self) -> bool:
        return self._engine.floor.is_quiet and not self._engine.portfolio.positions

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
                for strategy, instrument_id, quantity in portfolio.positions
            ),
            refusals=tuple(
                (each.rule, each.count, each.latest)
                for strategy in engine.strategies
                for each in strategy.status().refusals
            ),
        )
