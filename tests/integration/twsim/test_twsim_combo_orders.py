"""Orders for combos: what clients of two libraries hear of the whole and of its legs."""

import asyncio
from functools import partial
from typing import Any

import ib_async
import pytest
from ibapi.contract import ComboLeg, Contract
from ibapi.tag_value import TagValue

from helpers.gateway import gateway_in_a_thread
from helpers.ordering import Desk, play
from helpers.raw_client import greeted
from integration.twsim.test_ibapi_client import Desk as IbapiDesk
from integration.twsim.test_ibapi_client import an_order, mcl
from microfutures.twsim.wire import encode

NOT_GUARANTEED = [ib_async.TagValue("NonGuaranteed", "1")]
IB_COMBO = 28_812_380


async def month(desk: Desk, name: str) -> ib_async.Contract:
    (known,) = await desk.ib.qualifyContractsAsync(ib_async.Future("MCL", name, "NYMEX"))
    assert isinstance(known, ib_async.Contract)
    return known


def bag(*legs: tuple[ib_async.Contract, int, str], exchange: str = "NYMEX") -> ib_async.Bag:
    rows = [
        ib_async.ComboLeg(conId=member.conId, ratio=ratio, action=action, exchange=exchange)
        for member, ratio, action in legs
    ]
    return ib_async.Bag(symbol="MCL", exchange=exchange, currency="USD", comboLegs=rows)


async def calendar(desk: Desk) -> ib_async.Bag:
    return bag((await month(desk, "202610"), 1, "BUY"), (desk.oil, 1, "SELL"))


def of(trade: ib_async.Trade, kind: str) -> list[ib_async.Fill]:
    return [fill for fill in trade.fills if fill.contract.secType == kind]


def signed(fills: list[ib_async.Fill]) -> dict[str, float]:
    total: dict[str, float] = {}
    for fill in fills:
        shares = fill.execution.shares * (1 if fill.execution.side == "BOT" else -1)
        name = fill.contract.localSymbol
        total[name] = total.get(name, 0) + shares
    return total


def test_calendar_spread_fills_both_legs_and_is_told_as_a_whole_and_by_leg() -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        trade = await desk.place("MKT", contract=spread, totalQuantity=2, orderRef="roll")
        assert (trade.orderStatus.status, trade.orderStatus.filled) == ("Filled", 2)
        assert trade.filled() == 2
        (whole,) = of(trade, "BAG")
        assert whole.execution.price == trade.orderStatus.avgFillPrice
        assert (whole.contract.conId, whole.contract.symbol) == (IB_COMBO, "MCL")
        assert signed(of(trade, "FUT")) == {"MCLV6": 2, "MCLX6": -2}
        near, far = (fill.execution.avgPrice for fill in of(trade, "FUT")[:2])
        assert whole.execution.price == pytest.approx(near - far)
        assert len({fill.execution.execId for fill in trade.fills}) == len(trade.fills)
        assert {fill.execution.orderRef for fill in trade.fills} == {"roll"}
        assert {fill.execution.permId for fill in trade.fills} == {trade.order.permId}
        costs = [fill.commissionReport.commission for fill in of(trade, "FUT")]
        assert sum(costs) == pytest.approx(4 * 0.77)
        assert not whole.commissionReport.execId
        held = {each.contract.localSymbol: each.position for each in desk.ib.positions()}
        assert held == {"MCLV6": 2, "MCLX6": -2}
        again = await desk.ib.reqExecutionsAsync(ib_async.ExecutionFilter(secType="BAG"))
        assert [fill.execution.execId for fill in again] == [whole.execution.execId]

    play(scene)


def test_spread_is_previewed_and_margin_that_is_missing_refuses_it() -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        order = ib_async.MarketOrder("BUY", 1, tif="DAY")
        preview = await desk.ib.whatIfOrderAsync(spread, order)
        assert float(preview.initMarginChange) > 0
        assert preview.commission == pytest.approx(2 * 0.77)
        await desk.place("MKT", contract=spread, totalQuantity=500)
        assert [code for code, _ in desk.errors] == [201]

    play(scene)


def test_resting_spread_is_told_back_whole_changed_and_cancelled() -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        trade = await desk.place("LMT", contract=spread, lmtPrice=-5.0, tif="GTC")
        assert trade.orderStatus.status == "Submitted"
        other = ib_async.IB()
        await other.connectAsync("127.0.0.1", desk.server.port, clientId=2)
        (listed,) = await other.reqAllOpenOrdersAsync()
        told = listed.contract
        assert (told.secType, told.conId, told.localSymbol) == ("BAG", IB_COMBO, str(IB_COMBO))
        assert told.tradingClass == "COMB"
        legs = [(leg.conId, leg.ratio, leg.action, leg.exchange) for leg in told.comboLegs]
        assert legs == [(each.conId, 1, each.action, "NYMEX") for each in spread.comboLegs]
        first, second = (leg.conId for leg in spread.comboLegs)
        assert told.comboLegsDescrip == f"{first}|1,{second}|-1"
        other.disconnect()
        trade.order.lmtPrice = 50.0
        desk.ib.placeOrder(spread, trade.order)
        await asyncio.sleep(1)
        assert trade.orderStatus.status == "Filled"
        resting = await desk.place("LMT", contract=spread, lmtPrice=-5.0)
        desk.ib.cancelOrder(resting.order)
        await asyncio.sleep(1)
        assert resting.orderStatus.status == "Cancelled"
        done = await desk.ib.reqCompletedOrdersAsync(False)
        assert {each.contract.secType for each in done} == {"BAG"}
        assert all(len(each.contract.comboLegs) == 2 for each in done)
        assert [code for code, _ in desk.errors] == [202]

    play(scene)


