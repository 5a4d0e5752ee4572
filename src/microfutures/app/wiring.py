"""Who gets which collaborator: the only module that names concrete classes together."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from microfutures import __version__
from microfutures.adapters.ib.manager import IBManager
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.system_clock import SimulatedClock, SystemClock
from microfutures.app.arguments import DEFAULT_SPEED, RunOptions
from microfutures.app.engine_making import (
    RunStarted,
    build_engine,
    decisive,
    traded_symbols,
    warm_up_span,
)
from microfutures.app.simulation import Simulation
from microfutures.config import Settings
from microfutures.engine.engine import Engine
from microfutures.engine.output import Say
from microfutures.engine.rehearsal import Rehearsal
from microfutures.engine.runner import EngineRunner
from microfutures.engine.snapshot import RunFacts
from microfutures.ports.clock import Clock

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The whole desk, built and not yet running."""

    engine: Engine
    runner: EngineRunner
    manager: IBManager
    journal: SqliteJournal
    simulation: Simulation | None
    facts: RunFacts


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
            rehearsal=Rehearsal(engine),
        )
    )
    runner[0].note(started_ns, RunStarted(__version__, prefix, decisive(settings)))
    # What this run's orders are called outlives a power cut, whatever happens to them.
    journal.commit(is_urgent=True)
    facts = RunFacts(
        title=simulation.market.describe() if simulation else "",
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


def journal_path(log_dir: Path, *, is_simulated: bool) -> Path:
    """Return where the journal lies; simulated runs never touch that of a real account."""
    return log_dir / ("journal_simulated.sqlite3" if is_simulated else "journal.sqlite3")


def _order_ref_prefix(client_id: int, started_ns: int, start: int) -> str:
    """Return what no other start's orders begin with, a journal that was moved away included."""
    return f"mf{client_id}-{_base36(started_ns // 10**9)}-{_base36(start)}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
