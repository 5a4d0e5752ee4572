"""`microfutures gateway`: the simulator as a process of its own, until Ctrl+C or SIGTERM."""

import asyncio
import math
import signal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from microfutures.adapters.system_clock import SimulatedClock, SystemClock
from microfutures.app.arguments import DEFAULT_SCENARIO, run_options
from microfutures.app.simulation import build_market
from microfutures.config import load_with_origins
from microfutures.model.errors import ConfigurationError, InvalidValueError, UnknownInstrumentError
from microfutures.twsim.gateway import build_server, run_gateway
from microfutures.twsim.server import TwsServer

MAX_PORT = 65_535
MAX_CASH = 1e12


class GatewayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    host: str
    port: int
    scenario: str | None
    data: Path | None
    symbols: str
    """Comma-separated."""
    speed: float
    seed: int
    cash: float
    """USD."""


def serve_gateway(options: GatewayOptions, *, on_line: Callable[[str], None]) -> int:
    """Serve until interrupted; return the exit code.

    Raises
    ------
    ConfigurationError
        If an option is wrong or the port is taken.
    """
    server = _build(options)
    try:
        asyncio.run(_serve(server, on_line))
    except OSError as error:
        raise ConfigurationError(
            f"can't listen on {options.host}:{options.port}: {error.strerror or error}; "
            "choose another --port or --host"
        ) from None
    return 0


def _build(options: GatewayOptions) -> TwsServer:
    if not 0 <= options.port <= MAX_PORT:
        raise ConfigurationError(f"--port must be from 0 to {MAX_PORT}, was {options.port}")
    if not (math.isfinite(options.cash) and 0 < options.cash <= MAX_CASH):
        raise ConfigurationError(f"--cash must be above 0 USD, was {options.cash:g}")
    scenario = options.scenario
    if options.data is not None and scenario is not None:
        raise ConfigurationError("--scenario names a scenario and --data a tape; leave one out")
    run = run_options(
        load_with_origins(None),
        simulate=scenario or DEFAULT_SCENARIO,
        data=options.data,
        speed=options.speed,
        seed=options.seed,
    )
    symbols = [symbol.strip() for symbol in options.symbols.split(",") if symbol.strip()]
    try:
        market = build_market(run, symbols)
    except (UnknownInstrumentError, InvalidValueError) as error:
        raise ConfigurationError(f"--symbols {options.symbols!a}: {error}") from None
    return build_server(
        market=market,
        clock=SimulatedClock(market.start_ns, speed=run.speed),
        session=SystemClock().now_ns() // 1_000_000_000,
        host=options.host,
        port=options.port,
        initial_cash=Decimal(str(options.cash)),
        seed=run.seed,
    )


async def _serve(server: TwsServer, on_line: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run_gateway(server, stop=stop, on_line=on_line)
