"""From start to a clean end: tasks, signals, shutdown, exit code."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from enum import IntEnum
from typing import Protocol

import msgspec

from microfutures.app.wiring import System
from microfutures.engine.snapshot import take_snapshot
from microfutures.model.events import Command, CommandReceived, ConnectionState
from microfutures.model.snapshot import DeskSnapshot

POLL_SECONDS = 0.1
BLOCKED_SECONDS = 3.0
"""Positions that can't be closed for so long (the market is closed) are left and named."""
COMMISSION_SECONDS = 3.0
CANCEL_SECONDS = 1.0
"""For cancels to reach the broker before the line is closed."""
"""How soon news (a trade, a lost line) are shown, whatever the display interval."""


class ExitCode(IntEnum):
    """What the process tells its supervisor."""

    CLEAN = 0
    FAILED = 1
    BAD_INPUT = 2
    """The command line or the file is wrong: starting again won't help."""
    STILL_OPEN = 3
    """Positions could not be closed; they are named."""
    LEFT_AT_ONCE = 4
    """A second Ctrl+C."""


class View(Protocol):
    """What shows snapshots."""

    def update(self, snapshot: DeskSnapshot) -> None:
        """Show `snapshot`."""
        ...


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long; seconds."""

    display: float
    export: float
    duration: float | None
    flatten_timeout: float
    refresh: float = 0.5
    """How soon news are shown, if the display's own interval is longer."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How the run ended."""

    code: ExitCode
    still_open: tuple[str, ...]
    snapshot: DeskSnapshot
    error: str = ""


