"""`microfutures gateway --state`: real processes, killed; nothing that was told is forgotten."""

import asyncio
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ib_async
import pytest
from benchmarks.children import Child

from helpers.nobody import as_user_without_rights
from microfutures.adapters.sqlite_broker_memory import SqliteBrokerMemory
from microfutures.app.gateway.state import open_state
from microfutures.model.errors import ConfigurationError, GatewayStateError
from microfutures.ports.broker_memory import KeptRow

Scene = Callable[[ib_async.IB, ib_async.Contract], Awaitable[None]]
KEPT_TAGS = ("TotalCashValue", "GrossPositionValue", "InitMarginReq")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def a_gateway(directory: Path, port: int, *arguments: str) -> Iterator[Child]:
    """A gateway that is killed at the end, whatever it does."""
    words = ("-m", "microfutures", "gateway", "--port", str(port), "--state", "state.sqlite3")
    child = Child(*words, *arguments, directory=directory, log="gateway.log")
    try:
        child.wait_for("simulated gateway on")
        yield child
    finally:
        child.kill()


def with_client(port: int, scene: Scene) -> None:
    async def main() -> None:
        ib = ib_async.IB()
        ib.RaiseRequestErrors = True
        await ib.connectAsync("127.0.0.1", port, clientId=7)
        details = await ib.reqContractDetailsAsync(ib_async.Future("MCL", "202611", "NYMEX"))
        assert details[0].contract is not None
        try:
            await scene(ib, details[0].contract)
        finally:
            ib.disconnect()

    asyncio.run(main())


def what_is_seen(port: int) -> dict[str, Any]:
    """Everything that a client hears of the past."""
    seen: dict[str, Any] = {}

    async def look(ib: ib_async.IB, _: ib_async.Contract) -> None:
        seen["positions"] = [(p.contract.conId, p.position, p.avgCost) for p in ib.positions()]
        trades = [*await ib.reqAllOpenOrdersAsync(), *await ib.reqCompletedOrdersAsync(False)]
        seen["orders"] = sorted(
            (t.order.permId, t.order.orderRef, t.orderStatus.status, t.order.lmtPrice)
            for t in trades
        )
        fills = await ib.reqExecutionsAsync()
        seen["executions"] = [
            (f.execution.execId, f.execution.permId, f.execution.shares, f.execution.price)
            for f in fills
        ]
        seen["commissions"] = [f.commissionReport.commission for f in fills]
        account = await ib.accountSummaryAsync()
        seen["account"] = {row.tag: row.value for row in account if row.tag == "TotalCashValue"}

    with_client(port, look)
    return seen


async def trade(ib: ib_async.IB, oil: ib_async.Contract) -> None:
    """Leave a position, three working orders of as many kinds and a cancelled one behind."""
    bought = ib.placeOrder(oil, ib_async.MarketOrder("BUY", 3, tif="DAY", orderRef="bought"))
    ib.placeOrder(oil, ib_async.LimitOrder("BUY", 1, 60.0, tif="GTC", orderRef="low"))
    ib.placeOrder(oil, ib_async.StopOrder("SELL", 1, 50.0, tif="GTC", orderRef="stop"))
    trailing = ib_async.Order(
        orderType="TRAIL", action="SELL", totalQuantity=1, auxPrice=2.0, tif="GTC", orderRef="trail"
    )
    ib.placeOrder(oil, trailing)
    gone = ib.placeOrder(oil, ib_async.LimitOrder("BUY", 1, 61.0, tif="DAY", orderRef="gone"))
    while len(ib.openTrades()) > 4 or not bought.isDone():
        await asyncio.sleep(0.02)
    ib.cancelOrder(gone.order)
    while not gone.isDone() or not all(t.order.permId for t in ib.openTrades()):
        await asyncio.sleep(0.02)


@pytest.mark.slow
def test_a_killed_gateway_comes_back_with_the_same_account(tmp_path: Path, port: int) -> None:
    with a_gateway(tmp_path, port):
        with_client(port, trade)
        before = what_is_seen(port)
    with a_gateway(tmp_path, port):
        after = what_is_seen(port)
    assert after == before
    assert [quantity for _, quantity, _ in before["positions"]] == [3]
    assert [(ref, status) for _, ref, status, _ in before["orders"]] == [
        ("bought", "Filled"),
        ("low", "Submitted"),
        ("stop", "PreSubmitted"),
        ("trail", "PreSubmitted"),
        ("gone", "Cancelled"),
    ]
    assert len(before["executions"]) == len(before["commissions"]) == 1


@pytest.mark.slow
def test_a_spread_and_its_legs_come_back(tmp_path: Path, port: int) -> None:
    async def trade_spread(ib: ib_async.IB, oil: ib_async.Contract) -> None:
        (near,) = await ib.qualifyContractsAsync(ib_async.Future("MCL", "202610", "NYMEX"))
        assert isinstance(near, ib_async.Contract)
        legs = [
            ib_async.ComboLeg(conId=each.conId, ratio=1, action=action, exchange="NYMEX")
            for each, action in ((near, "BUY"), (oil, "SELL"))
        ]
        spread = ib_async.Bag(symbol="MCL", exchange="NYMEX", currency="USD", comboLegs=legs)
        bought = ib.placeOrder(spread, ib_async.MarketOrder("BUY", 2, tif="DAY"))
        resting = ib.placeOrder(spread, ib_async.LimitOrder("BUY", 1, -9.0, tif="GTC"))
        while not (bought.isDone() and resting.order.permId):
            await asyncio.sleep(0.02)

    async def fill(ib: ib_async.IB, _: ib_async.Contract) -> None:
        (known,) = await ib.reqOpenOrdersAsync()
        assert len(known.contract.comboLegs) == 2
        known.order.lmtPrice = 9.0
        ib.placeOrder(known.contract, known.order)
        while not known.isDone():
            await asyncio.sleep(0.02)
        assert known.filled() == 1

    with a_gateway(tmp_path, port):
        with_client(port, trade_spread)
        before = what_is_seen(port)
    with a_gateway(tmp_path, port):
        assert what_is_seen(port) == before
        with_client(port, fill)
        after = what_is_seen(port)
    assert [quantity for _, quantity, _ in before["positions"]] == [2, -2]
    assert [quantity for _, quantity, _ in after["positions"]] == [3, -3]
    assert len(before["executions"]) == 3


