from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from helpers.desk import HOUR, OPEN_NS, SECOND, a_quote, an_instrument
from helpers.risk import a_context, an_order
from microfutures.config.risk_limits import RiskLimits
from microfutures.model.approval import Approved, Refused
from microfutures.model.events import ConnectionState
from microfutures.model.market import MarketDataType
from microfutures.model.orders import Order, OrderPurpose, Side
from microfutures.model.sessions import Session
from microfutures.risk.context import RiskContext
from microfutures.risk.gate import RiskGate

CLOSED = (Session(OPEN_NS + HOUR, OPEN_NS + 2 * HOUR),)
OPENINGS = (OrderPurpose.ENTRY, OrderPurpose.HEDGE)
CLOSINGS = (OrderPurpose.EXIT, OrderPurpose.FLATTEN)


@pytest.fixture
def gate() -> RiskGate:
    return RiskGate(RiskLimits())


def refusal(gate: RiskGate, order: Order, context: RiskContext) -> tuple[str, str]:
    decision = gate.check(order, context)
    assert isinstance(decision, Refused), decision
    return decision.rule, decision.reason


def held(quantity: int, **more: Any) -> RiskContext:
    return a_context(position=quantity, strategy_position=quantity, **more)


def test_gate_approves_an_order_against_which_nothing_stands(gate: RiskGate) -> None:
    order = an_order()
    assert gate.check(order, a_context()) == Approved(order)


def test_gate_never_approves_a_name_twice(gate: RiskGate) -> None:
    gate.check(an_order(), a_context())
    assert refusal(gate, an_order(), a_context()) == ("duplicate", "r1 was approved before")


def test_gate_approves_a_name_that_was_only_refused_before(gate: RiskGate) -> None:
    gate.check(an_order(), a_context(is_paused=True, pause_reason="test"))
    assert isinstance(gate.check(an_order(), a_context()), Approved)


@dataclass
class Case:
    rule: str
    words: str
    context: RiskContext
    quantity: int = 1
    limit_ticks: int | None = 7004
    side: Side = Side.BUY
    instrument_id: str = "MCLX6"


ENTRY_CASES = [
    Case("pause", "entries are blocked: books", a_context(is_paused=True, pause_reason="books")),
    Case(
        "hours",
        "outside its liquid hours",
        a_context(instrument=an_instrument(liquid_hours=CLOSED)),
    ),
    Case("quote", "no quote of MCLX6 yet", a_context(quote=None)),
    Case("correlation", "would lean by -100,001.00 USD", a_context(family_net=-100_001.0)),
    Case("correlation", "would lean by +130,000", a_context(family_net=9e4, entry_net=4e4)),
    Case("quote", "61 s old, limit 60 s", a_context(now_ns=OPEN_NS + 61 * SECOND)),
    Case("quote", "crossed", a_context(quote=a_quote("MCLX6", 70.05, 70.02))),
    Case(
        "quote",
        "data is delayed",
        a_context(quote=a_quote("MCLX6", 70.0, 70.02, data_type=MarketDataType.DELAYED)),
    ),
    Case("open orders", "20 orders are open, max_open_orders is 20", a_context(open_orders=20)),
    Case(
        "daily loss",
        "lost 200.00 USD, at most 200.00 USD (10 %)",
        a_context(day_net=Decimal(-200)),
    ),
    Case(
        "drawdown",
        "the capital is 15.0 % below its peak, at most 15 %",
        a_context(drawdown_percent=15.0),
    ),
]


