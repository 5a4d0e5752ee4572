"""The engine in front of the gate: what a context counts, and entries judged as a whole."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import pytest

from helpers.desk import MCL, OPEN_NS, SECOND, USO, a_quote, an_instrument
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.engine.output import EngineOutput, Preview, RequestState, Submit
from microfutures.engine.risk_view import RiskView
from microfutures.engine.state import DeskState
from microfutures.execution.order_ledger import OrderLedger
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
from microfutures.model.fills import Fill
from microfutures.model.identifiers import (
    ExecutionId,
    IntentId,
    OrderRef,
    StrategyName,
    Symbol,
)
from microfutures.model.intents import Intent, Signal, SignalKind, TargetLeg
from microfutures.model.market import Quote
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.portfolio import Portfolio
from microfutures.strategies.base import Strategy
from microfutures.strategies.status import StrategyStatus


def an_order(ref: str, strategy: str, side: Side, quantity: int, name: str = "MCLX6") -> Order:
    return Order(
        order_ref=OrderRef(ref),
        intent_id=IntentId("i"),
        strategy=StrategyName(strategy),
        instrument_id=MCL if name == "MCLX6" else USO,
        side=side,
        quantity=quantity,
        order_type=OrderType.MARKET,
        purpose=OrderPurpose.ENTRY,
    )


def a_fill(ref: str, side: Side, quantity: int, price: str) -> Fill:
    return Fill(
        execution_id=ExecutionId(f"{ref}.01"),
        order_ref=OrderRef(ref),
        instrument_id=MCL,
        side=side,
        quantity=quantity,
        price=Decimal(price),
        time_ns=OPEN_NS,
    )


def test_context_counts_all_strategies_and_the_own_apart_and_not_the_order_itself() -> None:
    state, orders = DeskState(Portfolio()), OrderLedger()
    for name in ("MCLX6", "USO"):
        state.resolve(Symbol("MCL" if name == "MCLX6" else "USO"), an_instrument(name))
    state.quotes[MCL] = a_quote("MCLX6", 70.00, 70.02)
    state.quotes[USO] = a_quote("USO", 75.00, 75.02)
    multiplier = Decimal(100)
    state.portfolio.book_fill(StrategyName("pair"), a_fill("f1", Side.BUY, 2, "70.00"), multiplier)
    state.portfolio.book_fill(
        StrategyName("other"), a_fill("f2", Side.SELL, 1, "70.00"), multiplier
    )
    orders.register(an_order("w1", "pair", Side.BUY, 1), OPEN_NS)
    orders.register(an_order("w2", "other", Side.SELL, 3), OPEN_NS)
    orders.register(an_order("w3", "pair", Side.SELL, 10, "USO"), OPEN_NS)
    asked = orders.register(an_order("w4", "pair", Side.BUY, 1), OPEN_NS).order
    context = RiskView(state, orders).context(asked, Decimal(0))
    assert (context.position, context.strategy_position) == (1, 2)
    assert (context.working, context.strategy_working) == (-2, 1)
    assert context.open_orders == 3
    assert context.strategy_notional == pytest.approx(2 * 7000 + 7001 + 750.1)


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
        raise NotImplementedError

    def held_legs(self) -> tuple[TargetLeg, ...]:
        return ()


class ADesk:
    """An engine that is connected and sees both markets."""

    def __init__(self, shares: int) -> None:
        legs = (
            TargetLeg(instrument_id=MCL, quantity=1),
            TargetLeg(instrument_id=USO, quantity=-shares),
        )
        self.strategy = OnceStrategy(legs)
        portfolio = Portfolio()
        portfolio.add_strategy(self.strategy)
        settings = EngineSettings(check_interval_seconds=1, order_ref_prefix="t")
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


def effects(output: EngineOutput, kind: type[msgspec.Struct]) -> list[object]:
    return [effect for effect in output.effects if isinstance(effect, kind)]


def test_entry_whose_hedge_would_not_pass_is_refused_before_anything_is_sent() -> None:
    desk = ADesk(shares=2001)
    output = desk.timer()
    assert effects(output, Preview) == []
    assert effects(output, Submit) == []
    (count,) = desk.strategy.refusals.counts
    assert (count.rule, count.count) == ("order size", 1)


def test_order_without_an_answer_makes_the_engine_ask_the_broker() -> None:
    desk = ADesk(shares=90)
    (preview,) = effects(desk.timer(), Preview)
    assert isinstance(preview, Preview)
    outputs = desk.previewed(preview)
    assert len(effects(outputs[-1], Submit)) == 1
    assert effects(desk.timer(9.5), RequestState) == []
    assert len(effects(desk.timer(10.5), RequestState)) == 1