@pytest.mark.slow
def test_orders_that_came_back_can_be_cancelled_and_ids_go_on(tmp_path: Path, port: int) -> None:
    first: list[ib_async.Trade] = []

    async def place(ib: ib_async.IB, oil: ib_async.Contract) -> None:
        first.append(ib.placeOrder(oil, ib_async.LimitOrder("BUY", 1, 60.0, tif="GTC")))
        while not first[0].order.permId:
            await asyncio.sleep(0.02)

    async def cancel(ib: ib_async.IB, oil: ib_async.Contract) -> None:
        (known,) = await ib.reqOpenOrdersAsync()
        assert known.order.permId == first[0].order.permId
        again = ib.placeOrder(oil, ib_async.MarketOrder("BUY", 1, tif="DAY"))
        assert again.order.orderId > known.order.orderId
        ib.cancelOrder(known.order)
        while not (known.isDone() and again.isDone()):
            await asyncio.sleep(0.02)
        assert (known.orderStatus.status, again.orderStatus.status) == ("Cancelled", "Filled")
        assert again.order.permId > known.order.permId

    with a_gateway(tmp_path, port):
        with_client(port, place)
    with a_gateway(tmp_path, port):
        with_client(port, cancel)


@pytest.mark.slow
def test_a_gateway_that_can_keep_nothing_more_ends_before_it_tells(
    tmp_path: Path, port: int
) -> None:
    heard: set[int] = set()

    async def order(ib: ib_async.IB, oil: ib_async.Contract) -> None:
        ib.orderStatusEvent += lambda told: heard.add(told.orderStatus.permId)
        while ib.isConnected():
            ib.placeOrder(oil, ib_async.LimitOrder("BUY", 1, 60.0, tif="GTC"))
            await asyncio.sleep(0.01)

    # A limit on the size of files fails a write as a full disk does.
    limited = (
        "import resource, runpy, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))\n"
        "sys.argv = ['microfutures', *sys.argv[1:]]\n"
        "runpy.run_module('microfutures', run_name='__main__')\n"
    )
    words = ("-c", limited, "gateway", "--port", str(port), "--state", "state.sqlite3")
    child = Child(*words, directory=tmp_path, log="gateway.log")
    child.wait_for("simulated gateway on")
    with_client(port, order)
    assert child.wait() == 1
    assert "gateway state state.sqlite3" in child.said()
    assert "check the disk" in child.said()
    assert "Traceback" not in child.said()
    kept = {row.key for row in SqliteBrokerMemory(tmp_path / "state.sqlite3").load()}
    assert len(heard) > 5
    assert {str(perm_id) for perm_id in heard - {0}} <= kept


def state_of(path: Path) -> bytes:
    """Return the bytes of a good state file."""
    memory = SqliteBrokerMemory(path)
    memory.save([KeptRow("counters", "", b"{}")])
    memory.close()
    return path.read_bytes()


def refusal(path: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        open_state(path)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_file_of_another_program_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    assert "a file of another program; name another file" in refusal(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database at all, but long enough to be mistaken for one\n" * 40)
    before = path.read_bytes()
    assert "not a database; name another file" in refusal(path)
    assert path.read_bytes() == before


def test_a_newer_version_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    state_of(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    before = path.read_bytes()
    assert "version 9, this program knows 1" in refusal(path)
    assert path.read_bytes() == before


def test_a_damaged_row_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    state_of(path)
    assert "a row can't be read" in refusal(path)


def test_a_state_in_use_names_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    memory = SqliteBrokerMemory(path)
    assert "is written by process" in refusal(path)
    memory.close()


def test_a_directory_that_is_not_there_or_not_ours_is_named(tmp_path: Path) -> None:
    assert "check the directory" in refusal(tmp_path / "no" / "state.sqlite3")
    path = tmp_path / "state.sqlite3"
    state_of(path)
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert "state.sqlite3" in as_user_without_rights(lambda: open_state(path))
    finally:
        tmp_path.chmod(0o755)


def test_a_save_that_fails_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    memory = SqliteBrokerMemory(path)
    memory.save([KeptRow("order", "1", b"one")])
    with sqlite3.connect(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GatewayStateError, match="locked"):
            memory.save([KeptRow("order", "1", b"changed"), KeptRow("order", "2", b"two")])
    other.close()
    assert memory.load() == [KeptRow("order", "1", b"one")]
    memory.close()


@pytest.mark.slow
def test_a_state_of_another_market_is_refused(tmp_path: Path, port: int) -> None:
    with a_gateway(tmp_path, port):
        with_client(port, trade)
    words = ("gateway", "--port", str(port), "--state", "state.sqlite3", "--symbols", "MES,SPY")
    other = Child("-m", "microfutures", *words, directory=tmp_path, log="gateway.log")
    assert other.wait() == 2
    assert "is not in this market; start it with the --symbols" in other.said()
    assert "Traceback" not in other.said()
