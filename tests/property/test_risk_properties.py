"""The gate never lets a limit be passed, whatever is asked of it in whatever order."""

from collections import defaultdict, deque
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from helpers.desk import OPEN_NS, SECOND, a_quote
from helpers.risk import a_context, an_order
from microfutures.config.risk_limits import RiskLimits
from microfutures.model.approval import Approved
from microfutures.model.events import ConnectionState
from microfutures.model.flaws import Flaw
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import OrderPurpose, Side
from microfutures.risk.gate import RiskGate

LIMITS = RiskLimits(
    max_order_contracts=3,
    max_order_shares=300,
    max_position_contracts=4,
    max_position_shares=400,
    max_strategy_notional=40_000.0,
    max_family_notional=35_000.0,
    max_family_net_notional=15_000.0,
    max_orders_per_window=5,
    max_identical_orders=2,
    max_open_orders=3,
)
PRICES = {"MCLX6": 70.0, "USO": 75.0}

asks = st.lists(
    st.tuples(
        st.sampled_from(["MCLX6", "USO"]),
        st.sampled_from(list(Side)),
        st.sampled_from(list(OrderPurpose)),
        st.integers(1, 5),
        st.integers(-400, 400),
        st.sampled_from([0.0, 0.5, 3.0, 11.0]),
        st.sampled_from([ConnectionState.CONNECTED] * 5 + [ConnectionState.UPSTREAM_LOST]),
        st.booleans(),
        st.integers(-400, 100),
        st.integers(0, 9),
        st.fixed_dictionaries(
            {},
            optional={
                "unresolved": st.just("r-1"),
                "kill_reason": st.just("enough"),
                "open_orders": st.integers(0, 4),
                "drawdown_percent": st.floats(0, 30),
            },
        ),
        st.sampled_from([*[Flaw.NONE] * 8, Flaw.HALTED, Flaw.JUMP, Flaw.CROSSED]),
        st.sampled_from([0, 0, 59, 61]),
    ),
    max_size=60,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(asks)
def test_no_sequence_of_orders_passes_a_limit(orders: list[tuple[object, ...]]) -> None:
    gate = RiskGate(LIMITS)
    now_ns = OPEN_NS
    positions: defaultdict[str, int] = defaultdict(int)
    sent: deque[tuple[int, object]] = deque()
    refs: set[str] = set()
    for asked in orders:
        name, side, purpose, units, away, seconds, line, is_paused, day_net, ref, *more = asked
        moment, flaw, age = more
        assert isinstance(moment, dict)
        assert isinstance(flaw, Flaw)
        assert isinstance(age, int)
        assert isinstance(name, str)
        assert isinstance(side, Side)
        assert isinstance(purpose, OrderPurpose)
        assert isinstance(units, int)
        assert isinstance(away, int)
        assert isinstance(seconds, float)
        now_ns += round(seconds * SECOND)
        price = PRICES[name]
        quantity = units if name == "MCLX6" else units * 90
        limit_ticks = round(price * 100) + away
        order = an_order(
            quantity,
            instrument_id=name,
            side=side,
            purpose=purpose,
            limit_ticks=limit_ticks,
            ref=f"{ref}-{now_ns}",
        )
        held = positions[name]
        worth = sum(
            abs(quantity) * PRICES[each] * (100 if each == "MCLX6" else 1)
            for each, quantity in positions.items()
        )
        net = sum(
            quantity * PRICES[each] * (100 if each == "MCLX6" else 1)
            for each, quantity in positions.items()
        )
        context = a_context(
            name,
            family_gross=worth,
            family_net=net,
            now_ns=now_ns,
            connection=line,
            is_paused=is_paused,
            pause_reason="test",
            quote=replace(a_quote(name, price, price, time_ns=now_ns - age * SECOND), trouble=flaw),
            position=held,
            strategy_position=held,
            strategy_notional=worth,
            day_net=Decimal(str(day_net)),
            **moment,
        )
        if not isinstance(gate.check(order, context), Approved):
            continue
        after = held + order.signed_quantity
        positions[name] = after
        assert order.order_ref not in refs
        refs.add(order.order_ref)
        assert line is ConnectionState.CONNECTED
        assert not {"unresolved", "kill_reason"} & moment.keys()
        if purpose is OrderPurpose.ENTRY:
            assert (flaw, age <= 60) == (Flaw.NONE, True)
            assert moment.get("open_orders", 0) < 3
            assert moment.get("drawdown_percent", 0) < 15
            assert not is_paused
            assert isinstance(day_net, int)
            assert day_net > -200
            assert abs(net) <= 15_000
        if purpose in (OrderPurpose.EXIT, OrderPurpose.FLATTEN):
            assert abs(after) < abs(held)
            assert after * held >= 0
        else:
            assert quantity <= (3 if name == "MCLX6" else 300)
            assert abs(away) <= max(20, round(price * 100) * 0.02)
            multiplier = 100 if name == "MCLX6" else 1
            assert worth + quantity * price * multiplier <= 35_000
        assert abs(after) <= (4 if name == "MCLX6" else 400)
        likeness = (InstrumentId(name), side, quantity, limit_ticks)
        sent.append((now_ns, likeness))
        while sent[0][0] <= now_ns - 10 * SECOND:
            sent.popleft()
        assert len(sent) <= 5
        assert sum(1 for _, each in sent if each == likeness) <= 2
