"""The engine in front of the gate: what a context counts, and entries judged as a whole."""

from decimal import Decimal

import msgspec
import pytest

from helpers.desk import MCL, OPEN_NS, USO, a_quote, an_instrument
from helpers.engine_desk import ADesk
from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.output import EngineOutput, Preview, RequestState, Submit
from microfutures.engine.risk_view import RiskView
from microfutures.engine.state import DeskState
from microfutures.execution.order_ledger import OrderLedger
from microfutures.model.fills import Fill
from microfutures.model.identifiers import (
    ExecutionId,
    IntentId,
    OrderRef,
    StrategyName,
    Symbol,
)
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.portfolio import Portfolio


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
    assert context.family == "crude oil"
    assert context.family_gross == pytest.approx(3 * 7000 + 4 * 7001 + 750.1)
    assert context.family_net == pytest.approx(7000 - 2 * 7001 - 750.1)


def effects(output: EngineOutput, kind: type[msgspec.Struct]) -> list[object]:
    return [effect for effect in output.effects if isinstance(effect, kind)]


def test_entry_whose_hedge_would_not_pass_is_refused_before_anything_is_sent() -> None:
    desk = ADesk(2001, RiskLimits(max_family_net_notional=1_000_000))
    output = desk.timer()
    assert effects(output, Preview) == []
    assert effects(output, Submit) == []
    (count,) = desk.strategy.refusals.counts
    assert (count.rule, count.count) == ("order size", 1)


@pytest.mark.parametrize(
    ("shares", "limits", "rule"),
    [
        (10, RiskLimits(max_family_net_notional=5_000), "correlation"),
        (90, RiskLimits(max_family_notional=10_000), "concentration"),
    ],
)
def test_entry_is_judged_with_all_that_moves_together(
    shares: int, limits: RiskLimits, rule: str
) -> None:
    desk = ADesk(shares, limits)
    assert effects(desk.timer(), Preview) == []
    (count,) = desk.strategy.refusals.counts
    assert count.rule == rule


def test_entry_whose_legs_balance_each_other_passes() -> None:
    desk = ADesk(90, RiskLimits(max_family_net_notional=5_000, max_family_notional=14_000))
    assert effects(desk.timer(), Preview)


def test_order_without_an_answer_makes_the_engine_ask_the_broker() -> None:
    desk = ADesk(shares=90)
    (preview,) = effects(desk.timer(), Preview)
    assert isinstance(preview, Preview)
    outputs = desk.previewed(preview)
    assert len(effects(outputs[-1], Submit)) == 1
    assert effects(desk.timer(9.5), RequestState) == []
    assert len(effects(desk.timer(10.5), RequestState)) == 1
