"""IB's own client, unmodified, against the simulator over a real socket."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.wrapper import EWrapper

from helpers.gateway import gateway_in_a_thread


class Recorder(EWrapper):
    """Keeps every callback by name; a test waits for the one it needs."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.changed = threading.Condition()

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in ("calls", "changed", "wait", "logAnswer"):
            return super().__getattribute__(name)

        def record(*arguments: Any, **named: Any) -> None:
            with self.changed:
                self.calls[name].append((*arguments, *named.values()))
                self.changed.notify_all()

        return record

    def wait(
        self, name: str, wanted: Callable[[tuple[Any, ...]], bool] = lambda _: True
    ) -> tuple[Any, ...]:
        def found() -> tuple[Any, ...] | None:
            return next((call for call in self.calls[name] if wanted(call)), None)

        with self.changed:
            assert self.changed.wait_for(lambda: found() is not None, 15), (
                f"{name} never came; errors: {self.calls['error']}"
            )
            call = found()
        assert call is not None
        return call


class Desk:
    """A connected client."""

    def __init__(self, port: int) -> None:
        self.heard = Recorder()
        self.client = EClient(self.heard)
        self.client.connect("127.0.0.1", port, clientId=7)
        self.thread = threading.Thread(target=self.client.run, daemon=True)
        self.thread.start()
        (self.order_id,) = self.heard.wait("nextValidId")

    def next_id(self) -> int:
        self.order_id += 1
        return self.order_id - 1

    def close(self) -> None:
        self.client.disconnect()
        self.thread.join(5)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with gateway_in_a_thread() as server:
        desk = Desk(server.port)
        yield desk
        desk.close()


def mcl() -> Contract:
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange = "MCL", "FUT", "NYMEX"
    contract.currency, contract.lastTradeDateOrContractMonth = "USD", "202611"
    return contract


def uso() -> Contract:
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange = "USO", "STK", "SMART"
    contract.currency = "USD"
    return contract


def an_order(action: str, quantity: int, limit: float | None = None) -> Order:
    order = Order()
    order.action, order.totalQuantity, order.tif = action, Decimal(quantity), "DAY"
    order.orderType = "MKT" if limit is None else "LMT"
    if limit is not None:
        order.lmtPrice = limit
    order.orderRef = "from-ibapi"
    return order


def test_ibapi_learns_accounts_and_the_time(desk: Desk) -> None:
    assert desk.heard.wait("managedAccounts") == ("DU1000001",)
    desk.client.reqCurrentTime()
    (moment,) = desk.heard.wait("currentTime")
    assert 1_788_877_800 <= moment < 1_788_880_000


def test_ibapi_reads_contract_details(desk: Desk) -> None:
    desk.client.reqContractDetails(101, mcl())
    _, details = desk.heard.wait("contractDetails", lambda call: call[0] == 101)
    assert details.contract.localSymbol == "MCLX6"
    assert (details.minTick, details.contract.multiplier) == (0.01, "100")
    assert details.contract.lastTradeDateOrContractMonth == "20261019"
    assert details.timeZoneId == "US/Eastern"
    assert "20260907:1800-20260908:1700" in details.tradingHours
    desk.client.reqContractDetails(102, uso())
    _, fund = desk.heard.wait("contractDetails", lambda call: call[0] == 102)
    assert (fund.contract.primaryExchange, fund.stockType) == ("ARCA", "ETF")
    assert "20260908:0930-20260908:1600" in fund.liquidHours
    desk.heard.wait("contractDetailsEnd", lambda call: call[0] == 102)


def test_ibapi_is_told_of_an_unknown_contract(desk: Desk) -> None:
    contract = uso()
    contract.symbol = "NOSUCH"
    desk.client.reqContractDetails(103, contract)
    call = desk.heard.wait("error", lambda call: call[0] == 103)
    assert 200 in call
    assert "No security definition has been found for the request" in call


def test_ibapi_streams_quotes(desk: Desk) -> None:
    desk.client.reqMktData(201, mcl(), "", False, False, [])
    bid = desk.heard.wait("tickPrice", lambda call: call[:2] == (201, 1))
    ask = desk.heard.wait("tickPrice", lambda call: call[:2] == (201, 2))
    assert 0 < bid[2] < ask[2] < bid[2] + 0.1
    assert desk.heard.wait("tickSize", lambda call: call[:2] == (201, 0))[2] > 0
    assert desk.heard.wait("marketDataType", lambda call: call[0] == 201) == (201, 1)
    desk.client.cancelMktData(201)


def test_ibapi_loads_past_bars(desk: Desk) -> None:
    desk.client.reqHistoricalData(202, uso(), "", "1800 S", "1 min", "TRADES", 0, 2, False, [])
    desk.heard.wait("historicalDataEnd", lambda call: call[0] == 202)
    bars = [call[1] for call in desk.heard.calls["historicalData"] if call[0] == 202]
    assert 25 <= len(bars) <= 30
    assert [int(bar.date) for bar in bars] == sorted(int(bar.date) for bar in bars)
    assert all(bar.low <= bar.close <= bar.high for bar in bars)


