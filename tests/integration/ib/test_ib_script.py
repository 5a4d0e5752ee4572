"""`IBManager` as a script uses it: real sockets, no event loop in sight."""

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator

import pytest

from helpers.ib_desk import MCL, StillMarket
from microfutures.adapters.ib import IBManager
from microfutures.adapters.system_clock import SimulatedClock, SystemClock
from microfutures.model.identifiers import Symbol
from microfutures.twsim.gateway import build_server


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def gateway_port() -> Iterator[int]:
    """A gateway on a thread of its own, as a process of its own would be."""
    loop = asyncio.new_event_loop()
    market = StillMarket(step_seconds=0.1)
    server = build_server(
        market=market, clock=SimulatedClock(market.start_ns), host="127.0.0.1", port=free_port()
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    yield server.port
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_a_script_connects_sees_the_market_and_disconnects(gateway_port: int) -> None:
    manager = IBManager(port=gateway_port, client_id=5, symbols=["MCL", "USO"])
    assert manager.connect() is True
    assert manager.is_connected
    manager.wait(0.4)
    oil = manager.instrument(Symbol("MCL"))
    assert oil is not None
    assert oil.instrument_id == MCL
    quote = manager.quote(MCL)
    assert quote is not None
    assert quote.bid == 70.0
    assert len(manager.history(MCL)) > 60
    # The gateway lives in September 2026, the machine wherever it likes.
    assert abs(manager.now_ns() - StillMarket().start_ns) < 60_000_000_000
    assert abs(quote.time_ns - manager.now_ns()) < 2_000_000_000
    manager.disconnect()
    assert not manager.is_connected


def test_a_script_hears_false_when_nothing_listens(caplog: pytest.LogCaptureFixture) -> None:
    quick = SimulatedClock(SystemClock().now_ns(), speed=1_000.0)
    manager = IBManager(port=free_port(), clock=quick)
    with caplog.at_level(logging.INFO, logger="microfutures.ib"):
        assert manager.connect() is False
    attempts = [record for record in caplog.records if "attempt" in record.getMessage()]
    assert len(attempts) == 3
    manager.disconnect()


def test_connect_inside_an_event_loop_says_what_to_use_instead() -> None:
    async def inside() -> bool:
        return IBManager(port=free_port()).connect()

    assert asyncio.run(inside()) is False
