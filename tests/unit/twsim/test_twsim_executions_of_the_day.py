"""What a simulator that runs for days remembers of them."""

from datetime import date, time
from decimal import Decimal

from microfutures.model.identifiers import ExecutionId
from microfutures.model.orders import Side
from microfutures.model.trading_hours import NEW_YORK, midnight_before, moment_ns
from microfutures.twsim.orders.desk import OrderDesk
from microfutures.twsim.orders.facts import OrderFacts
from microfutures.venue.messages import OrderFilled
from microfutures.venue.synthetic import SyntheticMarket
from microfutures.venue.venue import Venue

MONDAY, TUESDAY = date(2026, 9, 7), date(2026, 9, 8)
PERM_ID = 1_000


def at(day: date, moment: time) -> int:
    return moment_ns(day, moment, NEW_YORK)


def test_midnight_is_that_of_new_york() -> None:
    assert midnight_before(at(TUESDAY, time(0, 0))) == at(TUESDAY, time(0, 0))
    assert midnight_before(at(TUESDAY, time(23, 59))) == at(TUESDAY, time(0, 0))


def a_desk() -> OrderDesk:
    """Return a desk with one order, far from the market, that nobody listens to."""
    market = SyntheticMarket(("MCL",), seed=1)
    venue = Venue(
        instruments=market.instruments,
        accounts=("DU1",),
        initial_cash=Decimal(1_000_000),
        start_ns=market.start_ns,
        seed=1,
    )
    desk = OrderDesk(venue=venue, owners={}, names=(), session=0)
    order = OrderFacts(
        instrument=market.instruments[0],
        client_id=1,
        order_id=1,
        perm_id=PERM_ID,
        account="DU1",
        action="BUY",
        quantity=5,
        order_type="LMT",
        limit_price=Decimal("10.00"),
        aux_price=Decimal(0),
        time_in_force="GTC",
        order_ref="",
        parent_id=0,
        outside_rth=False,
    )
    desk.place(order, is_transmitted=True)
    return desk


def a_fill(desk: OrderDesk, moment: int, cumulative: int) -> OrderFilled:
    order = desk.orders[1, 1]
    return OrderFilled(
        order_id=PERM_ID,
        time_ns=moment,
        execution_id=ExecutionId(f"e{cumulative}.01"),
        instrument_id=order.instrument.instrument_id,
        side=Side.BUY,
        quantity=1,
        price=Decimal("10.00"),
        cumulative=cumulative,
        remaining=order.quantity - cumulative,
        average_price=Decimal("10.00"),
        commission=Decimal("0.62"),
        realized=None,
    )


async def test_executions_are_remembered_until_the_day_is_over() -> None:
    desk = a_desk()
    moments = at(MONDAY, time(10, 0)), at(MONDAY, time(23, 59)), at(TUESDAY, time(0, 1))
    for number, moment in enumerate(moments, start=1):
        desk.on_event(a_fill(desk, moment, number))
        kept = [facts.execution_id for facts in desk.executions]
        assert kept == (["e3.01"] if number == 3 else [f"e{n}.01" for n in range(1, number + 1)])


def test_order_is_open_until_it_is_filled_or_cancelled() -> None:
    desk = a_desk()
    order = desk.orders[1, 1]
    assert desk.open_orders() == desk.open_orders(1) == [order]
    assert desk.open_orders(2) == []

    for event in desk.cancel(order):
        desk.on_event(event)

    assert desk.open_orders() == []
    assert desk.orders[1, 1].status == "Cancelled"
