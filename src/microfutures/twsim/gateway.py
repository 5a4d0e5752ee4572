"""The simulator on its own: what `microfutures gateway` runs."""

import asyncio
import gc
from collections.abc import Callable
from decimal import Decimal

from microfutures.ports.clock import Clock
from microfutures.twsim.recording.proxy import RecordingProxy
from microfutures.twsim.server import TwsServer
from microfutures.venue.market import MarketSource
from microfutures.venue.venue import Venue

DEFAULT_ACCOUNT = "DU1000001"
DEFAULT_CASH = Decimal(25_000)


def build_server(
    *,
    market: MarketSource,
    clock: Clock,
    host: str,
    port: int,
    initial_cash: Decimal = DEFAULT_CASH,
    accounts: tuple[str, ...] = (DEFAULT_ACCOUNT,),
    seed: int = 0,
    session: int = 0,
    on_tape_end: Callable[[], None] = lambda: None,
    unsubscribed: frozenset[str] = frozenset(),
) -> TwsServer:
    """Return a server with its venue, not started."""
    venue = Venue(
        instruments=market.instruments,
        accounts=accounts,
        initial_cash=initial_cash,
        start_ns=market.start_ns,
        seed=seed,
        session=session,
    )
    return TwsServer(
        venue=venue,
        market=market,
        clock=clock,
        accounts=accounts,
        host=host,
        port=port,
        session=session,
        on_tape_end=on_tape_end,
        unsubscribed=unsubscribed,
    )


async def run_gateway(
    server: TwsServer,
    *,
    stop: asyncio.Event,
    on_line: Callable[[str], None],
    recorder: RecordingProxy | None = None,
) -> None:
    """Serve until `stop` is set, behind the recorder if there is one."""
    await server.start()
    # What the start has made stays: the collector need not look through it, order by order.
    gc.freeze()
    try:
        if recorder is not None:
            await recorder.start(server.host, server.port)
        front = recorder or server
        on_line(f"simulated gateway on {front.host}:{front.port}")
        accounts = ", ".join(server.exchange.accounts)
        on_line(f"account {accounts}: {server.exchange.market.describe()}")
        await _until(stop, server)
    finally:
        if recorder is not None:
            await recorder.stop()
        await server.stop()
        gc.unfreeze()
    on_line("simulated gateway stopped")


async def _until(stop: asyncio.Event, server: TwsServer) -> None:
    stopped = asyncio.create_task(stop.wait())
    serving = asyncio.create_task(server.wait())
    await asyncio.wait({stopped, serving}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if serving.done():
        await serving
    serving.cancel()
