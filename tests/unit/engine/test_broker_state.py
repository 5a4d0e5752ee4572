"""Every class of difference between our books and the broker's, and what is done about it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from helpers.desk import MCL, OPEN_NS, SECOND, USO, an_instrument
from helpers.engine_desk import ADesk
from microfutures.engine.differences import Difference
from microfutures.engine.output import Cancel, EngineOutput, RequestState, Submit
from microfutures.model.events import (
    BrokerOrder,
    BrokerPosition,
    BrokerStateMissed,
    BrokerStateReported,
    ConnectionChanged,
    ConnectionState,
    FillReceived,
    OrderUpdated,
)
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, IntentId, OrderRef
from microfutures.model.intents import SignalKind, TargetLeg
from microfutures.model.orders import Order, OrderPurpose, OrderStatus, OrderType, Side

EARLIER = OPEN_NS - 60 * SECOND


def an_order(ref: str = "e-1", quantity: int = 2) -> Order:
    return Order(
        order_ref=OrderRef(ref),
        intent_id=IntentId("i"),
        strategy=ADesk(1).strategy.name,
        instrument_id=MCL,
        side=Side.BUY,
        quantity=quantity,
        order_type=OrderType.MARKET,
        purpose=OrderPurpose.ENTRY,
    )


def a_fill(ref: str, quantity: int, execution: str = "e1.01", side: Side = Side.BUY) -> Fill:
    return Fill(
        execution_id=ExecutionId(execution),
        order_ref=OrderRef(ref),
        instrument_id=MCL,
        side=side,
        quantity=quantity,
        price=Decimal("70.02"),
        time_ns=OPEN_NS,
    )


def at_the_broker(
    ref: str, status: OrderStatus = OrderStatus.WORKING, *, filled: int = 0, permanent_id: int = 7
) -> BrokerOrder:
    return BrokerOrder(
        order_ref=OrderRef(ref),
        instrument_id=MCL,
        status=status,
        filled=filled,
        remaining=2 - filled,
        permanent_id=permanent_id,
    )


class ARestart(ADesk):
    """A desk that comes back with what an earlier run has sent."""

    def __init__(self, *orders: Order, fills: Iterable[Fill] = ()) -> None:
        super().__init__(90)
        for order in orders:
            self.engine.floor.restore_order(order, EARLIER)
        for fill in fills:
            self.engine.floor.restore_fill(fill)

    def report(
        self,
        held: int = 0,
        *,
        second: float = 1,
        open_orders: tuple[BrokerOrder, ...] = (),
        completed: tuple[BrokerOrder, ...] = (),
        name: InstrumentId = MCL,
    ) -> EngineOutput:
        position = BrokerPosition(instrument_id=name, quantity=held, average_cost=Decimal(7000))
        return self.engine.process(
            BrokerStateReported(
                time_ns=OPEN_NS + round(second * SECOND),
                positions=(position,) if held else (),
                open_orders=open_orders,
                completed_orders=completed,
            )
        )

    @property
    def held(self) -> int:
        return self.engine.state.position(self.strategy.name, MCL)

    @property
    def live(self) -> list[str]:
        return [each.order.order_ref for each in self.engine.floor.desk.orders.live]

    def close(self) -> EngineOutput:
        flat = (TargetLeg(instrument_id=MCL, quantity=0),)
        floor, time_ns = self.engine.floor, self.engine.state.time_ns
        floor.propose(self.strategy.make_intent(SignalKind.FLATTEN, flat, "test", time_ns))
        return self.timer((time_ns - OPEN_NS) / SECOND)


def sent(output: EngineOutput) -> list[Order]:
    return [each.approved.order for each in output.effects if isinstance(each, Submit)]


# -- orders -----------------------------------------------------------------------------------


def test_nothing_is_sent_while_an_earlier_orders_fate_is_unknown() -> None:
    desk = ARestart(an_order("e-1"), an_order("e-2"), fills=[a_fill("e-2", 2)])
    assert desk.live == ["e-1"]
    assert sent(desk.close()) == []
    assert desk.engine.floor.gate.describe()[1].rule == "unknown fate"
    outputs = desk.report(2), desk.timer(20)
    assert "e-1" not in desk.live
    assert [each.quantity for output in outputs for each in sent(output)] == [2]


def test_an_order_of_an_earlier_run_that_still_works_is_cancelled_before_anything_else() -> None:
    desk = ARestart(an_order("e-1"), fills=[a_fill("e-1", 1)])
    output = desk.report(1, open_orders=(at_the_broker("e-1", filled=1),))
    assert Cancel(OrderRef("e-1")) in output.effects
    assert sent(desk.close()) == []
    output = desk.engine.process(
        OrderUpdated(
            time_ns=OPEN_NS + 2 * SECOND,
            order_ref=OrderRef("e-1"),
            status=OrderStatus.CANCELLED,
            filled=1,
        )
    )
    assert [each.quantity for each in sent(output)] == [1]


@pytest.mark.parametrize(
    ("status", "filled", "is_over"),
    [(OrderStatus.FILLED, 2, False), (OrderStatus.CANCELLED, 0, True)],
)
def test_a_completed_order_tells_what_became_of_it(
    status: OrderStatus, filled: int, is_over: bool
) -> None:
    desk = ARestart(an_order())
    desk.report(filled, completed=(at_the_broker("e-1", status, filled=filled),))
    assert (desk.live == []) is is_over
    assert desk.engine.state.is_paused is not is_over
    if not is_over:
        desk.engine.process(FillReceived(time_ns=OPEN_NS + 2 * SECOND, fill=a_fill("e-1", 2)))
        assert (desk.live, desk.held) == ([], 2)


def test_a_young_order_may_not_have_reached_the_lists() -> None:
    desk = ARestart()
    desk.engine.floor.restore_order(an_order(), OPEN_NS - 2 * SECOND)
    desk.report(second=1)
    assert desk.live == ["e-1"]
    assert RequestState() in desk.timer(11.5).effects
    desk.report(second=12)
    assert desk.live == []


def test_an_order_is_no_younger_after_the_clock_stepped_back() -> None:
    desk = ARestart()
    desk.timer(60)
    desk.engine.floor.desk.orders.register(an_order(), OPEN_NS + 60 * SECOND)
    desk.engine.process(
        ConnectionChanged(time_ns=OPEN_NS, state=ConnectionState.CONNECTED, detail="again")
    )
    desk.report(second=4)
    assert desk.live == ["e-1"]
    desk.report(second=6)
    assert desk.live == []


def test_an_earlier_runs_order_keeps_its_age_when_the_brokers_date_is_learned() -> None:
    desk = ARestart()
    desk.timer(90 * 86_400)
    desk.engine.floor.restore_order(an_order(), OPEN_NS - 2 * SECOND)
    desk.engine.process(
        ConnectionChanged(time_ns=OPEN_NS, state=ConnectionState.CONNECTED, detail="its date")
    )
    desk.report(second=2)
    assert desk.live == ["e-1"]


def test_what_was_settled_is_settled_for_the_next_start_too() -> None:
    desk = ARestart(an_order())
    (settled,) = [each for each in desk.report().records if each.name == "OrderSettled"]
    assert isinstance(settled.payload, OrderUpdated)
    later = ARestart(an_order())
    later.engine.floor.restore_update(settled.payload)
    assert later.live == []


def test_an_order_of_this_run_is_unknown_once_the_line_was_lost() -> None:
    desk = ARestart()
    desk.engine.floor.desk.orders.register(an_order("t-9"), OPEN_NS + SECOND)
    for second, state in ((2, ConnectionState.DISCONNECTED), (3, ConnectionState.CONNECTED)):
        desk.engine.process(
            ConnectionChanged(time_ns=OPEN_NS + second * SECOND, state=state, detail="test")
        )
    risk, orders = desk.engine.floor.risk, desk.engine.floor.desk.orders
    assert risk.unresolved(orders.live) == "t-9"
    desk.report(second=4, open_orders=(at_the_broker("t-9"),))
    assert risk.unresolved(orders.live) == ""


def test_a_missed_fill_halts_until_its_execution_is_here() -> None:
    desk = ARestart(an_order())
    told = OrderUpdated(
        time_ns=OPEN_NS, order_ref=OrderRef("e-1"), status=OrderStatus.FILLED, filled=2
    )
    desk.engine.process(told)
    desk.report(2)
    assert desk.engine.state.is_paused
    assert desk.held == 0


def test_a_foreign_order_is_told_once_and_left_alone() -> None:
    desk = ARestart()
    outputs = [
        desk.report(second=second, open_orders=(at_the_broker("", permanent_id=9),))
        for second in (1, 2)
    ]
    names = [record.name for output in outputs for record in output.records]
    assert names.count("ForeignOrder") == 1
    assert not [each for output in outputs for each in output.effects if isinstance(each, Cancel)]


# -- positions --------------------------------------------------------------------------------


def sold_by_hand(desk: ARestart, quantity: int, execution: str = "x1.01") -> None:
    fill = a_fill("", quantity, execution, Side.SELL)
    desk.engine.process(FillReceived(time_ns=OPEN_NS, fill=fill))


def test_a_manual_trade_is_adopted_without_a_halt() -> None:
    desk = ARestart(an_order(), fills=[a_fill("e-1", 2)])
    sold_by_hand(desk, 1)
    desk.report(1)
    assert desk.held == 1
    assert not desk.engine.state.is_paused


def test_a_manual_trade_explains_one_change_only() -> None:
    desk = ARestart(an_order(), fills=[a_fill("e-1", 2)])
    sold_by_hand(desk, 1)
    desk.report(1)
    sold_by_hand(desk, 1)  # told again
    desk.report(second=2)
    assert desk.held == 0
    assert desk.engine.state.is_paused


def test_a_manual_trade_known_from_the_journal_explains_nothing_any_more() -> None:
    desk = ARestart(an_order(), fills=[a_fill("e-1", 2)])
    desk.engine.books.restore_foreign_fill(a_fill("", 2, "x1.01", Side.SELL))
    sold_by_hand(desk, 2)
    desk.report(0)
    assert desk.engine.state.is_paused


def test_what_nothing_explains_is_adopted_and_halts() -> None:
    desk = ARestart(an_order(), fills=[a_fill("e-1", 2)])
    output = desk.report(1)
    assert desk.held == 1
    assert desk.engine.state.is_paused
    assert {"PositionAdjusted", "Halted"} <= {record.name for record in output.records}


def test_an_expired_contract_is_closed_without_a_halt() -> None:
    desk = ARestart(an_order(), fills=[a_fill("e-1", 2)])
    ended = replace(an_instrument(), last_trade_date=date(2026, 9, 7))
    desk.engine.state.instruments[MCL] = ended
    desk.report(0)
    assert desk.held == 0
    assert not desk.engine.state.is_paused


def test_what_the_owner_holds_is_ignored_and_remembered() -> None:
    desk = ARestart()
    output = desk.report(7, name=USO)
    assert "ForeignPositions" in {record.name for record in output.records}
    assert desk.engine.truth.reconciler.foreign(USO) == 7
    assert not desk.engine.state.is_paused


def test_a_broker_that_does_not_report_its_state_halts() -> None:
    desk = ARestart()
    for second in (1, 12):
        desk.engine.process(BrokerStateMissed(time_ns=OPEN_NS + second * SECOND))
    assert not desk.engine.state.is_paused
    # Nothing of ours is open: no order could be among the completed ones.
    assert RequestState(with_completed=False) in desk.timer(22).effects
    desk.engine.process(BrokerStateMissed(time_ns=OPEN_NS + 32 * SECOND))
    assert desk.engine.state.is_paused
    assert str(Difference.NO_REPORT) == "no report"
