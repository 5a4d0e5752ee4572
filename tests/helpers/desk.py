"""A small market and a view of it, for tests of strategies and execution."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from microfutures.model.identifiers import InstrumentId, StrategyName, Symbol
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar, MarketDataType, Quote
from microfutures.model.sessions import Session

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
OPEN_NS = 1_788_879_600 * SECOND  # 2026-09-08 10:00 New York
ALWAYS = (Session(OPEN_NS - HOUR, OPEN_NS + 6 * HOUR),)

MCL, USO = InstrumentId("MCLX6"), InstrumentId("USO")


def an_instrument(
    instrument_id: str = "MCLX6",
    *,
    trading_hours: tuple[Session, ...] = ALWAYS,
    liquid_hours: tuple[Session, ...] = ALWAYS,
) -> Instrument:
    is_stock = instrument_id == "USO"
    return Instrument(
        instrument_id=InstrumentId(instrument_id),
        symbol=Symbol("USO" if is_stock else "MCL"),
        security_type=SecurityType.STOCK if is_stock else SecurityType.FUTURE,
        exchange="SMART" if is_stock else "NYMEX",
        currency="USD",
        multiplier=Decimal(1 if is_stock else 100),
        tick_size=Decimal("0.01"),
        con_id=2 if is_stock else 1,
        last_trade_date=None if is_stock else date(2026, 10, 19),
        trading_hours=trading_hours,
        liquid_hours=liquid_hours,
    )


def a_quote(
    instrument_id: str,
    bid: float,
    ask: float,
    *,
    time_ns: int = OPEN_NS,
    data_type: MarketDataType = MarketDataType.LIVE,
) -> Quote:
    return Quote(
        InstrumentId(instrument_id), time_ns, bid, ask, 10.0, 10.0, (bid + ask) / 2, 1.0, data_type
    )


def bars(closes: list[float], *, end_ns: int = OPEN_NS, seconds: int = 60) -> tuple[Bar, ...]:
    first = end_ns - len(closes) * seconds * SECOND
    return tuple(
        Bar(first + place * seconds * SECOND, seconds, close, close, close, close, 1.0)
        for place, close in enumerate(closes)
    )


@dataclass
class FakeView:
    """`ports.view.BrokerView` whose facts a test sets."""

    time_ns: int = OPEN_NS
    current: dict[str, Instrument] = field(
        default_factory=lambda: {"MCL": an_instrument(), "USO": an_instrument("USO")}
    )
    past: list[Instrument] = field(default_factory=list)
    quotes: dict[InstrumentId, Quote] = field(default_factory=dict)
    positions: dict[InstrumentId, int] = field(default_factory=dict)

    def now_ns(self) -> int:
        return self.time_ns

    def instrument(self, symbol: Symbol) -> Instrument | None:
        return self.current.get(symbol)

    def instrument_by_id(self, instrument_id: InstrumentId) -> Instrument | None:
        known = (*self.current.values(), *self.past)
        return next((each for each in known if each.instrument_id == instrument_id), None)

    def roll(self, symbol: str, instrument: Instrument) -> None:
        self.past.append(self.current[symbol])
        self.current[symbol] = instrument

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        return self.quotes.get(instrument_id)

    def position(self, strategy: StrategyName, instrument_id: InstrumentId) -> int:
        return self.positions.get(instrument_id, 0)

    def held(self, strategy: StrategyName) -> tuple[InstrumentId, ...]:
        return tuple(name for name, quantity in self.positions.items() if quantity)

    def history(self, instrument_id: InstrumentId) -> tuple[Bar, ...]:
        return ()

    def show(self, instrument_id: str, bid: float, ask: float) -> None:
        self.quotes[InstrumentId(instrument_id)] = a_quote(
            instrument_id, bid, ask, time_ns=self.time_ns
        )

    def pass_seconds(self, seconds: float) -> None:
        self.time_ns += round(seconds * SECOND)