class Lifecycle:
    """Runs a system until a signal, the end of its time or of its tape, or a failure."""

    def __init__(
        self,
        system: System,
        *,
        view: View,
        pace: Pace,
        keep_positions: bool,
        export: Callable[[], Iterator[None]],
        safeguards: Sequence[Callable[[], Coroutine[None, None, None]]] = (),
    ) -> None:
        self._system = system
        self._view = view
        self._pace = pace
        self._keep_positions = keep_positions
        self._export = export
        self._safeguards = safeguards
        self._stop = asyncio.Event()
        self._leave = asyncio.Event()
        self._stop_reason = ""

    def request_stop(self, reason: str) -> None:
        """Ask for the end; asked twice, leave at once."""
        if self._stop.is_set():
            self._leave.set()
        self._stop_reason = self._stop_reason or reason
        self._stop.set()

    def end_of_tape(self) -> None:
        """Ask for the end because the tape is over; never twice."""
        if not self._stop.is_set():
            self.request_stop("the tape has ended")

    async def run(self) -> Outcome:
        """Run; return how it ended. The simulator, if there is one, is listening already."""
        self._catch_signals()
        system = self._system
        core = [
            asyncio.create_task(system.runner.run(), name="engine"),
            asyncio.create_task(system.runner.run_timer(), name="timer"),
            asyncio.create_task(system.manager.run(), name="broker"),
            *(asyncio.create_task(run(), name="safeguard") for run in self._safeguards),
        ]
        helpers = [
            asyncio.create_task(self._show(), name="display"),
            asyncio.create_task(self._export_regularly(), name="exports"),
        ]
        if self._pace.duration is not None:
            helpers.append(asyncio.create_task(self._end_after(self._pace.duration)))
        self._command(Command.START, "started")
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({stopping, *core, *helpers[:2]}, return_when=asyncio.FIRST_COMPLETED)
            failed = [task for task in (*core, *helpers) if task.done() and task.exception()]
            if failed:
                await self._cancel_orders()
                return self._failure(failed[0])
            return await self._shut_down(core)
        finally:
            for task in (stopping, *helpers, *core):
                task.cancel()
            await asyncio.gather(stopping, *helpers, *core, return_exceptions=True)
            await system.manager.stop()
            if system.simulation is not None:
                await system.simulation.server.stop()
            for _ in self._export():
                pass

    # -- shutdown -----------------------------------------------------------------------------

    async def _shut_down(self, core: Sequence[asyncio.Task[None]]) -> Outcome:
        command = Command.CANCEL_ORDERS if self._keep_positions else Command.FLATTEN
        self._command(command, self._stop_reason or "stopping")
        code = await self._wait_until_closed(core)
        if code is ExitCode.CLEAN:
            await self._wait_for_commissions()
        still_open = tuple(self._still_open())
        if code is ExitCode.CLEAN and still_open and not self._keep_positions:
            code = ExitCode.STILL_OPEN
        return Outcome(code=code, still_open=still_open, snapshot=self._snapshot())

    async def _wait_until_closed(self, core: Sequence[asyncio.Task[None]]) -> ExitCode:
        clock, engine = self._system.manager.clock, self._system.engine
        deadline_ns = clock.now_ns() + round(self._pace.flatten_timeout * 1e9)
        blocked_since_ns: int | None = None
        await clock.sleep(POLL_SECONDS)
        while not self._is_closed():
            now_ns = clock.now_ns()
            blocked = engine.floor.blocked_reasons()
            blocked_since_ns = (blocked_since_ns or now_ns) if blocked else None
            is_blocked = blocked_since_ns is not None and (
                now_ns - blocked_since_ns > BLOCKED_SECONDS * 1e9
            )
            if self._leave.is_set():
                return ExitCode.LEFT_AT_ONCE
            if engine.state.kill_reason:
                return ExitCode.STILL_OPEN
            if is_blocked or now_ns > deadline_ns or any(task.done() for task in core):
                return ExitCode.STILL_OPEN
            self._view.update(self._snapshot())
            await clock.sleep(POLL_SECONDS)
        return ExitCode.CLEAN

    def _is_closed(self) -> bool:
        engine = self._system.engine
        is_flat = self._keep_positions or not engine.portfolio.positions
        return engine.floor.is_quiet and is_flat

    async def _wait_for_commissions(self) -> None:
        """Give the last commission reports a moment, so that the summary is to the cent."""
        clock = self._system.manager.clock
        deadline_ns = clock.now_ns() + round(COMMISSION_SECONDS * 1e9)
        while clock.now_ns() < deadline_ns and any(
            trade.commission is None for trade in self._snapshot().trades
        ):
            await clock.sleep(POLL_SECONDS)

    def _still_open(self) -> list[str]:
        """Return what is open, with the reason where one is known."""
        engine = self._system.engine
        reasons = engine.state.kill_reason or "; ".join(
            dict.fromkeys(engine.floor.blocked_reasons())
        )
        if engine.state.connection is not ConnectionState.CONNECTED:
            reasons = f"not connected: {engine.state.connection_detail}"
        lines = [
            f"{quantity:+d} {instrument_id} ({strategy})" + (f": {reasons}" if reasons else "")
            for strategy, instrument_id, quantity in engine.portfolio.positions
        ]
        lines += [
            f"order {record.order.order_ref}: {record.order.side} {record.remaining} "
            f"{record.order.instrument_id}, {record.status}"
            for record in engine.floor.desk.orders.live
        ]
        return lines

    async def _cancel_orders(self) -> None:
        """Cancel what works at the broker, past an engine that may have failed."""
        manager = self._system.manager
        for record in self._system.engine.floor.desk.orders.live:
            manager.cancel(record.order.order_ref)
        await manager.clock.sleep(CANCEL_SECONDS)

    def _failure(self, task: asyncio.Task[None]) -> Outcome:
        error = task.exception()
        return Outcome(
            code=ExitCode.FAILED,
            still_open=tuple(self._still_open()),
            snapshot=self._snapshot(),
            error=f"the {task.get_name()} failed: {type(error).__name__}: {error}",
        )

    # -- tasks --------------------------------------------------------------------------------

    async def _show(self) -> None:
        """Show a snapshot each display interval, and soon after there are news."""
        clock, engine = self._system.manager.clock, self._system.engine
        seen: object = None
        shown_ns = 0
        while True:
            newest = engine.voice.events[0] if engine.voice.events else None
            is_due = clock.now_ns() - shown_ns >= self._pace.display * 1e9
            if is_due or newest is not seen:
                self._view.update(self._snapshot())
                seen, shown_ns = newest, clock.now_ns()
            await clock.sleep(min(self._pace.refresh, self._pace.display))

    async def _export_regularly(self) -> None:
        clock = self._system.manager.clock
        while True:
            await clock.sleep(self._pace.export)
            for _ in self._export():
                await clock.sleep(0)  # the desk goes first

    async def _end_after(self, seconds: float) -> None:
        await self._system.manager.clock.sleep(seconds)
        self.request_stop(f"the run's {seconds:g} s are over")

    def _command(self, command: Command, reason: str, *, is_lasting: bool = False) -> None:
        self._system.runner.put(
            CommandReceived(
                time_ns=self._system.manager.clock.now_ns(),
                command=command,
                reason=reason,
                is_lasting=is_lasting,
            )
        )

    def on_command(self, command: Command) -> None:
        """Take a key of the display."""
        self._command(command, "asked for at the keyboard", is_lasting=True)

    def _snapshot(self) -> DeskSnapshot:
        now_ns = self._system.manager.clock.now_ns()
        return take_snapshot(self._system.engine, self._system.facts, now_ns)

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number, name in ((signal.SIGINT, "Ctrl+C"), (signal.SIGTERM, "SIGTERM")):
            loop.add_signal_handler(number, self.request_stop, name)