def test_ibapi_places_changes_and_cancels_an_order(desk: Desk) -> None:
    order_id = desk.next_id()
    desk.client.placeOrder(order_id, mcl(), an_order("BUY", 2, 60.0))
    desk.heard.wait("orderStatus", lambda call: call[:2] == (order_id, "Submitted"))
    desk.client.placeOrder(order_id, mcl(), an_order("BUY", 2, 60.5))
    changed = desk.heard.wait(
        "openOrder", lambda call: call[0] == order_id and call[2].lmtPrice == 60.5
    )
    assert (changed[1].localSymbol, changed[2].orderRef) == ("MCLX6", "from-ibapi")
    desk.client.cancelOrder(order_id, OrderCancel())
    status = desk.heard.wait("orderStatus", lambda call: call[:2] == (order_id, "Cancelled"))
    assert status[2] == 0
    assert 202 in desk.heard.wait("error", lambda call: call[0] == order_id)


def test_ibapi_gets_a_fill_with_execution_and_commission(desk: Desk) -> None:
    order_id = desk.next_id()
    desk.client.placeOrder(order_id, mcl(), an_order("BUY", 1))
    status = desk.heard.wait("orderStatus", lambda call: call[:2] == (order_id, "Filled"))
    assert status[2] == 1
    _, contract, execution = desk.heard.wait(
        "execDetails", lambda call: call[2].orderId == order_id
    )
    assert (contract.localSymbol, execution.side, execution.shares) == ("MCLX6", "BOT", 1)
    assert execution.permId == status[5]
    (report,) = desk.heard.wait(
        "commissionAndFeesReport", lambda call: call[0].execId == execution.execId
    )
    assert report.commissionAndFees == pytest.approx(0.77)
    desk.client.reqExecutions(301, ExecutionFilter())
    again = desk.heard.wait("execDetails", lambda call: call[0] == 301)
    assert again[2].execId == execution.execId
    desk.heard.wait("execDetailsEnd", lambda call: call[0] == 301)


def test_ibapi_reads_positions_and_account_values(desk: Desk) -> None:
    desk.client.reqPositions()
    position = desk.heard.wait("position", lambda call: call[1].symbol == "MCL")
    assert position[2] == 1
    assert position[3] > 1000
    desk.heard.wait("positionEnd")
    desk.client.reqAccountUpdates(True, "DU1000001")
    value = desk.heard.wait("updateAccountValue", lambda call: call[0] == "NetLiquidation")
    assert 24_000 < float(value[1]) < 26_000
    portfolio = desk.heard.wait("updatePortfolio", lambda call: call[0].symbol == "MCL")
    assert portfolio[1] == 1
    desk.heard.wait("accountDownloadEnd")
    desk.client.reqAccountSummary(302, "All", "NetLiquidation,AvailableFunds")
    desk.heard.wait("accountSummaryEnd", lambda call: call[0] == 302)
    tags = {call[2] for call in desk.heard.calls["accountSummary"] if call[0] == 302}
    assert tags == {"NetLiquidation", "AvailableFunds"}


def test_ibapi_previews_an_order(desk: Desk) -> None:
    desk.client.reqMktData(401, uso(), "", False, False, [])
    desk.heard.wait("tickPrice", lambda call: call[:2] == (401, 2))
    order_id = desk.next_id()
    order = an_order("SELL", 90)
    order.whatIf = True
    desk.client.placeOrder(order_id, uso(), order)
    _, _, _, state = desk.heard.wait("openOrder", lambda call: call[0] == order_id)
    assert float(state.initMarginChange) > 1000
    desk.client.reqOpenOrders()
    desk.heard.wait("openOrderEnd")
    assert not any(call[0] == order_id for call in desk.heard.calls["orderStatus"])


def test_ibapi_is_told_what_is_wrong_with_an_order(desk: Desk) -> None:
    off_tick, unknown_type = desk.next_id(), desk.next_id()
    desk.client.placeOrder(off_tick, mcl(), an_order("BUY", 1, 60.005))
    assert 110 in desk.heard.wait("error", lambda call: call[0] == off_tick)
    order = an_order("BUY", 1)
    order.orderType = "PEG BENCH"
    desk.client.placeOrder(unknown_type, mcl(), order)
    assert 387 in desk.heard.wait("error", lambda call: call[0] == unknown_type)


def test_ibapi_is_refused_a_client_id_in_use(desk: Desk) -> None:
    heard = Recorder()
    client = EClient(heard)
    client.connect("127.0.0.1", desk.client.port, clientId=7)
    thread = threading.Thread(target=client.run, daemon=True)
    thread.start()
    assert 326 in heard.wait("error", lambda call: 326 in call)
    client.disconnect()
    thread.join(5)
