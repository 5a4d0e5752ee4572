"""Quotes of options and combos, as a client of ib_async sees them."""

import asyncio
from collections.abc import Awaitable, Callable
from math import isnan

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop

Scene = Callable[[ib_async.IB], Awaitable[None]]


def play(scene: Scene) -> None:
    async def main() -> None:
        server = a_server()
        await server.start()
        ib = ib_async.IB()
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        await asyncio.sleep(2)
        await scene(ib)
        ib.disconnect()
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


async def known(ib: ib_async.IB, contract: ib_async.Contract) -> ib_async.Contract:
    (qualified,) = await ib.qualifyContractsAsync(contract)
    assert isinstance(qualified, ib_async.Contract)
    return qualified


async def near_the_money(ib: ib_async.IB, right: str) -> ib_async.Contract:
    """Return an option on USO of the second month, its strike nearest to the price."""
    fund = await known(ib, ib_async.Stock("USO", "SMART", "USD"))
    (ticker,) = await ib.reqTickersAsync(fund)
    chains = await ib.reqSecDefOptParamsAsync("USO", "", "STK", fund.conId)
    expiry = sorted(chains[0].expirations)[1]
    strike = min(chains[0].strikes, key=lambda each: abs(each - ticker.marketPrice()))
    return await known(ib, ib_async.Option("USO", expiry, strike, right, "SMART"))


async def month(ib: ib_async.IB, name: str) -> ib_async.Contract:
    return await known(ib, ib_async.Future("MCL", name, "NYMEX"))


def spread(near: ib_async.Contract, far: ib_async.Contract) -> ib_async.Contract:
    """Return a combo that buys the near contract and sells the far one."""
    legs = [
        ib_async.ComboLeg(conId=each.conId, ratio=1, action=action, exchange="NYMEX")
        for each, action in ((near, "BUY"), (far, "SELL"))
    ]
    return ib_async.Bag(symbol="MCL", exchange="NYMEX", currency="USD", comboLegs=legs)


@pytest.mark.parametrize(("right", "sign"), [("C", 1), ("P", -1)])
def test_option_is_quoted_around_the_price_of_its_model(right: str, sign: int) -> None:
    async def scene(ib: ib_async.IB) -> None:
        fund = ib.reqMktData(await known(ib, ib_async.Stock("USO", "SMART", "USD")))
        ticker = ib.reqMktData(await near_the_money(ib, right))
        await asyncio.sleep(5)
        model, bid, ask = ticker.modelGreeks, ticker.bidGreeks, ticker.askGreeks
        assert model is not None
        assert bid is not None
        assert ask is not None
        assert model.undPrice == pytest.approx((fund.bid + fund.ask) / 2)
        assert ticker.bid < (model.optPrice or 0) < ticker.ask
        assert (bid.impliedVol or 0) < (model.impliedVol or 0) < (ask.impliedVol or 0)
        assert 0.3 < sign * (model.delta or 0) < 0.7
        assert (model.gamma or 0) > 0
        assert (model.vega or 0) > 0
        assert (model.theta or 0) < 0
        assert isnan(ticker.last)

    play(scene)


def test_option_follows_its_underlying_until_cancelled() -> None:
    async def scene(ib: ib_async.IB) -> None:
        errors: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: errors.append(code)
        option = await near_the_money(ib, "C")
        ticker = ib.reqMktData(option)
        request_id = ib.wrapper.ticker2ReqId["mktData"][ticker]
        seen = set()
        for _ in range(20):
            await asyncio.sleep(1)
            assert ticker.modelGreeks
            seen.add(ticker.modelGreeks.undPrice)
        assert len(seen) > 5
        ib.cancelMktData(option)
        await asyncio.sleep(1)
        last = ticker.modelGreeks
        await asyncio.sleep(20)
        assert ticker.modelGreeks is last
        ib.client.cancelMktData(request_id)
        await asyncio.sleep(1)
        assert errors == [300]

    play(scene)


