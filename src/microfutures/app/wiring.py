"""Who gets which collaborator: the only module that names concrete classes together."""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from math import gcd
from pathlib import Path

import msgspec
from msgspec.structs import replace

from microfutures import __version__
from microfutures.adapters.ib.history import bar_size
from microfutures.adapters.ib.manager import IBManager
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.system_clock import SimulatedClock, SystemClock
from microfutures.app.arguments import DEFAULT_SPEED, RunOptions
from microfutures.app.simulation import Simulation
from microfutures.config import Settings
from microfutures.config.settings import StrategySettings
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.engine.output import Say
from microfutures.engine.runner import EngineRunner
from microfutures.engine.snapshot import RunFacts
from microfutures.model.identifiers import StrategyName
from microfutures.portfolio import Portfolio
from microfutures.ports.clock import Clock
from microfutures.strategies.micro_crude_oil_arbitrage import MicroCrudeOilArbitrageStrategy
from microfutures.strategies.registry import strategy_class

WARM_UP_SLACK = 10
"""Past bars beyond the longest lookback: the two legs don't trade in every minute."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The whole desk, built and not yet running."""

    engine: Engine
    runner: EngineRunner
    manager: IBManager
    journal: SqliteJournal
    simulation: Simulation | None
    facts: RunFacts


class RunStarted(msgspec.Struct, frozen=True):
    """The first record of a run: what it takes to make the same engine again."""

    version: str
    order_ref_prefix: str
    settings: Settings


def traded_symbols(settings: Settings) -> tuple[str, ...]:
    """Return every product that active strategies watch, in order, once each."""
    pairs = (
        (each.parameters.primary_symbol, each.parameters.secondary_symbol)
        for each in settings.strategies.values()
        if each.active
    )
    return tuple(dict.fromkeys(symbol for pair in pairs for symbol in pair))


def build_system(
    settings: Settings,
    options: RunOptions,
    *,
    simulation: Simulation | None,
    journal: SqliteJournal,
    speak: Callable[[int, Say], None],
) -> System:
    """Return the desk for these settings."""
    local_clock = own_clock(options, simulation)
    started_ns = local_clock.now_ns()
    prefix = _order_ref_prefix(settings.connection.client_id, started_ns, journal.count_start())
    engine = build_engine(settings, prefix)
    host, port = settings.connection.host, settings.connection.port
    if simulation is not None:
        host, port = simulation.server.host, simulation.server.port
    runner: list[EngineRunner] = []
    bar_seconds, bars = warm_up_span(settings)
    manager = IBManager(
        host,
        port,
        settings.connection.client_id,
        clock=local_clock,
        sink=lambda event: runner[0].put(event),
        symbols=traded_symbols(settings),
        warm_up_seconds=bar_seconds,
        warm_up_bars=bars,
        port_given=options.port_given,
        live_given=options.live,
        connect_timeout=settings.connection.connect_timeout,
    )
    runner.append(
        EngineRunner(
            engine=engine,
            journal=journal,
            broker=manager,
            clock=manager.clock,
            speak=speak,
            first_sequence=journal.last_sequence(),
        )
    )
    runner[0].note(started_ns, RunStarted(__version__, prefix, decisive(settings)))
    # What this run's orders are called outlives a power cut, whatever happens to them.
    journal.commit(is_urgent=True)
    title = simulation.market.describe() if simulation else ""
    facts = RunFacts(
        title=title,
        host=host,
        port=port,
        client_id=settings.connection.client_id,
        is_simulated=simulation is not None,
    )
    return System(
        engine=engine,
        runner=runner[0],
        manager=manager,
        journal=journal,
        simulation=simulation,
        facts=facts,
    )


def own_clock(options: RunOptions, simulation: Simulation | None) -> Clock:
    """Return the clock that a desk goes by until it has heard the broker's."""
    if simulation is not None:
        return simulation.clock
    machine = SystemClock()
    if options.speed == DEFAULT_SPEED:
        return machine
    return SimulatedClock(machine.now_ns(), speed=options.speed)


def warm_up_span(settings: Settings) -> tuple[int, int]:
    """Return length and number of the past bars that fill every strategy's window."""
    chosen = [each.parameters for each in settings.strategies.values()]
    seconds = bar_size(reduce(gcd, (each.sample_seconds for each in chosen), 0) or 60)
    longest = max((each.lookback * each.sample_seconds for each in chosen), default=seconds)
    return seconds, longest // seconds + WARM_UP_SLACK


def journal_path(log_dir: Path, *, is_simulated: bool) -> Path:
    """Return where the journal lies; simulated runs never touch that of a real account."""
    return log_dir / ("journal_simulated.sqlite3" if is_simulated else "journal.sqlite3")


def decisive(settings: Settings) -> Settings:
    """Return what decisions depend on: not where the desk connects to, logs and shows."""
    plain = Settings()
    return replace(
        settings, connection=plain.connection, logging=plain.logging, display=plain.display
    )


def build_engine(settings: Settings, order_ref_prefix: str) -> Engine:
    """Return the engine with its strategies; the same settings make the same one."""
    portfolio = Portfolio(Decimal(str(settings.trading.initial_capital)))
    strategies: list[MicroCrudeOilArbitrageStrategy] = []
    engine = Engine(
        portfolio=portfolio,
        strategies=strategies,
        settings=EngineSettings(
            check_interval_seconds=settings.trading.check_interval,
            order_ref_prefix=order_ref_prefix,
            limits=settings.risk,
        ),
    )
    for name, chosen in settings.strategies.items():
        if chosen.active:
            strategies.append(_build_strategy(engine, settings, name, chosen))
    return engine


def _build_strategy(
    engine: Engine, settings: Settings, name: str, chosen: StrategySettings
) -> MicroCrudeOilArbitrageStrategy:
    strategy = strategy_class(chosen.strategy_class or name)(
        StrategyName(name),
        0,
        engine.state,
        parameters=chosen.parameters,
        risk_tolerance=settings.trading.risk_tolerance,
    )
    engine.portfolio.add_strategy(strategy, chosen.allocation)
    return strategy


def _order_ref_prefix(client_id: int, started_ns: int, start: int) -> str:
    """Return what no other start's orders begin with, a journal that was moved away included."""
    return f"mf{client_id}-{_base36(started_ns // 10**9)}-{_base36(start)}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
