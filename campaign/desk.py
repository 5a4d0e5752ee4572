"""A desk that can be killed: its tasks end where they stand, what was not committed is lost."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

from campaign.eyes import Eyes
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.app.arguments import RunOptions
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.app.simulation import Simulation
from microfutures.app.wiring import System, build_system
from microfutures.config import Settings
from microfutures.engine.output import Say
from microfutures.model.approval import Approved
from microfutures.model.events import Command, CommandReceived
from microfutures.ports.journal import JournalRecord

ORDER_KINDS = ("order", "decision")
FLUSHES_EVERY, FLUSHES_FOR = 32, 8
"""Commits after which the disk flushes again, and for how many it does."""


class Killed(BaseException):
    """The process is gone."""


class Fuse:
    """Blows at the n-th write to the journal, or at the n-th that is about orders."""

    def __init__(self, writes: int, *, orders_only: bool) -> None:
        self.has_blown = False
        self._left = writes
        self._orders_only = orders_only

    def burn(self, kind: str) -> None:
        """Count a write; raise `Killed` at the last one, and ever after."""
        if not self._orders_only or kind in ORDER_KINDS:
            self._left -= 1
        if self._left <= 0:
            self.has_blown = True
            raise Killed


class MortalJournal(SqliteJournal):
    """The real journal, watched, of a process that may die between any two writes."""

    def __init__(self, path: Path, eyes: Eyes, fuse: Fuse) -> None:
        super().__init__(path)
        self._file = path
        self._secured = self._asked = self.last_sequence()
        self._keeps = 0
        self._eyes = eyes
        self._fuse = fuse

    @property
    def _kind(self) -> str:
        return "order" if self._must_flush else "market"

    def append(self, record: JournalRecord) -> None:
        """Add a record, if the process lives that long."""
        self._fuse.burn(record.kind)
        self._eyes.on_record(record)
        super().append(record)

    def commit(self, *, is_urgent: bool = False) -> None:
        """Commit, if the process lives that long; it may die right after."""
        if not self._buffer:
            return
        # What was written ahead is safe already: a death at its commit is one after the writing.
        is_new = self._ahead_count < len(self._buffer)
        kind = self._kind
        if is_new:
            self._fuse.burn(kind)
        super().commit(is_urgent=is_urgent)
        if is_urgent:
            self._secured = self._asked = self.last_sequence()
        self._eyes.on_commit()
        if is_new:
            self._fuse.burn(kind)

    def write_ahead(self) -> None:
        """Write ahead, if the process lives that long; it may die right after."""
        new = [row[2] for row in self._buffer[self._ahead_count :]]
        if new:
            self._put_ahead("order" if set(new) & set(ORDER_KINDS) else "market")

    def keep(self) -> None:
        """Commit; in some stretches write ahead instead, as while the disk is flushing."""
        self._keeps += 1
        if self._buffer and self._keeps % FLUSHES_EVERY < FLUSHES_FOR:
            # No seed can tell when a disk flushes: a death here counts as one at the commit.
            self._put_ahead(self._kind)
        else:
            self.commit()

    def _put_ahead(self, kind: str) -> None:
        self._fuse.burn(kind)
        super().write_ahead()
        self._eyes.on_commit()
        self._fuse.burn(kind)

    def flush(self) -> None:
        """Have the disk asked; what it was asked for before is taken to be there."""
        if self._must_flush and not self._buffer:
            self._secured, self._asked = self._asked, self.last_sequence()
        super().flush()

    def die(self, *, is_power_cut: bool = False) -> None:
        """Let the file be what a killed process leaves, or a machine without power."""
        ahead = self._file.with_name(self._file.name + "-ahead")
        written = ahead.read_bytes()
        self._buffer.clear()
        self.close()
        if not is_power_cut:
            # A process that is killed has no time to clean up.
            ahead.write_bytes(written)
        else:
            database = sqlite3.connect(self._file)
            with database:
                database.execute("DELETE FROM records WHERE sequence > ?", (self._secured,))
            database.close()


class Desk:
    """One process' worth of the system, from start to kill."""

    def __init__(
        self,
        *,
        settings: Settings,
        options: RunOptions,
        simulation: Simulation,
        path: Path,
        eyes: Eyes,
        fuse: Fuse,
        speak: Callable[[int, Say], None],
    ) -> None:
        self.fuse = fuse
        self._speak = speak
        self._clock = simulation.clock
        self._tasks: list[asyncio.Task[None]] = []
        self._journal = MortalJournal(path, eyes, fuse)
        self._eyes = eyes
        try:
            self.system = self._build(settings, options, simulation)
        except Killed:
            self._journal.die()
            raise

    def _build(self, settings: Settings, options: RunOptions, simulation: Simulation) -> System:
        system = build_system(
            settings, options, simulation=simulation, journal=self._journal, speak=self._speak
        )
        self._eyes.forget(list(SqliteJournal.read(self._journal, RECOVERED_KINDS)))
        recover(system.engine, self._journal.read(RECOVERED_KINDS))
        self._eyes.begin_run(system.engine)
        submit = system.manager.submit

        def watched(approved: Approved) -> None:
            self._eyes.on_submit(approved.order.order_ref)
            submit(approved)

        system.manager.submit = watched  # type: ignore[method-assign]
        return system

    def start(self) -> None:
        """Begin to trade."""
        runner, manager = self.system.runner, self.system.manager
        self._tasks = [
            asyncio.create_task(runner.run(), name="engine"),
            asyncio.create_task(runner.run_timer(), name="timer"),
            asyncio.create_task(manager.run(), name="broker"),
        ]
        self.command(Command.START, "started")

    async def wait(self) -> str:
        """Return when a task ends: why, empty for a kill."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        if self.fuse.has_blown:
            return ""
        task = done.pop()
        return f"the {task.get_name()} ended: {task.exception()!r}"

    async def kill(self, *, is_power_cut: bool = False) -> None:
        """End it where it stands."""
        self._eyes.end_run()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.system.manager.stop()
        self._journal.die(is_power_cut=is_power_cut)

    def command(self, command: Command, reason: str, *, is_lasting: bool = False) -> None:
        """Ask the desk for something."""
        self.system.runner.put(
            CommandReceived(
                time_ns=self.system.manager.clock.now_ns(),
                command=command,
                reason=reason,
                is_lasting=is_lasting,
            )
        )