def test_snapshot_of_options_of_a_future_ends() -> None:
    async def scene(ib: ib_async.IB) -> None:
        future = await month(ib, "202611")
        (underlying,) = await ib.reqTickersAsync(future)
        (chain,) = await ib.reqSecDefOptParamsAsync("MCL", "NYMEX", "FUT", future.conId)
        strikes = [each for each in chain.strikes if abs(each - underlying.bid) < 2.1]
        assert len(strikes) > 2
        expiry = chain.expirations[0]
        options = [
            await known(ib, ib_async.FuturesOption("MCL", expiry, strike, "P", "NYMEX"))
            for strike in strikes
        ]
        tickers = await asyncio.wait_for(ib.reqTickersAsync(*options), 5)
        asks = [ticker.ask for ticker in tickers]
        # The higher its strike the dearer a put.
        assert asks == sorted(asks)
        assert all(ticker.modelGreeks for ticker in tickers)

    play(scene)


def test_combo_costs_what_its_legs_cost() -> None:
    async def scene(ib: ib_async.IB) -> None:
        near, far = await month(ib, "202610"), await month(ib, "202611")
        first, second = ib.reqMktData(near), ib.reqMktData(far)
        ticker = ib.reqMktData(spread(near, far))
        for _ in range(10):
            await asyncio.sleep(1)
            assert ticker.bid == pytest.approx(first.bid - second.ask)
            assert ticker.ask == pytest.approx(first.ask - second.bid)
            assert ticker.bidSize == min(first.bidSize, second.askSize)

    play(scene)


def test_combo_that_cannot_be_priced_is_refused() -> None:
    async def scene(ib: ib_async.IB) -> None:
        errors: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: errors.append(code)
        near = await month(ib, "202610")
        ib.reqMktData(spread(near, ib_async.Contract(conId=1)))
        await asyncio.sleep(1)
        assert errors == [200]
        ib.reqMktData(ib_async.Bag(symbol="MCL", exchange="NYMEX", comboLegs=[]))
        await asyncio.sleep(1)
        assert errors == [200, 321]

    play(scene)


def test_option_that_is_cancelled_before_it_is_shown_stays_quiet() -> None:
    async def scene(ib: ib_async.IB) -> None:
        errors: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: errors.append(code)
        option = await near_the_money(ib, "C")
        ib.client.reqMktData(901, option, "", False, False, [])
        ib.client.reqMktData(901, option, "", False, False, [])
        ib.client.cancelMktData(901)
        ib.client.cancelMktData(901)
        await asyncio.sleep(2)
        assert errors == [322, 300]

    play(scene)


def test_option_has_no_past_no_ticks_and_no_book() -> None:
    async def scene(ib: ib_async.IB) -> None:
        told: list[tuple[int, str]] = []
        ib.errorEvent += lambda _id, code, text, _contract: told.append((code, text))
        option = await near_the_money(ib, "C")
        await ib.reqHistoricalDataAsync(option, "", "1 D", "1 min", "TRADES", True)
        ib.reqTickByTickData(option, "BidAsk")
        ib.reqMktDepth(option)
        await asyncio.sleep(1)
        assert [code for code, _ in told] == [354, 354, 354]
        assert all(f"Call ({option.localSymbol}) /TOP/ALL" in text for _, text in told)

    play(scene)


def test_order_for_an_option_is_refused_for_want_of_a_permission() -> None:
    async def scene(ib: ib_async.IB) -> None:
        told: list[tuple[int, str]] = []
        ib.errorEvent += lambda _id, code, text, _contract: told.append((code, text))
        option = await near_the_money(ib, "C")
        trade = ib.placeOrder(option, ib_async.LimitOrder("BUY", 1, 1.0, tif="DAY"))
        await asyncio.sleep(1)
        assert told == [(201, "Order rejected - reason:No Trading Permission")]
        assert trade.orderStatus.status == "Cancelled"

    play(scene)


def test_far_month_can_be_bought_at_its_offer() -> None:
    async def scene(ib: ib_async.IB) -> None:
        far = (await ib.reqContractDetailsAsync(ib_async.Future("MCL", exchange="NYMEX")))[4]
        assert far.contract is not None
        (ticker,) = await ib.reqTickersAsync(far.contract)
        order = ib_async.LimitOrder("BUY", 1, ticker.ask + 0.1, tif="DAY")
        trade = ib.placeOrder(far.contract, order)
        await asyncio.sleep(5)
        assert trade.orderStatus.status == "Filled"

    play(scene)


def test_option_of_an_unknown_number_is_refused() -> None:
    async def scene(ib: ib_async.IB) -> None:
        errors: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: errors.append(code)
        ib.reqMktData(ib_async.Contract(conId=1, secType="OPT", exchange="SMART"))
        await asyncio.sleep(1)
        assert errors == [200]

    play(scene)
