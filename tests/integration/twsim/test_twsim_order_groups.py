"""Brackets, one-cancels-all groups and late cancels, by ib_async on the virtual loop."""

import asyncio
from datetime import date, time
from decimal import Decimal
from typing import Any

import ib_async
import pytest

from helpers.ordering import Desk, play
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.twsim.orders.facts import OrderFacts
from microfutures.twsim.orders.families import left_for


async def group(desk: Desk, oca_type: int, *quantities: int) -> list[ib_async.Trade]:
    """Place sales that nobody takes and, last, a purchase at the market, in one group."""
    terms: dict[str, Any] = {"ocaGroup": "g", "ocaType": oca_type}
    sale: dict[str, Any] = {"action": "SELL", "lmtPrice": 500.0} | terms
    trades = [await desk.place("LMT", totalQuantity=each, **sale) for each in quantities[:-1]]
    trades.append(await desk.place("MKT", totalQuantity=quantities[-1], **terms))
    await asyncio.sleep(5)
    return trades


@pytest.mark.parametrize("oca_type", [1, 2, 3])
def test_fill_of_one_ends_the_rest_of_its_group(oca_type: int) -> None:
    async def scene(desk: Desk) -> None:
        *others, filled = await group(desk, oca_type, 2, 1, 2)
        assert filled.orderStatus.status == "Filled"
        assert {trade.orderStatus.status for trade in others} == {"Cancelled"}

    play(scene)


@pytest.mark.parametrize(("oca_type", "filled"), [(1, 1), (2, 1), (3, 2)])
def test_block_lets_one_of_two_orders_trade_that_are_triggered_together(
    oca_type: int, filled: int
) -> None:
    async def scene(desk: Desk) -> None:
        (ticker,) = await desk.ib.reqTickersAsync(desk.oil)
        stop: dict[str, Any] = {"action": "SELL", "auxPrice": round(ticker.bid - 0.03, 2)}
        terms: dict[str, Any] = {"ocaGroup": "g", "ocaType": oca_type} | stop
        trades = [await desk.place("STP", **terms) for _ in range(2)]
        while not trades[0].isDone():
            await asyncio.sleep(1)
        await asyncio.sleep(5)
        assert sum(trade.filled() for trade in trades) == filled
        assert all(trade.isDone() for trade in trades)

    play(scene)


def an_order(quantity: int, filled: int, oca_type: int, desk: Desk) -> OrderFacts:
    return OrderFacts(
        instrument=desk.server.exchange.instruments[0],
        client_id=1,
        order_id=1,
        perm_id=1,
        account="",
        action="BUY",
        quantity=quantity,
        order_type="LMT",
        limit_price=Decimal(1),
        aux_price=Decimal(0),
        time_in_force="DAY",
        order_ref="",
        parent_id=0,
        outside_rth=False,
        filled=filled,
        oca_type=oca_type,
    )


@pytest.mark.parametrize(
    ("oca_type", "other", "order", "traded", "left"),
    [
        (3, (4, 0), (4, 1), 1, 3),  # as large: what was traded
        (2, (4, 0), (2, 1), 1, 2),  # half of the one, half of the other
        (3, (5, 1), (4, 2), 2, 3),  # half of what is left, on top of what is filled
        (3, (1, 0), (4, 3), 1, 1),  # never nothing while the other lives
        (3, (4, 0), (4, 4), 1, 0),
        (1, (4, 1), (4, 1), 1, 1),
    ],
)
def test_group_shrinks_in_proportion(
    oca_type: int, other: tuple[int, int], order: tuple[int, int], traded: int, left: int
) -> None:
    async def scene(desk: Desk) -> None:
        one, two = an_order(*other, oca_type, desk), an_order(*order, oca_type, desk)
        assert left_for(one, two, traded) == left

    play(scene)


def test_order_for_a_group_that_is_filled_is_rejected() -> None:
    async def scene(desk: Desk) -> None:
        await group(desk, 1, 1, 1)
        desk.errors.clear()
        await desk.place("LMT", lmtPrice=1.0, ocaGroup="g", ocaType=1)
        ((code, text),) = desk.errors
        assert code == 201
        assert "OCA group is already filled" in text

    play(scene)


async def bracket(desk: Desk, entry: str, price: float = 0.0) -> list[ib_async.Trade]:
    """Place an entry with a profit target and a trailing stop."""
    parent_id = desk.ib.client.getReqId()
    trades = []
    for order in (
        ib_async.Order(
            orderId=parent_id, action="BUY", orderType=entry, lmtPrice=price, transmit=False
        ),
        ib_async.Order(
            parentId=parent_id, action="SELL", orderType="LMT", lmtPrice=500.0, transmit=False
        ),
        ib_async.Order(parentId=parent_id, action="SELL", orderType="TRAIL", auxPrice=5.0),
    ):
        order.totalQuantity, order.tif = 2, "GTC"
        trades.append(desk.ib.placeOrder(desk.oil, order))
    await asyncio.sleep(3)
    return trades


def test_children_wait_for_their_parent_and_are_held_for_it_and_for_their_trigger() -> None:
    async def scene(desk: Desk) -> None:
        parent, target, stop = await bracket(desk, "LMT", 1.0)
        statuses = [trade.orderStatus.status for trade in (parent, target, stop)]
        assert statuses == ["Submitted", "PreSubmitted", "PreSubmitted"]
        assert (target.orderStatus.whyHeld, stop.orderStatus.whyHeld) == ("child", "child,trigger")
        desk.ib.cancelOrder(parent.order)
        await asyncio.sleep(1)
        assert {trade.orderStatus.status for trade in (parent, target, stop)} == {"Cancelled"}

    play(scene)


def test_children_go_to_work_when_their_parent_is_filled() -> None:
    async def scene(desk: Desk) -> None:
        parent, target, stop = await bracket(desk, "MKT")
        assert parent.orderStatus.status == "Filled"
        assert (target.orderStatus.status, target.orderStatus.whyHeld) == ("Submitted", "")
        assert (stop.orderStatus.status, stop.orderStatus.whyHeld) == ("PreSubmitted", "trigger")
        target.order.lmtPrice = 1.0
        desk.ib.placeOrder(desk.oil, target.order)
        await asyncio.sleep(5)
        assert target.orderStatus.status == "Filled"
        assert stop.orderStatus.status == "Cancelled"
        assert not desk.ib.positions() or desk.ib.positions()[0].position == 0

    play(scene)


def test_cancel_that_comes_too_late_gets_the_code_of_its_case() -> None:
    async def scene(desk: Desk) -> None:
        filled = await desk.place("MKT")
        rejected = await desk.place("LMT", lmtPrice=400.0, totalQuantity=9000)
        desk.errors.clear()
        for order in (filled.order, rejected.order):
            desk.ib.client.cancelOrder(order.orderId, "")
            await asyncio.sleep(1)
        desk.ib.client.cancelOrder(99, "")
        await asyncio.sleep(1)
        assert [code for code, _ in desk.errors] == [10148, 161, 10147]

    play(scene)


def test_order_for_a_closed_market_is_told_when_it_opens() -> None:
    async def scene(desk: Desk) -> None:
        await desk.place("MKT", contract=desk.fund)
        (order,) = desk.server.exchange.desk.open_orders()
        assert order.status == "PreSubmitted"
        ((code, text),) = desk.errors
        assert code == 399
        assert "will not be placed at the exchange until 2026-09-09 09:30:00 US/Eastern" in text

    play(scene, start_ns=moment_ns(date(2026, 9, 8), time(22), NEW_YORK))
