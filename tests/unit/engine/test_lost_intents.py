"""An order that the journal lost to a power cut is known by its name."""

from decimal import Decimal

import pytest

from helpers.desk import MCL, OPEN_NS
from helpers.engine_desk import ADesk
from microfutures.engine.output import Cancel
from microfutures.model.events import BrokerOrder, BrokerStateReported, FillReceived
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, OrderRef
from microfutures.model.orders import OrderStatus, Side


def fill_of(order_ref: str) -> FillReceived:
    fill = Fill(
        execution_id=ExecutionId("e1.01"),
        order_ref=OrderRef(order_ref),
        instrument_id=MCL,
        side=Side.BUY,
        quantity=1,
        price=Decimal("70.02"),
        time_ns=OPEN_NS,
    )
    return FillReceived(time_ns=OPEN_NS, fill=fill)


@pytest.mark.parametrize(
    ("order_ref", "held"), [("t-9", 1), ("mf1-lost-9", 1), ("mf1-other-9", 0), ("", 0)]
)
def test_a_fill_is_ours_if_one_of_our_starts_named_its_order(order_ref: str, held: int) -> None:
    desk = ADesk(90)
    desk.engine.books.restore_prefix("mf1-lost")
    desk.engine.process(fill_of(order_ref))
    assert desk.engine.state.position(desk.strategy.name, MCL) == held


def test_an_open_order_that_the_journal_lost_is_cancelled() -> None:
    desk = ADesk(90)
    desk.engine.books.restore_prefix("mf1-lost")
    found = BrokerOrder(
        order_ref=OrderRef("mf1-lost-9"),
        instrument_id=MCL,
        status=OrderStatus.WORKING,
        filled=0,
        remaining=1,
        permanent_id=1,
    )
    output = desk.engine.process(
        BrokerStateReported(time_ns=OPEN_NS, positions=(), open_orders=(found,))
    )
    assert Cancel(OrderRef("mf1-lost-9")) in output.effects
