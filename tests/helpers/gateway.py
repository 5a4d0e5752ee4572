"""A simulated gateway on a real port, for clients that run in threads or processes of their own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.twsim.gateway import build_server
from microfutures.twsim.server import TwsServer
from microfutures.venue.synthetic import SyntheticMarket


def a_server(
    *,
    port: int = 0,
    speed: float = 1.0,
    scenario: str = "demo",
    start_ns: int | None = None,
    symbols: tuple[str, ...] = ("MCL", "USO"),
) -> TwsServer:
    """Return a server on the synthetic market, not started."""
    market = SyntheticMarket(symbols, seed=1, scenario=scenario, start_ns=start_ns)
    return build_server(
        market=market,
        clock=SimulatedClock(market.start_ns, speed=speed),
        host="127.0.0.1",
        port=port,
    )


@contextmanager
def gateway_in_a_thread(*, speed: float = 1.0) -> Iterator[TwsServer]:
    """Serve from another thread's event loop while the body runs."""
    started, loop = threading.Event(), asyncio.new_event_loop()
    server = a_server(speed=speed)
    stop = asyncio.Event()

    async def serve() -> None:
        await server.start()
        started.set()
        await stop.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(10), "the gateway did not start"
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
