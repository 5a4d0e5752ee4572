"""What the public examples of ib_async do, in words of our own: blocking calls, real sockets."""

import asyncio
import re
from collections.abc import Iterator

import ib_async
import pytest
from ib_async import Contract, Forex, Index, LimitOrder, MarketOrder, Option, Stock, TagValue

from conformance.notebooks import CASH, SYMBOLS
from microfutures.twsim.testing import a_gateway

pytestmark = pytest.mark.slow

SPEED = 20.0
PAIRS = ("EURUSD", "GBPUSD", "AUDUSD", "USDJPY", "USDCHF", "USDCAD")


@pytest.fixture(scope="module")
def ib() -> Iterator[ib_async.IB]:
    """Return a client that is connected once for all examples, as in a notebook."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with a_gateway(symbols=SYMBOLS, cash=CASH, speed=SPEED) as gateway:
        client = ib_async.IB()
        client.connect(gateway.host, gateway.port, clientId=10)
        yield client
        client.disconnect()
        # A transport is closed at the loop's next turn.
        loop.run_until_complete(asyncio.sleep(0.1))
    asyncio.set_event_loop(None)
    loop.close()


def known(ib: ib_async.IB, contract: Contract) -> Contract:
    (found,) = ib.qualifyContracts(contract)
    assert isinstance(found, Contract)
    return found


def test_basics(ib: ib_async.IB) -> None:
    (base,) = [
        row
        for row in ib.accountValues()
        if (row.tag, row.currency) == ("NetLiquidationByCurrency", "BASE")
    ]
    assert float(base.value) == CASH
    assert ib.positions() == ib.reqPositions() == []
    assert len(ib.reqContractDetails(Stock("TSLA", "SMART", "USD"))) == 1


def test_contract_details(ib: ib_async.IB) -> None:
    amd, unknown = Stock("AMD", "SMART", "USD"), Stock("XXX", "SMART", "USD")
    assert len(ib.reqContractDetails(Stock("AMD"))) == len(ib.reqContractDetails(amd)) == 1
    assert ib.reqContractDetails(unknown) == []
    by_number = Contract(conId=4391)
    ib.qualifyContracts(amd, by_number)
    assert by_number == amd
    intel = known(ib, Stock("INTC", "SMART", "USD"))
    assert intel in [match.contract for match in ib.reqMatchingSymbols("intc")]


def test_bars_of_a_share(ib: ib_async.IB) -> None:
    share = Stock("TSLA", "SMART", "USD")
    bars = ib.reqHistoricalData(share, "", "60 D", "1 hour", "TRADES", True)
    # As many hours as the made-up past of ten days has in regular trading.
    assert 5 * 6 <= len(bars) <= 8 * 8
    assert all(bar.low <= bar.open <= bar.high for bar in bars)
    first = ib.reqHeadTimeStamp(share, "TRADES", True)
    assert str(first)[:10] <= str(bars[0].date)[:10]


def test_bars_that_grow(ib: ib_async.IB) -> None:
    pair = known(ib, Forex("EURUSD"))
    bars = ib.reqHistoricalData(pair, "", "900 S", "10 secs", "MIDPOINT", True, keepUpToDate=True)
    live = ib.reqRealTimeBars(pair, 5, "MIDPOINT", False)
    count, told = len(bars), list[bool]()
    bars.updateEvent += lambda _bars, is_new: told.append(is_new)
    ib.sleep(2)
    assert {True, False} >= set(told) >= {True}
    assert len(bars) > count
    assert len(live) > 3
    ib.cancelHistoricalData(bars)
    ib.cancelRealTimeBars(live)


def test_depth_of_a_pair(ib: ib_async.IB) -> None:
    pair = known(ib, Forex("EURUSD"))
    assert "IDEALPRO" in {each.exchange for each in ib.reqMktDepthExchanges()}
    book = ib.reqMktDepth(pair)
    ib.sleep(1)
    assert len(book.domBids) == len(book.domAsks) == 5
    assert book.domBids[0].price < book.domAsks[0].price
    ib.cancelMktDepth(pair)


def test_ticks_of_pairs(ib: ib_async.IB) -> None:
    pairs = [known(ib, Forex(name)) for name in PAIRS]
    tickers = [ib.reqMktData(pair) for pair in pairs]
    ib.sleep(1)
    assert all(0 < ticker.bid < ticker.marketPrice() < ticker.ask for ticker in tickers)
    for pair in pairs:
        ib.cancelMktData(pair)
    stream = ib.reqTickByTickData(pairs[0], "BidAsk")
    ib.sleep(1)
    assert stream.bid < stream.ask
    ib.cancelTickByTickData(pairs[0], "BidAsk")
    ticks = ib.reqHistoricalTicks(pairs[0], "", "20270101 00:00:00 UTC", 1000, "BID_ASK", False)
    assert len(ticks) >= 1000


def test_chain_of_an_index(ib: ib_async.IB) -> None:
    index = known(ib, Index("SPX", "CBOE"))
    ib.reqMarketDataType(4)
    (ticker,) = ib.reqTickers(index)
    value = ticker.marketPrice()
    chains = ib.reqSecDefOptParams("SPX", "", "IND", index.conId)
    (chain,) = [each for each in chains if (each.tradingClass, each.exchange) == ("SPX", "SMART")]
    strike = min(chain.strikes, key=lambda each: abs(each - value))
    wanted = [
        Option("SPX", expiry, strike, right, "SMART", tradingClass="SPX")
        for expiry in sorted(chain.expirations)[:3]
        for right in ("P", "C")
    ]
    options = [known(ib, each) for each in wanted]
    greeks = [ticker.modelGreeks for ticker in ib.reqTickers(*options)]
    assert all(each is not None and each.impliedVol for each in greeks)
    ib.reqMarketDataType(1)


def test_orders_for_a_pair(ib: ib_async.IB) -> None:
    pair = known(ib, Forex("EURUSD"))
    sold = ib.placeOrder(pair, LimitOrder("SELL", 20_000, 1.11))
    low = LimitOrder("BUY", 20_000, 0.05)
    resting = ib.placeOrder(pair, low)
    ib.sleep(1)
    assert (sold.orderStatus.status, resting.orderStatus.status) == ("Filled", "Submitted")
    assert sold in ib.trades()
    assert resting in ib.openTrades()
    low.lmtPrice = 0.10
    ib.placeOrder(pair, low)
    ib.cancelOrder(low)
    bought = ib.placeOrder(pair, MarketOrder("BUY", 100))
    while not (bought.isDone() and resting.isDone()):
        assert ib.waitOnUpdate(timeout=10)
    ib.sleep(0.5)
    assert [position.position for position in ib.positions()] == [-19_900]
    assert sum(fill.commissionReport.commission for fill in ib.fills()) == pytest.approx(4.0)
    preview = ib.whatIfOrder(pair, MarketOrder("SELL", 20_000))
    assert float(preview.initMarginAfter) > float(preview.initMarginBefore) > 0


def test_scans(ib: ib_async.IB) -> None:
    ib.sleep(1)
    scan = ib_async.ScannerSubscription(
        instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN"
    )
    assert len(ib.reqScannerData(scan)) == 5
    cheap = [TagValue("priceAbove", "5"), TagValue("priceBelow", "50")]
    found = ib.reqScannerData(scan, [], cheap)
    assert [row.contractDetails.contract.symbol for row in found if row.contractDetails.contract]
    scan.abovePrice = 300
    above = [row.contractDetails.contract for row in ib.reqScannerData(scan)]
    assert {"SPY", "TSLA"} >= {contract.symbol for contract in above if contract} != set()
    codes = re.findall(r"<AbstractField><code>(\w+)</code>", ib.reqScannerParameters())
    assert {"priceAbove", "changePercAbove"} <= set(codes)
