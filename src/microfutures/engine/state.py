"""What the engine knows of the world, by events alone; the strategies' view of the broker."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from microfutures.model.events import AccountReported, ConnectionState
from microfutures.model.identifiers import InstrumentId, StrategyName, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote
from microfutures.portfolio import Portfolio


class DeskState:
    """The market, the contracts, the account and the line to the broker, as last heard.

    Satisfies `ports.view.BrokerView`.
    """

    def __init__(self, portfolio: Portfolio) -> None:
        self.portfolio = portfolio
        self.time_ns = 0
        self.started_ns = 0
        self.connection = ConnectionState.DISCONNECTED
        self.connection_detail = "not connected yet"
        self.connection_since_ns = 0
        self.line_lost_ns = 0
        """When the line was lost for the last time; at first, when the run began."""
        self.last_message_ns: int | None = None
        self.account: AccountReported | None = None
        self.pause_reason = ""
        self.kill_reason = ""
        self.quotes: dict[InstrumentId, Quote] = {}
        self.instruments: dict[InstrumentId, Instrument] = {}
        self.current: dict[Symbol, Instrument] = {}
        self._history: dict[InstrumentId, tuple[Bar, ...]] = {}

    @property
    def is_paused(self) -> bool:
        """Tell whether entries are blocked."""
        return bool(self.pause_reason)

    def resolve(self, symbol: Symbol, instrument: Instrument) -> Instrument | None:
        """Take the contract that `symbol` means now; return the one it meant before."""
        before = self.current.get(symbol)
        self.current[symbol] = instrument
        self.instruments[instrument.instrument_id] = instrument
        return before

    def set_history(self, instrument_id: InstrumentId, bars: tuple[Bar, ...]) -> None:
        """Take the warm-up bars of a contract."""
        self._history[instrument_id] = bars

    def quotes_of(self, symbols: Iterable[Symbol]) -> dict[Symbol, Quote]:
        """Return the latest quote of every product that has one."""
        current, quotes = self.current, self.quotes
        found: dict[Symbol, Quote] = {}
        for symbol in symbols:
            instrument = current.get(symbol)
            quote = None if instrument is None else quotes.get(instrument.instrument_id)
            if quote is not None:
                found[symbol] = quote
        return found

    def revalue(self) -> None:
        """Value open positions at the middle of their latest quotes."""
        portfolio = self.portfolio
        for _, instrument_id, _ in portfolio.positions:
            quote = self.quotes.get(instrument_id)
            mark = None if quote is None else quote.mark
            if mark is not None:
                portfolio.mark(instrument_id, mark)

    def latest_marks(self) -> dict[InstrumentId, Decimal]:
        """Return the middle of the latest quote of all that is held."""
        marks = {}
        for _, instrument_id, _ in self.portfolio.positions:
            quote = self.quotes.get(instrument_id)
            mark = None if quote is None else quote.mark
            if mark is not None:
                marks[instrument_id] = mark
        return marks

    def restate(self, step_ns: int) -> None:
        """Restate when the latest quotes came and the line was lost, after the clock stepped."""
        self.started_ns += step_ns
        self.line_lost_ns += step_ns
        for name, quote in self.quotes.items():
            self.quotes[name] = replace(quote, time_ns=quote.time_ns + step_ns)

    def now_ns(self) -> int:
        """Return the moment of the latest event."""
        return self.time_ns

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """Return the contract that `symbol` means now."""
        return self.current.get(symbol)

    def instrument_by_id(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a contract by its own name."""
        return self.instruments.get(instrument_id)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the latest quote."""
        return self.quotes.get(instrument_id)

    def position(self, strategy: StrategyName, instrument_id: InstrumentId) -> int:
        """Return the signed position of `strategy`, by fills."""
        account = self.portfolio.ledger.accounts.get((strategy, instrument_id))
        return account.quantity if account is not None else 0

    def held(self, strategy: StrategyName) -> tuple[InstrumentId, ...]:
        """Return every contract that `strategy` holds, by fills."""
        held = self.portfolio.positions
        return tuple([instrument_id for owner, instrument_id, _ in held if owner == strategy])

    def history(self, instrument_id: InstrumentId) -> tuple[Bar, ...]:
        """Return the warm-up bars."""
        return self._history.get(instrument_id, ())
