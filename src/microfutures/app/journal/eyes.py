"""What a pair strategy saw at each of its checks, from the events in a journal.

The strategy's own eyes look again, at the engine's pace: the spreads and z-scores are those that
it acted on, not a second opinion.
"""

import msgspec

from microfutures.config.settings import Settings
from microfutures.config.strategy_parameters import PairParameters
from microfutures.engine.engine import CLOCK_STEP_SECONDS
from microfutures.model.events import (
    ConnectionChanged,
    ConnectionState,
    HistoryLoaded,
    InstrumentResolved,
)
from microfutures.model.identifiers import InstrumentId, StrategyName, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote
from microfutures.model.timestamp import next_beat, seconds
from microfutures.reports.tear_sheet_input import PairPath
from microfutures.strategies.pair_eyes import Look, PairEyes


class Seen(msgspec.Struct):
    """Every look so far, over all runs of a journal."""

    times_ns: list[int] = []
    spread: list[float] = []
    z: list[float] = []


class JournalEyes:
    """The eyes of one run; a view of the market for them."""

    def __init__(self, settings: Settings, parameters: PairParameters, seen: Seen) -> None:
        self.parameters = parameters
        self.seen = seen
        self._eyes = PairEyes(parameters)
        self._interval_ns = seconds(settings.trading.check_interval)
        self._now_ns = self._next_check_ns = 0
        self._is_connected = False
        self._instruments: dict[Symbol, Instrument] = {}
        self._quotes: dict[InstrumentId, Quote] = {}

    def path(self) -> PairPath:
        """Return everything that was seen."""
        names = self.parameters
        return PairPath(
            times_ns=self.seen.times_ns,
            spread=self.seen.spread,
            z=self.seen.z,
            z_entry=names.z_entry,
            z_exit=names.z_exit,
            label=f"{names.primary_symbol} / {names.secondary_symbol}",
        )

    # -- events -------------------------------------------------------------------------------

    def on_quote(self, quote: Quote) -> None:
        """Take a quote."""
        self._pass(quote.time_ns)
        self._quotes[quote.instrument_id] = quote

    def on_instrument(self, event: InstrumentResolved) -> None:
        """Take what a symbol means now; another contract has another history."""
        self._pass(event.time_ns)
        before = self._instruments.get(event.symbol)
        self._instruments[event.symbol] = event.instrument
        is_other = before and before.instrument_id != event.instrument.instrument_id
        if is_other and event.symbol in self._eyes.symbols:
            self._eyes.spread.reset()

    def on_history(self, event: HistoryLoaded) -> None:
        """Warm up."""
        self._pass(event.time_ns)
        legs = self._eyes.instruments(self)
        if legs is None:
            return
        if event.instrument_id == legs[0].instrument_id:
            self._eyes.spread.warm_up(primary=event.bars, now_ns=self._now_ns)
        elif event.instrument_id == legs[1].instrument_id:
            self._eyes.spread.warm_up(secondary=event.bars, now_ns=self._now_ns)

    def on_connection(self, event: ConnectionChanged) -> None:
        """Look only while the line stands."""
        self.on_clock(event.time_ns)
        self._is_connected = event.state is ConnectionState.CONNECTED

    def on_clock(self, time_ns: int) -> None:
        """Step to the broker's clock, as the engine does when a line comes up."""
        step_ns = time_ns - self._now_ns
        if step_ns < -seconds(1) or step_ns > seconds(CLOCK_STEP_SECONDS):
            self._now_ns = time_ns
            self._next_check_ns = 0
        self._pass(time_ns)

    def on_timer(self, time_ns: int) -> None:
        """Look, if a check is due."""
        self._pass(time_ns)
        if not self._is_connected or self._now_ns < self._next_check_ns:
            return
        self._next_check_ns = next_beat(self._next_check_ns, self._now_ns, self._interval_ns)
        quotes = {
            symbol: quote
            for symbol in self._eyes.symbols
            if (leg := self._instruments.get(symbol))
            and (quote := self._quotes.get(leg.instrument_id))
        }
        look = self._eyes.look(self, quotes)
        ratio = self._eyes.spread.ratio
        if isinstance(look, Look):
            self._note(look.ratio, look.z)
        elif self._eyes.is_ratio_sound and ratio is not None:
            self._note(ratio, float("nan"))

    def _note(self, ratio: float, z: float) -> None:
        self.seen.times_ns.append(self._now_ns)
        self.seen.spread.append(ratio)
        self.seen.z.append(z)

    def _pass(self, time_ns: int) -> None:
        # Events of several sources meet in one queue: the desk's time never goes back.
        self._now_ns = max(self._now_ns, time_ns)

    # -- ports.view.BrokerView ----------------------------------------------------------------

    def now_ns(self) -> int:
        """Return the moment of the latest event."""
        return self._now_ns

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """Return the contract that `symbol` meant then."""
        return self._instruments.get(symbol)

    def instrument_by_id(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a contract by its own name."""
        every = self._instruments.values()
        return next((each for each in every if each.instrument_id == instrument_id), None)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the latest quote."""
        return self._quotes.get(instrument_id)

    def position(self, strategy: StrategyName, instrument_id: InstrumentId) -> int:
        """Return no position: eyes don't need any."""
        return 0

    def held(self, strategy: StrategyName) -> tuple[InstrumentId, ...]:
        """Return nothing: eyes don't hold."""
        return ()

    def history(self, instrument_id: InstrumentId) -> tuple[Bar, ...]:
        """Return no bars: they come as events."""
        return ()
