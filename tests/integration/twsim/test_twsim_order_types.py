"""Order types and times in force, placed by ib_async on the virtual loop."""

import asyncio
from datetime import timedelta
from typing import Any

import ib_async
import pytest

from helpers.ordering import Desk, play


@pytest.mark.parametrize(
    ("order_type", "terms", "held_for"),
    [
        ("STP", {"auxPrice": 500.0}, "trigger"),
        ("STP LMT", {"auxPrice": 500.0, "lmtPrice": 501.0}, "trigger"),
        ("TRAIL", {"auxPrice": 5.0}, "trigger"),
        ("TRAIL", {"trailingPercent": 9.0}, "trigger"),
        ("TRAIL LIMIT", {"auxPrice": 5.0, "lmtPriceOffset": 0.05}, "trigger"),
        ("MIT", {"auxPrice": 1.0}, "trigger"),
        ("LIT", {"auxPrice": 1.0, "lmtPrice": 1.1}, "trigger"),
        ("MOC", {}, ""),
        ("LOC", {"lmtPrice": 70.0}, ""),
        ("LMT", {"lmtPrice": 1.0, "tif": "OPG"}, ""),
    ],
)
def test_order_that_waits_is_presubmitted_and_can_be_previewed_and_cancelled(
    order_type: str, terms: dict[str, Any], held_for: str
) -> None:
    async def scene(desk: Desk) -> None:
        said: dict[str, Any] = {"action": "BUY", "totalQuantity": 1, "tif": "DAY"} | terms
        order = ib_async.Order(orderType=order_type, **said)
        preview = await desk.ib.whatIfOrderAsync(desk.oil, order)
        assert float(preview.initMarginChange) > 0
        trade = await desk.place(order_type, **terms)
        assert (trade.orderStatus.status, trade.orderStatus.whyHeld) == ("PreSubmitted", held_for)
        desk.ib.cancelOrder(trade.order)
        await asyncio.sleep(1)
        assert trade.orderStatus.status == "Cancelled"

    play(scene)


def test_trailing_stop_tells_where_it_stands() -> None:
    async def scene(desk: Desk) -> None:
        await desk.place("TRAIL", action="SELL", auxPrice=0.5)
        (ticker,) = await desk.ib.reqTickersAsync(desk.oil)
        told = await desk.seen_by_another()
        assert told.trailStopPrice == pytest.approx(ticker.ask - 0.5, abs=0.2)
        assert told.auxPrice == 0.5

    play(scene)


@pytest.mark.parametrize("order_type", ["MTL", "REL", "PEG MID"])
def test_order_that_needs_no_trigger_is_at_work_or_filled(order_type: str) -> None:
    async def scene(desk: Desk) -> None:
        trade = await desk.place(order_type, contract=desk.fund, totalQuantity=10)
        assert trade.orderStatus.status in ("Submitted", "Filled")

    play(scene)


@pytest.mark.parametrize(
    ("order_type", "terms", "code"),
    [
        ("REL", {}, 114),
        ("PEG MID", {}, 342),
        ("VWAP", {}, 387),
        ("MOC", {"tif": "GTC"}, 113),
        ("STP", {"auxPrice": 500.0, "tif": "IOC"}, 111),
        ("TRAIL", {"auxPrice": 5.0, "tif": "OPG"}, 111),
        ("TRAIL", {}, 321),
        ("TRAIL LIMIT", {"auxPrice": 5.0}, 321),
        ("STP LMT", {"auxPrice": 500.0}, 321),
        ("LIT", {"lmtPrice": 1.0}, 321),
        ("LIT", {"lmtPrice": 1.001, "auxPrice": 1.0}, 110),
        ("TRAIL", {"auxPrice": 5.0, "trailStopPrice": 80.001}, 110),
        ("LMT", {"lmtPrice": 1.0, "tif": "GTD"}, 334),
        ("LMT", {"lmtPrice": 1.0, "tif": "GTD", "goodTillDate": "20200101"}, 334),
        ("LMT", {"lmtPrice": 1.0, "tif": "GTD", "goodTillDate": "tomorrow"}, 337),
        ("LMT", {"lmtPrice": 1.0, "goodAfterTime": "noon"}, 337),
        ("LMT", {"lmtPrice": 1.0, "tif": "AUC"}, 10052),
        ("MKT", {"eTradeOnly": True}, 10268),
        ("MKT", {"firmQuoteOnly": True}, 10269),
        ("MKT", {"nbboPriceCap": 1.0}, 10270),
    ],
)
def test_order_that_makes_no_sense_gets_the_code_of_tws(
    order_type: str, terms: dict[str, Any], code: int
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.place(order_type, **terms)
        assert [each for each, _ in desk.errors] == [code]
        assert not desk.server.exchange.desk.open_orders()

    play(scene)


def test_order_good_after_a_time_waits_for_it_and_one_good_till_a_date_ends_at_it() -> None:
    async def scene(desk: Desk) -> None:
        spelled = (desk.now() + timedelta(minutes=5)).strftime("%Y%m%d-%H:%M:%S")
        later = await desk.place("MKT", goodAfterTime=spelled)
        dated = await desk.place("LMT", lmtPrice=1.0, tif="GTD", goodTillDate=spelled)
        assert later.orderStatus.status == "PreSubmitted"
        assert (dated.orderStatus.status, dated.order.goodTillDate) == ("Submitted", spelled)
        await asyncio.sleep(200)
        assert not later.isDone()
        await asyncio.sleep(120)
        assert (later.orderStatus.status, dated.orderStatus.status) == ("Filled", "Cancelled")

    play(scene)


def test_fill_or_kill_beyond_what_is_shown_is_cancelled() -> None:
    async def scene(desk: Desk) -> None:
        small = await desk.place("MKT", tif="FOK")
        large = await desk.place("LMT", lmtPrice=200.0, tif="FOK", totalQuantity=5)
        assert small.orderStatus.status == "Filled"
        assert large.orderStatus.filled in (0, 5)
        assert large.isDone()

    play(scene)


def test_changed_trail_and_changed_limit_are_told_back() -> None:
    async def scene(desk: Desk) -> None:
        trade = await desk.place("TRAIL LIMIT", auxPrice=5.0, lmtPriceOffset=0.05)
        trade.order.auxPrice = 4.0
        desk.ib.placeOrder(desk.oil, trade.order)
        await asyncio.sleep(1)
        told = await desk.seen_by_another()
        assert (told.orderType, told.auxPrice, told.lmtPriceOffset) == ("TRAIL LIMIT", 4.0, 0.05)

    play(scene)


def test_adaptive_order_is_taken_and_its_priority_told_back() -> None:
    async def scene(desk: Desk) -> None:
        trade = await desk.place(
            "LMT",
            lmtPrice=1.0,
            algoStrategy="Adaptive",
            algoParams=[ib_async.TagValue("adaptivePriority", "Patient")],
        )
        assert trade.orderStatus.status == "Submitted"
        told = await desk.seen_by_another()
        assert told.algoStrategy == "Adaptive"
        assert told.algoParams == [ib_async.TagValue("adaptivePriority", "Patient")]

    play(scene)
