"""Currency pairs and indices: what a client of ib_async sees of them, and may do with them."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from math import isnan

import ib_async
import pytest

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.gateway import build_server
from microfutures.venue.synthetic import SyntheticMarket

SYMBOLS = ("EUR.USD", "USD.JPY", "SPX")


def play(scene: Callable[[ib_async.IB], Awaitable[None]]) -> None:
    """Run `scene` with a client of a market of pairs and an index."""

    async def main() -> None:
        market = SyntheticMarket(SYMBOLS, seed=1)
        server = build_server(
            market=market,
            clock=SimulatedClock(market.start_ns),
            host="127.0.0.1",
            port=0,
            initial_cash=Decimal(100_000),
        )
        await server.start()
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        await scene(ib)
        ib.disconnect()
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())


async def known(ib: ib_async.IB, contract: ib_async.Contract) -> ib_async.Contract:
    (qualified,) = await ib.qualifyContractsAsync(contract)
    assert isinstance(qualified, ib_async.Contract)
    return qualified


def test_pair_is_described_as_by_ib() -> None:
    async def scene(ib: ib_async.IB) -> None:
        (details,) = await ib.reqContractDetailsAsync(ib_async.Forex("EURUSD"))
        contract = details.contract
        assert contract is not None
        assert (contract.conId, contract.symbol, contract.currency) == (12087792, "EUR", "USD")
        assert (contract.localSymbol, contract.tradingClass) == ("EUR.USD", "EUR.USD")
        assert (contract.exchange, contract.multiplier) == ("IDEALPRO", "")
        assert details.minTick == 0.00005

    play(scene)


def test_pair_has_quotes_and_a_book_but_no_trades() -> None:
    async def scene(ib: ib_async.IB) -> None:
        contract = await known(ib, ib_async.Forex("EURUSD"))
        ticker = ib.reqMktData(contract)
        book = ib.reqMktDepth(contract)
        await asyncio.sleep(5)
        assert 1.0 < ticker.bid < ticker.ask < 1.4
        assert ticker.high >= ticker.low
        assert isnan(ticker.last)
        assert len(book.domBids) == 5

    play(scene)


def test_pair_has_a_past_of_midpoints_and_none_of_trades() -> None:
    async def scene(ib: ib_async.IB) -> None:
        contract = await known(ib, ib_async.Forex("EURUSD"))

        async def past(what: str) -> ib_async.BarDataList:
            return await ib.reqHistoricalDataAsync(contract, "", "900 S", "10 secs", what, False)

        bars = await past("MIDPOINT")
        assert 80 <= len(bars) <= 90
        assert {bar.volume for bar in bars} == {-1}
        with pytest.raises(ib_async.RequestError, match="EUR/CASH@IDEALPRO") as refusal:
            await past("TRADES")
        assert refusal.value.code == 162

    play(scene)


def test_pair_is_bought_for_the_minimum_commission() -> None:
    async def scene(ib: ib_async.IB) -> None:
        contract = await known(ib, ib_async.Forex("EURUSD"))
        await asyncio.sleep(2)
        trade = ib.placeOrder(contract, ib_async.MarketOrder("BUY", 20_000))
        await asyncio.sleep(3)
        assert trade.orderStatus.status == "Filled"
        assert sum(fill.commissionReport.commission for fill in trade.fills) == 2.0
        (position,) = ib.positions()
        assert (position.contract.symbol, position.position) == ("EUR", 20_000)

    play(scene)


@pytest.mark.parametrize(
    "contract", [ib_async.Index("SPX", "CBOE"), ib_async.Forex("USDJPY")], ids=["index", "yen"]
)
def test_order_for_what_the_account_may_not_trade_is_refused(contract: ib_async.Contract) -> None:
    async def scene(ib: ib_async.IB) -> None:
        trade = ib.placeOrder(await known(ib, contract), ib_async.MarketOrder("BUY", 1))
        await asyncio.sleep(1)
        assert trade.orderStatus.status == "Cancelled"
        assert trade.log[-1].errorCode == 201

    play(scene)


def test_index_has_a_price_but_no_quotes_and_no_book() -> None:
    async def scene(ib: ib_async.IB) -> None:
        index = await known(ib, ib_async.Index("SPX", "CBOE"))
        errors: list[int] = []
        ib.errorEvent += lambda _id, code, _text, _contract: errors.append(code)
        ticker = ib.reqMktData(index)
        ib.reqMktDepth(index)
        await asyncio.sleep(5)
        assert 6000 < ticker.last < 7000
        assert isnan(ticker.bid)
        assert isnan(ticker.ask)
        assert errors == [10092]

    play(scene)
