"""Brings a journal's write-ahead log to the disk, in a thread: no order waits for a disk.

What is committed is safe from the death of the process as it is; this is about power cuts. Not
here: what is written, and when it must be (`sqlite_journal`).
"""

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread, get_native_id

FOLD_AFTER = 1_000
"""Requests after which the log is folded into the file too; SQLite would do it by itself, in the
middle of a commit, whenever the log is long."""

GATHER_SECONDS = 0.01
"""Waited before a flush, for what belongs to the same order: its fill, its commission."""
REST_SECONDS = 1.0
"""Between two flushes: what is committed while the disk is flushing waits for it."""

LOWEST_PRIORITY = 19

_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class DiskFlusher:
    """Flushes the write-ahead log of the database at `path` as often as asked, soon.

    The database must be open, and stay so until `close`.
    """

    def __init__(self, path: Path) -> None:
        self.is_flushing = False
        """Whoever writes the log now waits for the disk."""
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._is_closing = Event()
        self._requests = 0
        self._fold_at = FOLD_AFTER
        self._thread: Thread | None = None
        self._failure: OSError | sqlite3.Error | None = None

    def ask(self) -> None:
        """Have everything flushed that is committed by now, within about a second.

        Raises
        ------
        OSError, sqlite3.Error
            What an earlier flush failed with.
        """
        if self._failure is not None:
            raise self._failure
        self._requests += 1
        if self._thread is None:
            self._thread = Thread(target=self._run, name="journal flush", daemon=True)
            self._thread.start()
        self._asked.put(True)

    def close(self) -> None:
        """Finish what was asked for and end the thread; idempotent."""
        if self._thread is not None:
            self._is_closing.set()
            self._asked.put(False)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        _give_way()
        try:
            # SQLite locks nothing in this file, so that closing it lets go of no lock.
            descriptor = os.open(self._log, os.O_RDONLY)
            try:
                self._serve(descriptor)
            finally:
                os.close(descriptor)
        except (OSError, sqlite3.Error) as error:
            self._failure = error

    def _serve(self, descriptor: int) -> None:
        goes_on = self._asked.get()
        while goes_on:
            # One flush serves all who asked before it: an order, its fill and its commission.
            self._is_closing.wait(GATHER_SECONDS)
            while goes_on and not self._asked.empty():
                goes_on = self._asked.get()
            self._flush(descriptor)
            self._is_closing.wait(REST_SECONDS)
            goes_on = goes_on and self._asked.get()

    def _flush(self, descriptor: int) -> None:
        self.is_flushing = True
        try:
            _sync(descriptor)
            if self._requests >= self._fold_at:
                self._fold_at = self._requests + FOLD_AFTER
                self._fold()
        finally:
            self.is_flushing = False

    def _fold(self) -> None:
        """Move what is committed into the file beside the writer, who is not held up."""
        database = sqlite3.connect(self._path, isolation_level=None)
        try:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            database.close()


def _give_way() -> None:
    """Leave the processor to orders; elsewhere than in Linux a thread has no such say."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), LOWEST_PRIORITY)
