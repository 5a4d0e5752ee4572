"""The least that a user of ib_async writes: an order on a tick, nothing checked or remembered.

Run by `benchmarks.tick_to_order`.
"""

import asyncio
from collections.abc import Iterable

import ib_async
from ib_async.client import Client

from benchmarks.measured import Meter
from benchmarks.processes import HOST
from benchmarks.tick_server import SIGNAL_SIZE


async def sell_on_signal(port: int, meter: Meter) -> None:
    """Sell one at the bid whenever it has the size of a signal, until the server hangs up."""
    # IB's limit of messages a second would be what is measured.
    Client.MaxRequests = 0
    ib = ib_async.IB()
    await ib.connectAsync(HOST, port, clientId=1)
    contracts = [ib_async.Future("MCL", "202611", "NYMEX"), ib_async.Stock("USO", "SMART", "USD")]
    for contract in await ib.qualifyContractsAsync(*contracts):
        assert isinstance(contract, ib_async.Contract)
        ib.reqMktData(contract)

    def on_tickers(tickers: Iterable[ib_async.Ticker]) -> None:
        for ticker in tickers:
            if ticker.bidSize == SIGNAL_SIZE and ticker.contract is not None:
                order = ib_async.LimitOrder("SELL", 1, ticker.bid, tif="DAY")
                ib.placeOrder(ticker.contract, order)
                meter.count()

    ib.pendingTickersEvent += on_tickers
    hung_up = asyncio.Event()
    ib.disconnectedEvent += hung_up.set
    meter.ready()
    await hung_up.wait()
