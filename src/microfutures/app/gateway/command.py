"""`microfutures gateway`: the simulator as a process of its own, until Ctrl+C or SIGTERM."""

import asyncio
import math
import signal
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path

import msgspec

from microfutures.adapters.system_clock import SimulatedClock, SystemClock
from microfutures.app.arguments import DEFAULT_SCENARIO, checked_speed, run_options
from microfutures.app.gateway.recording_command import build_recorder, serve_proxy, serve_replay
from microfutures.app.gateway.state import open_state
from microfutures.app.simulation import build_market
from microfutures.config import load_with_origins
from microfutures.model.errors import ConfigurationError, InvalidValueError, UnknownInstrumentError
from microfutures.twsim.faults.control import open_control_port
from microfutures.twsim.faults.desk import FaultDesk
from microfutures.twsim.faults.schedule import Scenario, read_scenario
from microfutures.twsim.gateway import build_server, run_gateway
from microfutures.twsim.recording.proxy import RecordingProxy
from microfutures.twsim.server import port_of

MAX_PORT = 65_535
MAX_CASH = 1e12

Work = Callable[[asyncio.Event], Coroutine[object, object, None]]
"""Serves until the event is set."""


class GatewayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    host: str
    port: int
    scenario: str | None
    """A market's name, or a TOML file of faults."""
    data: Path | None
    symbols: str
    """Comma-separated."""
    speed: float
    seed: int | None
    """None takes the scenario file's, or the usual one."""
    cash: float
    """USD."""
    control_port: int | None = None
    """Where faults can be asked for; None for nowhere."""
    record: Path | None = None
    proxy: str | None = None
    """Address of a TWS to record, instead of a simulation."""
    replay: Path | None = None
    """A recording to serve, instead of a simulation."""
    state: Path | None = None
    """Where the account is kept; None forgets it at the end."""


def serve_gateway(options: GatewayOptions, *, on_line: Callable[[str], None]) -> int:
    """Serve until interrupted; return the exit code.

    Raises
    ------
    ConfigurationError
        If an option is wrong or the port is taken.
    """
    _check(options)
    work = _choose(options, on_line)
    try:
        asyncio.run(_until_interrupted(work))
    except OSError as error:
        raise ConfigurationError(
            f"can't listen on {options.host}:{options.port}: {error.strerror or error}; "
            "choose another --port or --host"
        ) from None
    return 0


def _choose(options: GatewayOptions, on_line: Callable[[str], None]) -> Work:
    """Return what is to be served: a TWS to record, a recording, or a simulation."""
    host, port = options.host, options.port
    if options.proxy is not None and options.record is not None:
        address, record = options.proxy, options.record
        return lambda stop: serve_proxy(
            address, record, host=host, port=port, stop=stop, on_line=on_line
        )
    if options.replay is not None:
        replay, speed = options.replay, checked_speed(options.speed)
        return lambda stop: serve_replay(
            replay, host=host, port=port, speed=speed, stop=stop, on_line=on_line
        )
    return _simulation(options, on_line)


def _check(options: GatewayOptions) -> None:
    """Refuse wrong numbers, and what contradicts itself."""
    for flag, port in (("--port", options.port), ("--control-port", options.control_port or 0)):
        if not 0 <= port <= MAX_PORT:
            raise ConfigurationError(f"{flag} must be from 0 to {MAX_PORT}, was {port}")
    if not (math.isfinite(options.cash) and 0 < options.cash <= MAX_CASH):
        raise ConfigurationError(f"--cash must be above 0 USD, was {options.cash:g}")
    given = {
        "--proxy": options.proxy,
        "--replay": options.replay,
        "--scenario": None if _is_file(options.scenario) else options.scenario,
        "--data": options.data,
    }
    named = [flag for flag, value in given.items() if value is not None]
    if len(named) > 1:
        raise ConfigurationError(
            f"{named[0]} and {named[1]} are two things to serve; leave one out"
        )
    if options.proxy is not None and options.record is None:
        raise ConfigurationError("--proxy needs --record FILE, what it hears is written there")
    if options.state is not None and (options.proxy or options.replay) is not None:
        raise ConfigurationError(
            "--state keeps a simulated account; --proxy and --replay have none"
        )
    if options.replay is not None and options.record is not None:
        raise ConfigurationError("--replay plays a recording and --record makes one; leave one out")


def _simulation(options: GatewayOptions, on_line: Callable[[str], None]) -> Work:
    is_recorded = options.record is not None
    host, port = ("127.0.0.1", 0) if is_recorded else (options.host, options.port)
    desk = _build(options, host, port)
    recorder = None
    if options.record is not None:
        recorder = build_recorder(
            options.record,
            host=options.host,
            port=options.port,
            clock=desk.server.exchange.clock,
            on_line=on_line,
        )
    return lambda stop: _serve(
        desk, options.control_port, stop=stop, on_line=on_line, recorder=recorder
    )


def _build(options: GatewayOptions, host: str, port: int) -> FaultDesk:
    scenario = _scenario(options.scenario)
    if options.data is not None and (scenario.market or scenario.start_ns) is not None:
        raise ConfigurationError("--scenario names a market and --data a tape; leave one out")
    run = run_options(
        load_with_origins(None),
        simulate=scenario.market or DEFAULT_SCENARIO,
        data=options.data,
        speed=options.speed,
        seed=options.seed if options.seed is not None else scenario.seed,
    )
    symbols = [symbol.strip() for symbol in options.symbols.split(",") if symbol.strip()]
    try:
        market = build_market(run, symbols, start_ns=scenario.start_ns)
    except (UnknownInstrumentError, InvalidValueError) as error:
        raise ConfigurationError(f"--symbols {options.symbols!a}: {error}") from None
    state = open_state(options.state)
    clock = SimulatedClock(max(market.start_ns, state.time_ns), speed=run.speed)
    session = max(SystemClock().now_ns() // 1_000_000_000, state.next_session)
    server = build_server(
        market=market,
        clock=clock,
        session=session,
        host=host,
        port=port,
        initial_cash=Decimal(str(options.cash)),
        seed=run.seed,
    )
    state.resume(server, session)
    return FaultDesk(server, clock, seed=run.seed, plans=scenario.plans)


def _is_file(scenario: str | None) -> bool:
    return scenario is not None and scenario.endswith(".toml")


def _scenario(name: str | None) -> Scenario:
    """Return the scenario of a file, or the market of that name without faults."""
    return (
        read_scenario(Path(name)) if name is not None and _is_file(name) else Scenario(market=name)
    )


async def _serve(
    desk: FaultDesk,
    control_port: int | None,
    *,
    stop: asyncio.Event,
    on_line: Callable[[str], None],
    recorder: RecordingProxy | None,
) -> None:
    control = None if control_port is None else await _control(desk, control_port, on_line)
    desk.start()
    try:
        await run_gateway(desk.server, stop=stop, on_line=on_line, recorder=recorder)
    finally:
        await desk.stop()
        if control is not None:
            control.close()


async def _control(
    desk: FaultDesk, port: int, on_line: Callable[[str], None]
) -> asyncio.AbstractServer:
    try:
        control = await open_control_port(desk, port)
    except OSError as error:
        raise ConfigurationError(
            f"can't listen on 127.0.0.1:{port}: {error.strerror or error}; "
            "choose another --control-port"
        ) from None
    on_line(f"faults on demand on 127.0.0.1:{port_of(control, port)}")
    return control


async def _until_interrupted(work: Work) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await work(stop)