@pytest.mark.parametrize("case", ENTRY_CASES, ids=lambda case: f"{case.rule}: {case.words}")
@pytest.mark.parametrize("purpose", list(OrderPurpose))
def test_gate_holds_entries_alone_to_the_rules_for_entries(
    gate: RiskGate, case: Case, purpose: OrderPurpose
) -> None:
    context, side, limit_ticks = case.context, Side.BUY, 7004
    if purpose in CLOSINGS:
        context = replace(context, position=1, strategy_position=1)
        side, limit_ticks = Side.SELL, 6998
    order = an_order(side=side, purpose=purpose, limit_ticks=limit_ticks)
    if purpose is not OrderPurpose.ENTRY:
        assert isinstance(gate.check(order, context), Approved)
        return
    rule, reason = refusal(gate, order, context)
    assert rule == case.rule
    assert case.words in reason


OPENING_CASES = [
    Case(
        "concentration",
        "crude oil would be worth 307,001.00 USD gross over all strategies",
        a_context(family_gross=300_000.0),
    ),
    Case("order size", "6 contracts would exceed max_order_contracts 5", a_context(), 6),
    Case(
        "order size",
        "2001 shares would exceed max_order_shares 2000",
        a_context("USO"),
        2001,
        7514,
        instrument_id="USO",
    ),
    Case("position", "6 MCLX6 would exceed max_position_contracts 5", held(4), 2),
    Case("position", "6 MCLX6 would exceed", held(-4), 2, 6998, Side.SELL),
    Case("position", "6 MCLX6 would exceed", held(2, working=2), 2),
    Case("position", "6 MCLX6 would exceed", held(4, working=-4), 2),
    Case(
        "notional",
        "pair would hold 207,001.00 USD of notional, max_strategy_notional is 200,000.00 USD",
        a_context(strategy_notional=200_000.0),
    ),
    Case(
        "price collar",
        "limit 71.43 is 141 ticks from the ask 70.02, at most 140",
        a_context(),
        limit_ticks=7143,
    ),
    Case("price collar", "from the bid 70", a_context(), limit_ticks=6800, side=Side.SELL),
]


@pytest.mark.parametrize("case", OPENING_CASES, ids=lambda case: f"{case.rule}: {case.words}")
@pytest.mark.parametrize("purpose", OPENINGS)
def test_gate_holds_entries_and_hedges_to_the_rules_for_sizes(
    gate: RiskGate, case: Case, purpose: OrderPurpose
) -> None:
    order = an_order(
        case.quantity,
        instrument_id=case.instrument_id,
        side=case.side,
        purpose=purpose,
        limit_ticks=case.limit_ticks,
    )
    rule, reason = refusal(gate, order, case.context)
    assert rule == case.rule
    assert case.words in reason


@pytest.mark.parametrize(
    ("quantity", "context", "limit_ticks"),
    [
        (5, a_context(), 7004),
        (1, held(4), 7004),
        (1, a_context(strategy_notional=192_999.0), 7004),
        (1, a_context(), 7142),
        (1, a_context(day_net=Decimal("-199.99")), 7004),
        (1, a_context(drawdown_percent=14.99), 7004),
        (1, a_context(open_orders=19), 7004),
        (1, a_context(now_ns=OPEN_NS + 60 * SECOND), 7004),
    ],
)
def test_gate_approves_what_just_keeps_the_limit(
    gate: RiskGate, quantity: int, context: RiskContext, limit_ticks: int
) -> None:
    order = an_order(quantity, limit_ticks=limit_ticks)
    assert isinstance(gate.check(order, context), Approved)


@pytest.mark.parametrize("purpose", list(OrderPurpose))
@pytest.mark.parametrize(
    ("rule", "words", "facts"),
    [
        (
            "connection",
            "the connection is upstream lost",
            {"connection": ConnectionState.UPSTREAM_LOST},
        ),
        ("connection", "disconnected", {"connection": ConnectionState.DISCONNECTED}),
        ("kill", "no order is sent: enough", {"kill_reason": "enough"}),
        ("hours", "MCLX6 is not resolved", {"instrument": None}),
        (
            "hours",
            "MCLX6 is closed",
            {"instrument": an_instrument(trading_hours=CLOSED, liquid_hours=CLOSED)},
        ),
    ],
)
def test_gate_holds_every_order_to_the_line_and_the_hours(
    gate: RiskGate, purpose: OrderPurpose, rule: str, words: str, facts: dict[str, Any]
) -> None:
    stopped_by, reason = refusal(
        gate, an_order(side=Side.SELL, purpose=purpose, limit_ticks=6998), held(1, **facts)
    )
    assert stopped_by == rule
    assert words in reason


