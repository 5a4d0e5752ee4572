"""An engine with one strategy that enters once, fed by hand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from helpers.desk import MCL, OPEN_NS, SECOND, USO, a_quote, an_instrument
from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.engine.output import EngineOutput, Preview
from microfutures.model.events import (
    AccountReported,
    Command,
    CommandReceived,
    ConnectionChanged,
    ConnectionState,
    InstrumentResolved,
    MarginPreviewed,
    TimerFired,
)
from microfutures.model.identifiers import Symbol
from microfutures.model.intents import Intent, Signal, SignalKind, TargetLeg
from microfutures.model.market import Quote
from microfutures.portfolio import Portfolio
from microfutures.strategies.base import Strategy
from microfutures.strategies.status import StrategyStatus

DEFAULTS = RiskLimits()


class OnceStrategy(Strategy):
    """Enters once, with the legs a test gives it."""

    def __init__(self, legs: tuple[TargetLeg, ...]) -> None:
        super().__init__("once", 2000, None)
        self.legs: tuple[TargetLeg, ...] = legs

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return (Symbol("MCL"), Symbol("USO"))

    def check_signals(self, market_data: Mapping[Symbol, Quote]) -> list[Signal]:
        return []

    def execute_trades(self, signals: Sequence[Signal]) -> list[Intent]:
        legs, self.legs = self.legs, ()
        if not legs:
            return []
        return [self.make_intent(SignalKind.ENTER_LONG, legs, "test", OPEN_NS)]

    def status(self) -> StrategyStatus:
        return StrategyStatus(
            state="testing",
            metrics=(),
            z_score=None,
            z_entry=None,
            z_exit=None,
            why_no_trade="",
            refusals=(),
        )

    def held_legs(self) -> tuple[TargetLeg, ...]:
        return ()


class ADesk:
    """An engine that is connected and sees both markets."""

    def __init__(self, shares: int, limits: RiskLimits = DEFAULTS) -> None:
        legs = (
            TargetLeg(instrument_id=MCL, quantity=1),
            TargetLeg(instrument_id=USO, quantity=-shares),
        )
        self.strategy = OnceStrategy(legs)
        portfolio = Portfolio()
        portfolio.add_strategy(self.strategy)
        settings = EngineSettings(check_interval_seconds=1, order_ref_prefix="t", limits=limits)
        self.engine = Engine(portfolio=portfolio, strategies=[self.strategy], settings=settings)
        for name, symbol in (("MCLX6", "MCL"), ("USO", "USO")):
            self.engine.process(
                InstrumentResolved(
                    time_ns=OPEN_NS, symbol=Symbol(symbol), instrument=an_instrument(name)
                )
            )
        self.engine.process(
            ConnectionChanged(time_ns=OPEN_NS, state=ConnectionState.CONNECTED, detail="test")
        )
        self.engine.process(a_quote("MCLX6", 70.00, 70.02))
        self.engine.process(a_quote("USO", 75.10, 75.12))
        self.engine.process(CommandReceived(time_ns=OPEN_NS, command=Command.START, reason="test"))

    def timer(self, seconds: float = 0.0) -> EngineOutput:
        return self.engine.process(TimerFired(time_ns=OPEN_NS + round(seconds * SECOND)))

    def previewed(self, preview: Preview) -> list[EngineOutput]:
        self.engine.process(
            AccountReported(
                time_ns=OPEN_NS,
                account="DU1",
                net_liquidation=Decimal(25_000),
                cash=Decimal(25_000),
                available_funds=Decimal(25_000),
                initial_margin=Decimal(0),
                maintenance_margin=Decimal(0),
            )
        )
        return [
            self.engine.process(
                MarginPreviewed(
                    time_ns=OPEN_NS,
                    intent_id=preview.intent_id,
                    instrument_id=leg.instrument_id,
                    initial_margin_change=Decimal(1000),
                    maintenance_margin_change=Decimal(1000),
                    equity_with_loan=Decimal(25_000),
                )
            )
            for leg in preview.trades
        ]
