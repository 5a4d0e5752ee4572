"""ib_async, unmodified, against the simulator: over a real socket, and in virtual time."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from itertools import pairwise

import ib_async
import pytest

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.server import TwsServer

Scene = Callable[[TwsServer, ib_async.IB], Awaitable[None]]


def play(scene: Scene, *, virtual: bool = True) -> None:
    """Run `scene` with a started server and a connected client."""

    async def main() -> None:
        server = a_server()
        await server.start()
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        await scene(server, ib)
        ib.disconnect()
        await server.stop()

    factory = VirtualTimeLoop if virtual else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


async def mcl(ib: ib_async.IB) -> ib_async.Contract:
    details = await ib.reqContractDetailsAsync(ib_async.Future("MCL", "202611", "NYMEX"))
    assert details[0].contract is not None
    return details[0].contract


def test_ib_async_trades_over_a_real_socket() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        ticker = ib.reqMktData(contract)
        while ticker.ask != ticker.ask:  # NaN before the first tick
            await asyncio.sleep(0.05)
        trade = ib.placeOrder(
            contract, ib_async.LimitOrder("BUY", 1, round(ticker.ask + 0.1, 2), tif="DAY")
        )
        while not (trade.isDone() and trade.fills[0].commissionReport.execId):
            await asyncio.sleep(0.05)
        assert trade.orderStatus.status == "Filled"
        assert trade.fills[0].commissionReport.commission == pytest.approx(0.77)
        assert [position.position for position in ib.positions()] == [1]

    play(scene, virtual=False)


def in_money(rows: list[ib_async.AccountValue]) -> dict[tuple[str, str], float]:
    """Return the amounts by name and currency."""
    return {
        (row.tag, row.currency): float(row.value)
        for row in rows
        if row.currency and row.tag != "Currency"
    }


def test_account_is_told_by_currency() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(2)
        ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1))
        await asyncio.sleep(2)
        summary = in_money(await ib.accountSummaryAsync())
        told = in_money(ib.accountValues())
        for currency in ("BASE", "USD"):
            assert told["NetLiquidationByCurrency", currency] == told["NetLiquidation", "USD"]
            assert summary["CashBalance", currency] == told["CashBalance", currency]
            assert told["StockMarketValue", currency] == 0
            assert told["FuturesPNL", currency] == told["UnrealizedPnL", currency] < 0

    play(scene)


def test_ib_async_places_changes_and_cancels() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(1)
        order = ib_async.LimitOrder("BUY", 3, 60.0, tif="DAY", orderRef="mine")
        trade = ib.placeOrder(contract, order)
        await asyncio.sleep(1)
        assert trade.orderStatus.status == "Submitted"
        order.lmtPrice = 60.5
        ib.placeOrder(contract, order)
        await asyncio.sleep(1)
        (listed,) = await ib.reqAllOpenOrdersAsync()
        assert (listed.order.lmtPrice, listed.order.orderRef) == (60.5, "mine")
        ib.cancelOrder(order)
        await asyncio.sleep(1)
        assert trade.orderStatus.status == "Cancelled"
        (done,) = await ib.reqCompletedOrdersAsync(False)
        assert (done.orderStatus.status, done.order.orderRef) == ("Cancelled", "mine")

    play(scene)


def test_order_of_a_client_outlives_its_connection() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        ib.placeOrder(contract, ib_async.LimitOrder("BUY", 1, 60.0, tif="GTC", orderRef="resting"))
        await asyncio.sleep(1)
        ib.disconnect()
        await asyncio.sleep(1)
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        (trade,) = ib.openTrades()
        assert trade.order.orderRef == "resting"
        ib.cancelOrder(trade.order)
        await asyncio.sleep(1)
        assert not ib.openTrades()

    play(scene)


def test_executions_are_told_again_to_a_client_that_was_away() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        contract = await mcl(ib)
        await asyncio.sleep(2)
        ib.placeOrder(contract, ib_async.MarketOrder("BUY", 1, tif="DAY", orderRef="gone"))
        ib.disconnect()
        await asyncio.sleep(1)
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        (fill,) = await ib.reqExecutionsAsync()
        assert (fill.execution.orderRef, fill.execution.shares) == ("gone", 1)

    play(scene)


def test_second_client_sees_the_position_but_not_the_order() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        other = ib_async.IB()
        await other.connectAsync("127.0.0.1", server.port, clientId=2)
        contract = await mcl(ib)
        await asyncio.sleep(2)
        ib.placeOrder(contract, ib_async.MarketOrder("SELL", 2, tif="DAY"))
        await asyncio.sleep(1)
        assert [position.position for position in other.positions()] == [-2]
        assert not other.trades()
        other.disconnect()

    play(scene)


def test_real_time_bars_come_every_five_seconds() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        bars = ib.reqRealTimeBars(await mcl(ib), 5, "TRADES", False)
        await asyncio.sleep(21)
        assert 3 <= len(bars) <= 4
        times = [bar.time.timestamp() for bar in bars]
        assert {later - earlier for earlier, later in pairwise(times)} == {5.0}

    play(scene)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0" + struct.pack(">I", 0xFFFFFFFF),
        b"API\0" + struct.pack(">I", 9) + b"v100..120",
        b"API\0" + struct.pack(">I", 4) + b"\xff\xfe\x00\x01",
        b"API\0" + struct.pack(">I", 9) + b"v157..178" + struct.pack(">I", 3) + b"3\x00\x00",
    ],
)
def test_nonsense_ends_its_own_connection_only(nonsense: bytes) -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        lost = asyncio.get_running_loop().create_future()

        class Rude(asyncio.Protocol):
            def connection_lost(self, exc: Exception | None) -> None:
                lost.set_result(None)

        transport, _ = await asyncio.get_running_loop().create_connection(
            Rude, "127.0.0.1", server.port
        )
        transport.write(nonsense)
        await asyncio.wait_for(lost, 5)
        assert (await ib.reqCurrentTimeAsync()).year == 2026

    play(scene)


def test_request_that_cannot_be_read_is_refused_and_the_next_one_answered() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        errors = []
        ib.errorEvent += lambda *error: errors.append(error[1])
        ib.client.send(9, 8, "no number")
        ib.client.send(3, 1)
        await asyncio.sleep(1)
        assert errors == [320, 320]
        assert (await ib.reqCurrentTimeAsync()).year == 2026

    play(scene)


def test_unknown_message_is_answered_like_tws_does() -> None:
    async def scene(server: TwsServer, ib: ib_async.IB) -> None:
        errors = []
        ib.errorEvent += lambda *error: errors.append(error[1])
        ib.client.send(9999, 1)
        await asyncio.sleep(1)
        assert 505 in errors

    play(scene)