@pytest.mark.parametrize("purpose", CLOSINGS)
@pytest.mark.parametrize(
    ("quantity", "side", "facts"),
    [
        (1, Side.SELL, {"strategy_position": 0}),
        (2, Side.SELL, {"strategy_position": 1}),
        (1, Side.BUY, {"strategy_position": 1}),
        (1, Side.SELL, {"strategy_position": 1, "strategy_working": -1}),
    ],
)
def test_gate_refuses_an_exit_that_would_open_or_turn_around(
    gate: RiskGate, purpose: OrderPurpose, quantity: int, side: Side, facts: dict[str, Any]
) -> None:
    order = an_order(quantity, side=side, purpose=purpose, limit_ticks=None)
    assert refusal(gate, order, a_context(**facts))[0] == "reduce only"


def test_gate_lets_an_exit_of_any_size_close_what_is_held(gate: RiskGate) -> None:
    order = an_order(50, side=Side.SELL, purpose=OrderPurpose.FLATTEN, limit_ticks=None)
    assert isinstance(gate.check(order, held(50, quote=None)), Approved)


def test_gate_judges_an_exit_by_its_own_strategy(gate: RiskGate) -> None:
    order = an_order(side=Side.SELL, purpose=OrderPurpose.EXIT, limit_ticks=None)
    opposed = a_context(position=0, strategy_position=1)
    assert isinstance(gate.check(order, opposed), Approved)


