"""A simulated TWS for the tests of any TWS API client: a `pytest` fixture and a context manager.

Name the plugin in your ``conftest.py``; each test that asks for `tws` gets a gateway of its own on
a free port of this machine, served from a thread, so that blocking clients reach it too::

    pytest_plugins = ["microfutures.twsim.testing"]

    # ibapi, or any other client that blocks
    def test_my_client(tws):
        client.connect(tws.host, tws.port, clientId=1)

    # ib_async, in an async test
    @pytest.mark.tws(symbols=("MES", "SPY"), scenario="demo", seed=7, speed=60)
    async def test_my_strategy(tws):
        await ib.connectAsync(tws.host, tws.port)

`a_gateway` is the same without `pytest`. Requests, orders and market are those of ``microfutures
gateway``; the same seed makes the same market, but over a real socket not the same timing.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.twsim.gateway import DEFAULT_ACCOUNT, DEFAULT_CASH, build_server, run_gateway
from microfutures.twsim.server import TwsServer
from microfutures.venue.market import MarketSource
from microfutures.venue.synthetic import SyntheticMarket

DEFAULT_SYMBOLS = ("MCL", "USO")
START_SECONDS = 30.0
"""How long starting and stopping may take before they count as failed."""


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running gateway is, and what it plays."""

    host: str
    port: int
    account: str
    symbols: tuple[str, ...]
    scenario: str
    seed: int
    speed: float


@contextmanager
def a_gateway(
    *,
    symbols: Sequence[str] = DEFAULT_SYMBOLS,
    scenario: str = "demo",
    seed: int = 1,
    speed: float = 1.0,
    cash: Decimal | int = DEFAULT_CASH,
    account: str = DEFAULT_ACCOUNT,
    market: MarketSource | None = None,
    port: int = 0,
) -> Iterator[Gateway]:
    """Serve a simulated TWS from a thread while the body runs.

    Parameters
    ----------
    symbols, scenario, seed
        Name the market; the names are those of ``microfutures gateway``.
    speed
        Simulated seconds for each real one.
    cash
        USD of the paper account.
    market
        A market of your own instead, for instance a tape; symbols and scenario are then for show.
    port
        0 takes any free one.

    Raises
    ------
    MicroFuturesError
        If the market can't be made of these.
    OSError
        If the port is taken.
    """
    chosen = market or SyntheticMarket(tuple(symbols), seed=seed, scenario=scenario)
    server = build_server(
        market=chosen,
        clock=SimulatedClock(chosen.start_ns, speed=speed),
        host="127.0.0.1",
        port=port,
        initial_cash=Decimal(cash),
        accounts=(account,),
        seed=seed,
    )
    with _served(server):
        yield Gateway(
            host=server.host,
            port=server.port,
            account=account,
            symbols=tuple(symbols),
            scenario=scenario,
            seed=seed,
            speed=speed,
        )


@contextmanager
def _served(server: TwsServer) -> Iterator[None]:
    """Run a server in a thread; what it dies of is raised here."""
    started: Future[Callable[[], object]] = Future()

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_line(_: str) -> None:
            if not started.done():
                started.set_result(partial(loop.call_soon_threadsafe, stop.set))

        await run_gateway(server, stop=stop, on_line=on_line)

    with ThreadPoolExecutor(1, thread_name_prefix="twsim") as pool:
        serving = pool.submit(asyncio.run, serve())
        events: tuple[Future[Any], ...] = (started, serving)
        wait(events, timeout=START_SECONDS, return_when=FIRST_COMPLETED)
        if serving.done():
            serving.result()
        end = started.result(0)
        try:
            yield
        finally:
            if not serving.done():
                end()
        serving.result(START_SECONDS)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "tws(symbols, scenario, seed, speed, cash, account): what the `tws` fixture simulates",
    )


@pytest.fixture
def tws(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """Run a simulated TWS while the test does; ``@pytest.mark.tws(...)`` sets it up."""
    marker = request.node.get_closest_marker("tws")
    with a_gateway(**(marker.kwargs if marker else {})) as gateway:
        yield gateway
