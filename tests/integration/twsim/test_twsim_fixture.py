"""The published fixture, as users of other libraries write it."""

import asyncio
import threading

import ib_async
import pytest
from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from microfutures.model.errors import MicroFuturesError
from microfutures.twsim.testing import Gateway, a_gateway


async def test_fixture_serves_ib_async(tws: Gateway) -> None:
    ib = ib_async.IB()
    await ib.connectAsync(tws.host, tws.port, clientId=1)
    assert ib.managedAccounts() == [tws.account]
    (contract,) = await ib.qualifyContractsAsync(ib_async.Future("MCL", "202611", "NYMEX"))
    assert isinstance(contract, ib_async.Contract)
    ticker = ib.reqMktData(contract)
    while not ticker.hasBidAsk():
        await ticker.updateEvent
    assert ticker.ask > ticker.bid > 0
    ib.disconnect()


@pytest.mark.tws(symbols=("MES", "SPY"), seed=7, speed=60, cash=5_000, account="DU7")
async def test_marker_chooses_market_pace_and_account(tws: Gateway) -> None:
    assert (tws.symbols, tws.seed, tws.speed) == (("MES", "SPY"), 7, 60)
    ib = ib_async.IB()
    await ib.connectAsync(tws.host, tws.port, clientId=1)
    assert ib.managedAccounts() == ["DU7"]
    (details,) = await ib.reqContractDetailsAsync(ib_async.Stock("SPY", "SMART", "USD"))
    assert details.longName
    first = await ib.reqCurrentTimeAsync()
    await asyncio.sleep(0.2)
    assert (await ib.reqCurrentTimeAsync() - first).total_seconds() >= 10
    cash = [value for value in await ib.accountSummaryAsync() if value.tag == "TotalCashValue"]
    assert float(cash[0].value) == 5_000
    ib.disconnect()


class Application(EWrapper, EClient):
    """A client that blocks, as IB's documentation writes it."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.ready = threading.Event()
        self.accounts = ""

    def managedAccounts(self, accountsList: str) -> None:
        self.accounts = accountsList

    def error(self, *arguments: object) -> None:
        # The last of the notices that TWS begins with: ibapi has nothing left to read then.
        if 2158 in arguments:
            self.ready.set()


def test_fixture_serves_a_blocking_client(tws: Gateway) -> None:
    application = Application()
    application.connect(tws.host, tws.port, clientId=2)
    thread = threading.Thread(target=application.run, daemon=True)
    thread.start()
    assert application.ready.wait(10)
    assert application.accounts == tws.account
    application.disconnect()
    thread.join(10)
    assert not thread.is_alive()


def test_two_gateways_run_at_once_and_leave_nothing_behind() -> None:
    before = {*threading.enumerate()}
    with a_gateway() as one, a_gateway(seed=2) as other:
        assert one.port != other.port
    assert {*threading.enumerate()} <= before


def test_what_is_wrong_is_raised_in_the_test() -> None:
    with pytest.raises(MicroFuturesError, match="NOSUCH"), a_gateway(symbols=["NOSUCH"]):
        pass
    with a_gateway() as one, pytest.raises(OSError, match=str(one.port)), a_gateway(port=one.port):
        pass


def test_failure_of_the_body_is_not_hidden() -> None:
    with pytest.raises(KeyError), a_gateway():
        raise KeyError("mine")
