"""Orders that wait for conditions, placed by ib_async on the virtual loop."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import ib_async
import pytest

from helpers.ordering import Desk, play


def con_id(desk: Desk) -> int:
    return desk.oil.conId


Make = Callable[[Desk], list[ib_async.OrderCondition]]


def price(desk: Desk, *, above: bool, value: float, method: int = 4) -> ib_async.OrderCondition:
    return ib_async.PriceCondition(
        isMore=above, price=value, conId=con_id(desk), exch="NYMEX", triggerMethod=method
    )


def never(desk: Desk) -> ib_async.OrderCondition:
    return price(desk, above=True, value=9999.0)


def always(desk: Desk) -> ib_async.OrderCondition:
    return price(desk, above=True, value=1.0)


def joined(first: ib_async.OrderCondition, how: str, second: ib_async.OrderCondition) -> Make:
    first.conjunction = how
    return lambda _: [first, second]


WAITING: dict[str, Make] = {
    "price": lambda desk: [never(desk)],
    "last price": lambda desk: [price(desk, above=False, value=1.0, method=2)],
    "time": lambda _: [ib_async.TimeCondition(isMore=True, time="20301231 10:00:00 UTC")],
    "margin": lambda _: [ib_async.MarginCondition(isMore=False, percent=1)],
    "execution": lambda _: [ib_async.ExecutionCondition(secType="FUT", exch="NYMEX", symbol="MCL")],
    "volume": lambda desk: [
        ib_async.VolumeCondition(isMore=True, volume=10**9, conId=con_id(desk), exch="NYMEX")
    ],
    "change": lambda desk: [
        ib_async.PercentChangeCondition(
            isMore=True, changePercent=90.0, conId=con_id(desk), exch="NYMEX"
        )
    ],
    "one of two": lambda desk: joined(always(desk), "a", never(desk))(desk),
}
MET: dict[str, Make] = {
    "price": lambda desk: [always(desk)],
    "middle": lambda desk: [price(desk, above=False, value=9999.0, method=8)],
    "time": lambda _: [ib_async.TimeCondition(isMore=True, time="20200101 10:00:00 UTC")],
    "margin": lambda _: [ib_async.MarginCondition(isMore=True, percent=1)],
    "volume": lambda desk: [
        ib_async.VolumeCondition(isMore=True, volume=0, conId=con_id(desk), exch="NYMEX")
    ],
    "change": lambda desk: [
        ib_async.PercentChangeCondition(
            isMore=True, changePercent=-90.0, conId=con_id(desk), exch="NYMEX"
        )
    ],
    "either of two": lambda desk: joined(never(desk), "o", always(desk))(desk),
}


@pytest.mark.parametrize("name", WAITING)
def test_order_waits_while_its_conditions_do_not_hold(name: str) -> None:
    async def scene(desk: Desk) -> None:
        trade = await desk.place("MKT", conditions=WAITING[name](desk))
        await asyncio.sleep(30)
        assert (trade.orderStatus.status, desk.errors) == ("PreSubmitted", [])
        told = await desk.seen_by_another()
        assert told.conditions == trade.order.conditions
        desk.ib.cancelOrder(trade.order)
        await asyncio.sleep(1)
        assert trade.orderStatus.status == "Cancelled"

    play(scene)


@pytest.mark.parametrize("name", MET)
def test_order_goes_when_its_conditions_hold(name: str) -> None:
    async def scene(desk: Desk) -> None:
        conditions = MET[name](desk)
        trade = await desk.place("MKT", conditions=conditions, conditionsIgnoreRth=True)
        await asyncio.sleep(30)
        assert (trade.orderStatus.status, desk.errors) == ("Filled", [])

    play(scene)


def test_condition_of_time_holds_at_its_moment() -> None:
    async def scene(desk: Desk) -> None:
        spelled = (desk.now() + timedelta(minutes=2)).strftime("%Y%m%d-%H:%M:%S")
        trade = await desk.place(
            "MKT", conditions=[ib_async.TimeCondition(isMore=True, time=spelled)]
        )
        await asyncio.sleep(110)
        assert trade.orderStatus.status == "PreSubmitted"
        await asyncio.sleep(20)
        assert trade.orderStatus.status == "Filled"

    play(scene)


def test_execution_of_another_order_sets_one_free() -> None:
    async def scene(desk: Desk) -> None:
        condition = ib_async.ExecutionCondition(secType="STK", exch="SMART", symbol="USO")
        trade = await desk.place("MKT", conditions=[condition])
        assert trade.orderStatus.status == "PreSubmitted"
        await desk.place("MKT", contract=desk.fund, totalQuantity=1)
        assert trade.orderStatus.status == "Filled"

    play(scene)


def test_conditions_can_cancel_an_order_that_works() -> None:
    async def scene(desk: Desk) -> None:
        spelled = (desk.now() + timedelta(seconds=30)).strftime("%Y%m%d-%H:%M:%S")
        trade = await desk.place(
            "LMT",
            lmtPrice=1.0,
            conditions=[ib_async.TimeCondition(isMore=True, time=spelled)],
            conditionsCancelOrder=True,
        )
        assert trade.orderStatus.status == "Submitted"
        await asyncio.sleep(40)
        assert trade.orderStatus.status == "Cancelled"

    play(scene)


def test_child_waits_for_its_parent_and_then_for_its_conditions() -> None:
    async def scene(desk: Desk) -> None:
        parent = ib_async.Order(
            action="BUY", totalQuantity=1, orderType="MKT", tif="DAY", transmit=False
        )
        parent.orderId = desk.ib.client.getReqId()
        desk.ib.placeOrder(desk.oil, parent)
        child = await desk.place(
            "LMT", action="SELL", lmtPrice=1.0, parentId=parent.orderId, conditions=[never(desk)]
        )
        await asyncio.sleep(10)
        assert child.orderStatus.status == "PreSubmitted"
        assert [position.position for position in desk.ib.positions()] == [1]

    play(scene)


@pytest.mark.parametrize(
    "condition",
    [
        ib_async.TimeCondition(isMore=True, time="soon"),
        ib_async.PriceCondition(isMore=True, price=1.0, conId=1, exch="NYMEX"),
    ],
)
def test_condition_about_nothing_is_refused(condition: ib_async.OrderCondition) -> None:
    async def scene(desk: Desk) -> None:
        await desk.place("MKT", conditions=[condition])
        assert [code for code, _ in desk.errors] == [321]

    play(scene)
