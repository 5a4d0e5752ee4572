"""`run_headless_app`: initialise everything, connect, run, and clean up at the end."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from microfutures.adapters.busy_poll import trading_loop
from microfutures.adapters.control_socket import SOCKET_NAME, ControlServer
from microfutures.adapters.log_exports import export_logs, export_steps
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.system_clock import SystemClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.app.arguments import RunOptions, run_options
from microfutures.app.control import Control
from microfutures.app.engine_making import traded_symbols
from microfutures.app.garbage import GarbagePolicy
from microfutures.app.health import HealthCheck
from microfutures.app.housekeeping import Housekeeping
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.app.lifecycle import ExitCode, Lifecycle, Outcome, Pace
from microfutures.app.logging_setup import DeskLog, start_logging
from microfutures.app.recording.recorder import Recorder
from microfutures.app.simulation import Simulation, build_simulation
from microfutures.app.supervision import Supervision
from microfutures.app.wiring import System, build_system, journal_path, own_clock
from microfutures.config import Settings
from microfutures.config.loading import load_with_origins
from microfutures.config.log_directory import make_directory, require_writable
from microfutures.display.summary import exit_summary
from microfutures.display.terminal import TerminalDisplay
from microfutures.engine.output import Say
from microfutures.engine.snapshot import take_snapshot
from microfutures.model.errors import ConfigurationError, JournalError, MicroFuturesError
from microfutures.model.events import Severity

_LEVELS = {
    Severity.DEBUG: logging.DEBUG,
    Severity.INFO: logging.INFO,
    Severity.SUCCESS: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
}

_log = logging.getLogger("microfutures.desk")


def run_headless_app(
    config_file: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 7497,
    client_id: int = 1,
    initial_capital: float = 2000,
    log_dir: str | Path = "logs",
    check_interval: float = 5,
    save_logs_interval: float = 3600,
    display_interval: float = 15,
) -> int:
    """Run the system until it is interrupted; return the exit code.

    An argument that differs from its default wins over the file; the file wins over the default.
    """
    given = {
        "connection.host": (host, "127.0.0.1"),
        "connection.port": (port, 7497),
        "connection.client_id": (client_id, 1),
        "trading.initial_capital": (initial_capital, 2000),
        "trading.check_interval": (check_interval, 5),
        "logging.log_dir": (str(log_dir), "logs"),
        "logging.log_interval": (save_logs_interval, 3600),
        "display.display_interval": (display_interval, 15),
    }
    overrides = {path: value for path, (value, default) in given.items() if value != default}
    try:
        loaded = load_with_origins(Path(config_file) if config_file else None, overrides)
        return run_from_settings(loaded.settings, run_options(loaded))
    except ConfigurationError as error:
        sys.stderr.write(f"error: {error}\n")
        return ExitCode.BAD_INPUT


def run_from_settings(settings: Settings, options: RunOptions) -> int:
    """Run with settings that were checked; return the exit code."""
    require_writable(Path(settings.logging.log_dir))
    loop_factory = VirtualTimeLoop if options.virtual_time else trading_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        outcome = runner.run(_run(settings, options))
    return int(outcome)


async def _run(settings: Settings, options: RunOptions) -> ExitCode:
    log_dir = Path(settings.logging.log_dir)
    tape_end = TapeEnd()
    simulation: Simulation | None = None
    if options.is_simulated:
        simulation = build_simulation(options, traded_symbols(settings), on_tape_end=tape_end)
    recorder = None if options.record is None else Recorder(options.record)
    make_directory(log_dir)
    clock = own_clock(options, simulation)
    desk_log = start_logging(log_dir, level=settings.logging.level, clock=clock)
    display = TerminalDisplay(mode=options.display)
    try:
        with _recording(recorder) as record, _open_journal(log_dir, settings, options) as journal:
            record(journal_path(log_dir, is_simulated=options.is_simulated))
            desk = _run_desk(settings, options, simulation, journal, display, tape_end, desk_log)
            return await desk
    except MicroFuturesError as error:
        display.stop()
        _log.error("%s", error)
        sys.stderr.write(f"error: {error}\n")
        return ExitCode.FAILED
    finally:
        display.stop()
        desk_log.close()


@contextmanager
def _recording(recorder: Recorder | None) -> Iterator[Callable[[Path], None]]:
    """Bring what a journal holds into the store meanwhile, if that is asked for."""
    if recorder is None:
        yield lambda _journal: None
        return
    try:
        yield recorder.start
    finally:
        recorder.stop()


class TapeEnd:
    """Tells the lifecycle, once there is one, that the tape has ended."""

    def __init__(self) -> None:
        self.lifecycle: Lifecycle | None = None

    def __call__(self) -> None:
        """Pass it on."""
        if self.lifecycle is not None:
            self.lifecycle.end_of_tape()


async def _run_desk(
    settings: Settings,
    options: RunOptions,
    simulation: Simulation | None,
    journal: SqliteJournal,
    display: TerminalDisplay,
    tape_end: TapeEnd,
    desk_log: DeskLog,
) -> ExitCode:
    log_dir = Path(settings.logging.log_dir)
    if simulation is not None:
        await simulation.server.start()
    system = build_system(settings, options, simulation=simulation, journal=journal, speak=speak)
    if simulation is None:
        recover(system.engine, journal.read(RECOVERED_KINDS))

    clock = system.manager.clock
    desk_log.go_by(clock)
    machine = SystemClock()
    supervision = Supervision(engine=system.engine, runner=system.runner, clock=machine)
    control = _build_control(system, supervision, log_dir)

    def is_quiet() -> bool:
        return not system.engine.is_busy

    garbage = GarbagePolicy(clock=machine, is_quiet=is_quiet)
    housekeeping = Housekeeping(journal=journal, log_dir=log_dir, clock=clock, is_quiet=is_quiet)

    def export() -> Iterator[None]:
        return _export(journal, log_dir, clock.now_ns(), settings.logging.keep_exports)

    lifecycle = Lifecycle(
        system,
        view=display,
        pace=Pace(
            display=settings.display.display_interval,
            export=settings.logging.log_interval,
            duration=options.duration_seconds,
            flatten_timeout=settings.trading.flatten_timeout,
        ),
        keep_positions=options.keep_positions,
        export=export,
        # In virtual time there is no second terminal, nobody to put a file there, no lateness, and
        # nothing lasts.
        safeguards=()
        if options.virtual_time
        else (control.watch_kill_file, supervision.run, garbage.run, housekeeping.run),
    )
    tape_end.lifecycle = lifecycle
    display.start(lifecycle.on_command, lambda: lifecycle.request_stop("asked at the keyboard"))
    async with _listening(control, log_dir, options):
        outcome = await lifecycle.run()
    display.stop()
    _say_goodbye(outcome, log_dir)
    return outcome.code


def _build_control(system: System, supervision: Supervision, log_dir: Path) -> Control:
    clock = system.manager.clock
    return Control(
        engine=system.engine,
        runner=system.runner,
        clock=clock,
        log_dir=log_dir,
        snapshot=lambda: take_snapshot(system.engine, system.facts, clock.now_ns()),
        health=HealthCheck(
            system.engine.state,
            settle=system.runner.settle,
            lag_seconds=lambda: supervision.lag_seconds,
            now_ns=clock.now_ns,
        ),
    )


def _export(journal: SqliteJournal, log_dir: Path, now_ns: int, keep: int) -> Iterator[None]:
    try:
        yield from export_steps(journal, log_dir, now_ns, keep)
    except (OSError, JournalError) as error:
        text = "logs not exported (%s); the journal has everything, the next export tries again"
        _log.error(text, error)


@asynccontextmanager
async def _listening(
    control: Control, log_dir: Path, options: RunOptions
) -> AsyncGenerator[None, None]:
    """Take commands of other terminals meanwhile."""
    if options.virtual_time:
        yield
        return
    server = ControlServer(log_dir / SOCKET_NAME, control.answer)
    await server.start()
    try:
        yield
    finally:
        await server.close()


def _open_journal(log_dir: Path, settings: Settings, options: RunOptions) -> SqliteJournal:
    """Open the journal; a simulated market starts anew each time, and so does its journal."""
    path = journal_path(log_dir, is_simulated=options.is_simulated)
    if options.is_simulated and path.exists():
        before = SqliteJournal(path)
        export_logs(before, log_dir, SystemClock().now_ns(), settings.logging.keep_exports)
        before.close()
        path.unlink()
    return SqliteJournal(path)


def speak(time_ns: int, say: Say) -> None:
    """Write what the desk says to the log."""
    _log.log(_LEVELS[say.severity], "%s", say.text)


def _say_goodbye(outcome: Outcome, log_dir: Path) -> None:
    if outcome.error:
        _log.error("%s", outcome.error)
    text = exit_summary(
        outcome.snapshot,
        still_open=outcome.still_open,
        exit_code=int(outcome.code),
        error=outcome.error,
        log_dir=str(log_dir),
    )
    for line in text.splitlines():
        _log.info("%s", line)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