@pytest.mark.parametrize(("bid", "ask"), [(-37.63, -37.60), (-0.01, 0.01), (0.0, 0.01)])
def test_price_collar_counts_ticks_near_zero_and_below(
    gate: RiskGate, bid: float, ask: float
) -> None:
    context = a_context(quote=a_quote("MCLX6", bid, ask))
    ask_ticks = round(ask * 100)
    allowed = max(20, abs(ask_ticks) * 2 // 100)
    near = an_order(limit_ticks=ask_ticks + allowed)
    far = an_order(limit_ticks=ask_ticks + allowed + 1, ref="r2")
    assert isinstance(gate.check(near, context), Approved)
    assert refusal(gate, far, context)[0] == "price collar"


def test_gate_refuses_more_orders_than_the_window_takes_exits_too(gate: RiskGate) -> None:
    for number in range(20):
        order = an_order(limit_ticks=7000 + number % 5, ref=f"r{number}")
        assert isinstance(gate.check(order, a_context()), Approved)
    last = an_order(side=Side.SELL, purpose=OrderPurpose.EXIT, limit_ticks=None, ref="exit")
    assert refusal(gate, last, held(1)) == ("order rate", "20 orders in 10 s, at most 20")
    later = held(1, now_ns=OPEN_NS + 10 * SECOND)
    assert isinstance(gate.check(last, later), Approved)


def test_window_of_the_order_rate_steps_with_the_clock(gate: RiskGate) -> None:
    later = OPEN_NS + 50 * SECOND
    for number in range(20):
        order = an_order(limit_ticks=7000 + number % 5, ref=f"r{number}")
        assert isinstance(gate.check(order, a_context(now_ns=later)), Approved)
    gate.restate(-50 * SECOND)
    last = an_order(side=Side.SELL, purpose=OrderPurpose.EXIT, limit_ticks=None, ref="exit")
    assert refusal(gate, last, held(1, now_ns=OPEN_NS + 9 * SECOND))[0] == "order rate"
    assert isinstance(gate.check(last, held(1, now_ns=OPEN_NS + 10 * SECOND)), Approved)


def test_gate_refuses_the_same_order_over_and_over(gate: RiskGate) -> None:
    for number in range(6):
        assert isinstance(gate.check(an_order(ref=f"r{number}"), a_context()), Approved)
    rule, reason = refusal(gate, an_order(ref="r7"), a_context())
    assert rule == "order rate"
    assert reason == "BUY 1 MCLX6 was sent 6 times in 10 s, at most 6"
    assert isinstance(gate.check(an_order(ref="r8", limit_ticks=7005), a_context()), Approved)


def test_refused_orders_do_not_count_into_the_rate(gate: RiskGate) -> None:
    for number in range(50):
        gate.check(an_order(ref=f"r{number}"), a_context(quote=None))
    assert isinstance(gate.check(an_order(), a_context()), Approved)


def test_gate_foresees_that_the_second_leg_would_not_pass(gate: RiskGate) -> None:
    # Its size is told before how the whole entry would lean.
    first = an_order(limit_ticks=None), a_context()
    second = (
        an_order(2001, instrument_id="USO", side=Side.SELL, limit_ticks=None, ref="r2"),
        a_context("USO"),
    )
    refused = gate.foresee([first, second])
    assert refused is not None
    assert refused.rule == "order size"
    assert gate.foresee([first]) is None


def test_gate_foresees_the_worth_of_both_legs_together() -> None:
    gate = RiskGate(RiskLimits(max_strategy_notional=13_000.0))
    first = an_order(limit_ticks=None), a_context()  # 7,001 USD
    second = (
        an_order(90, instrument_id="USO", side=Side.SELL, limit_ticks=None),
        a_context("USO"),  # 6,759.90 USD
    )
    assert gate.foresee([second]) is None
    refused = gate.foresee([first, second])
    assert refused is not None
    assert "13,760.90 USD" in refused.reason


def test_foreseeing_approves_and_counts_nothing(gate: RiskGate) -> None:
    for _ in range(30):
        assert gate.foresee([(an_order(), a_context())]) is None
    assert isinstance(gate.check(an_order(), a_context()), Approved)
    assert all(row.refusals == 0 for row in gate.describe())


def test_gate_describes_every_rule_with_its_limit_and_what_it_stopped(gate: RiskGate) -> None:
    gate.check(an_order(6), a_context())
    gate.check(an_order(7, ref="r2"), a_context())
    rows = {row.rule: row for row in gate.describe()}
    assert list(rows) == [rule.name for rule in gate.rules]
    assert all(row.limit for row in rows.values())
    size = rows["order size"]
    assert (size.limit, size.holds_for, size.refusals) == (
        "5 contracts, 2000 shares",
        "entries and hedges",
        2,
    )
    assert size.latest == "7 contracts would exceed max_order_contracts 5"
    assert rows["reduce only"].holds_for == "exits"
    assert rows["pause"].holds_for == "entries"
    assert rows["connection"].holds_for == "every order"


def test_notional_of_a_hedge_without_any_price_is_refused(gate: RiskGate) -> None:
    order = an_order(purpose=OrderPurpose.HEDGE, limit_ticks=None)
    assert refusal(gate, order, a_context(quote=None))[0] == "notional"


@pytest.mark.parametrize("purpose", sorted(CLOSINGS))
def test_no_rule_holds_an_order_that_closes_to_exposure_or_losses(purpose: OrderPurpose) -> None:
    """The engine leaves these numbers out of the context of such an order."""
    order = an_order(1, side=Side.SELL, purpose=purpose)
    calm = a_context(strategy_position=1)
    ruined = a_context(
        strategy_position=1,
        strategy_notional=1e12,
        family_gross=1e12,
        family_net=1e12,
        day_net=Decimal(-1_000_000),
        drawdown_percent=99.0,
    )
    assert isinstance(RiskGate(RiskLimits()).check(order, calm), Approved)
    assert isinstance(RiskGate(RiskLimits()).check(order, ruined), Approved)