def test_legs_of_an_order_that_is_changed_must_stay() -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        trade = await desk.place("LMT", contract=spread, lmtPrice=-5.0)
        spread.comboLegs[0].ratio = 2
        desk.ib.placeOrder(spread, trade.order)
        await asyncio.sleep(1)
        assert [code for code, _ in desk.errors] == [105]

    play(scene)


def test_bracket_around_a_spread() -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        entry, target, stop = desk.ib.bracketOrder("BUY", 1, 50.0, 60.0, -60.0)
        trades = []
        for order in (entry, target, stop):
            order.tif = "GTC"
            trades.append(desk.ib.placeOrder(spread, order))
        await asyncio.sleep(1)
        assert [trade.orderStatus.status for trade in trades] == [
            "Filled",
            "Submitted",
            "PreSubmitted",
        ]
        target.lmtPrice = -50.0
        desk.ib.placeOrder(spread, target)
        await asyncio.sleep(1)
        assert [trade.orderStatus.status for trade in trades[1:]] == ["Filled", "Cancelled"]
        assert not [each for each in desk.ib.positions() if each.position]

    play(scene)


def test_pair_of_shares_in_ratio_and_pair_of_futures() -> None:
    async def scene(desk: Desk) -> None:
        stocks = [ib_async.Stock(name, "SMART", "USD") for name in ("USO", "BNO")]
        futures = [ib_async.Future(name, "202609", "CME") for name in ("MES", "MNQ")]
        await desk.ib.qualifyContractsAsync(*stocks, *futures)
        pair = bag((stocks[0], 1, "BUY"), (stocks[1], 2, "SELL"), exchange="SMART")
        trade = await desk.place("MKT", contract=pair, totalQuantity=10)
        assert trade.orderStatus.status == "Filled"
        assert signed(of(trade, "STK")) == {"USO": 10, "BNO": -20}
        index = bag((futures[0], 2, "BUY"), (futures[1], 1, "SELL"), exchange="CME")
        trade = await desk.place("MKT", contract=index, action="SELL")
        assert signed(of(trade, "FUT")) == {"MESU6": -2, "MNQU6": 1}

    play(scene, symbols=("MCL", "USO", "BNO", "MES", "MNQ"))


def test_combo_that_is_not_guaranteed_has_one_leg_first() -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        order = ib_async.MarketOrder(
            "BUY", 1, tif="DAY", smartComboRoutingParams=list(NOT_GUARANTEED)
        )
        trade = desk.ib.placeOrder(spread, order)
        while not trade.fills:
            await asyncio.sleep(0.01)
        assert signed(trade.fills) == {"MCLV6": 1}
        assert trade.orderStatus.filled == 0
        await asyncio.sleep(20)
        assert trade.orderStatus.status == "Filled"
        assert signed(of(trade, "FUT")) == {"MCLV6": 1, "MCLX6": -1}
        assert len(of(trade, "BAG")) == 1
        (done,) = await desk.ib.reqCompletedOrdersAsync(False)
        assert done.order.smartComboRoutingParams == NOT_GUARANTEED

    play(scene)


def test_combo_waits_for_its_conditions() -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        condition = ib_async.PriceCondition(
            conId=desk.oil.conId, exch="NYMEX", isMore=True, price=1.0
        )
        trade = await desk.place("MKT", contract=spread, conditions=[condition])
        await asyncio.sleep(5)
        assert trade.orderStatus.status == "Filled"

    play(scene)


@pytest.mark.parametrize(
    ("of_combo", "of_leg", "code"),
    [
        ({"comboLegs": []}, {}, 321),
        ({"exchange": ""}, {}, 321),
        ({"currency": "EUR"}, {}, 10000),
        ({}, {"ratio": 0}, 313),
        ({}, {"conId": 1}, 313),
        ({}, {"conId": "the first leg's"}, 312),
        ({}, {"conId": "the fund's"}, 312),
        ({}, {"action": "HOLD"}, 313),
    ],
)
def test_combo_that_is_none_gets_the_code_of_tws(
    of_combo: dict[str, Any], of_leg: dict[str, Any], code: int
) -> None:
    async def scene(desk: Desk) -> None:
        spread = await calendar(desk)
        first, second = spread.comboLegs
        numbers = {"the first leg's": first.conId, "the fund's": desk.fund.conId}
        for name, value in of_combo.items():
            setattr(spread, name, value)
        for name, value in of_leg.items():
            setattr(second, name, numbers.get(value, value))
        await desk.place("MKT", contract=spread)
        assert [each for each, _ in desk.errors] == [code]

    play(scene)


def test_combo_of_one_leg_is_none() -> None:
    async def scene(desk: Desk) -> None:
        await desk.place("MKT", contract=bag((desk.oil, 1, "BUY")))
        assert [each for each, _ in desk.errors] == [312]

    play(scene)


LEG_PRICES = [ib_async.OrderComboLeg(1.0), ib_async.OrderComboLeg(1.0)]


@pytest.mark.parametrize(
    ("order_type", "terms", "code"),
    [
        ("MKT", {"orderComboLegs": LEG_PRICES}, 10058),
        ("REL", {}, 114),
        ("PEG MID", {}, 342),
        ("MOC", {}, 387),
        ("MKT", {"tif": "OPG"}, 387),
        ("LMT", {"lmtPrice": 0.005}, 110),
    ],
)
def test_order_that_no_combo_can_have_gets_the_code_of_tws(
    order_type: str, terms: dict[str, Any], code: int
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.place(order_type, contract=await calendar(desk), **terms)
        assert [each for each, _ in desk.errors] == [code]
        assert not desk.server.exchange.desk.open_orders()

    play(scene)


def test_combo_of_shares_is_routed_by_smart_alone() -> None:
    async def scene(desk: Desk) -> None:
        stocks = [ib_async.Stock(name, "SMART", "USD") for name in ("USO", "BNO")]
        await desk.ib.qualifyContractsAsync(*stocks)
        pair = bag((stocks[0], 1, "BUY"), (stocks[1], 2, "SELL"), exchange="ARCA")
        await desk.place("MKT", contract=pair)
        assert [each for each, _ in desk.errors] == [315]

    play(scene, symbols=("MCL", "USO", "BNO"))


def ibapi_spread(desk: IbapiDesk) -> Contract:
    """Return the calendar spread of the first two months, looked up by ibapi."""
    spread = Contract()
    spread.symbol, spread.secType, spread.exchange = "MCL", "BAG", "NYMEX"
    spread.currency, spread.comboLegs = "USD", []
    for request_id, name, action in ((1, "202610", "BUY"), (2, "202611", "SELL")):
        wanted, leg = mcl(), ComboLeg()
        wanted.lastTradeDateOrContractMonth = name
        desk.client.reqContractDetails(request_id, wanted)
        _, details = desk.heard.wait("contractDetails", partial(begins_with, request_id))
        leg.conId, leg.ratio, leg.action, leg.exchange = details.contract.conId, 1, action, "NYMEX"
        spread.comboLegs.append(leg)
    return spread


def begins_with(number: int, call: tuple[Any, ...]) -> bool:
    return bool(call[0] == number)


def test_ibapi_buys_a_calendar_spread_over_a_socket() -> None:
    with gateway_in_a_thread() as server:
        desk = IbapiDesk(server.port)
        spread, order = ibapi_spread(desk), an_order("BUY", 1)
        order.smartComboRoutingParams = [TagValue("NonGuaranteed", "0")]
        order_id = desk.next_id()
        desk.client.placeOrder(order_id, spread, order)
        desk.heard.wait("orderStatus", lambda call: call[:2] == (order_id, "Filled"))
        _, told, _, _ = desk.heard.wait("openOrder", partial(begins_with, order_id))
        wanted = [(leg.conId, leg.ratio, leg.action) for leg in spread.comboLegs]
        assert [(leg.conId, leg.ratio, leg.action) for leg in told.comboLegs] == wanted
        heard = desk.heard.calls["execDetails"]
        assert [contract.secType for _, contract, _ in heard] == ["BAG", "FUT", "FUT"]
        desk.heard.wait("commissionAndFeesReport", lambda _: len(reports(desk)) == 2)
        assert reports(desk) == [execution.execId for _, _, execution in heard[1:]]
        desk.close()


def test_commissions_of_listed_executions_come_before_their_end() -> None:
    async def scene(desk: Desk) -> None:
        await desk.place("MKT", contract=await calendar(desk))
        transport, peer = await greeted(desk.server.port)
        peer.heard.clear()
        transport.write(encode([7, 3, 11, *[""] * 7]))
        await asyncio.sleep(1)
        assert [fields[0] for fields in peer.heard] == ["11", "11", "59", "11", "59", "55"]
        assert [fields[5] for fields in peer.heard if fields[0] == "11"] == ["BAG", "FUT", "FUT"]

    play(scene)


def reports(desk: IbapiDesk) -> list[str]:
    return [report.execId for (report,) in desk.heard.calls["commissionAndFeesReport"]]
