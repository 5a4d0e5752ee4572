"""The journal in one SQLite file: one writer, readable by any SQLite client while it runs.

Write-ahead logging. A commit survives the death of the process whatever it held. After one that
holds an order or a decision the disk is asked to keep it, and everything before it, soon and
beside the desk: an order does not wait for a disk (``docs/adr/0012``). Market data alone is not
worth a flush a tick. Nor does an order wait for its commit: its intent is written ahead, in one
go, and the next start takes it over if the process dies in between (`ahead_log`).

No clock and no randomness: the same records make the same file, byte for byte, once closed.
"""

import sqlite3
from collections.abc import Collection, Generator, Iterator, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote

import msgspec

from microfutures.adapters.ahead_log import AheadLog, Row, frame_of, read_ahead, read_mark
from microfutures.adapters.disk_flush import DiskFlusher
from microfutures.adapters.journal_pages import last_sequence, pack_market, read_pages
from microfutures.adapters.journal_schema import (
    Flushed,
    Transaction,
    check_schema,
    check_whole,
    create,
    upgrade,
)
from microfutures.adapters.writer_lock import WriterLock
from microfutures.model.errors import JournalError
from microfutures.ports.journal import JournalRecord, RecordsLost

FLUSHED_KINDS = frozenset({"order", "decision"})
"""Kinds whose commit is followed by a flush."""

BUFFER_RECORDS = 4_096
LONGEST_LOG_PAGES = 10_000
"""At which a commit folds the log itself; the flusher does it long before, if it can."""
BUSY_SECONDS = 1.0
"""A reader may hold the file for a moment."""

_INSERT = "INSERT INTO records VALUES (?, ?, ?, ?, CAST(? AS TEXT))"

_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and start again",
    sqlite3.SQLITE_IOERR: "the disk refused to read or write; check it and its free space",
    sqlite3.SQLITE_READONLY: "the file is read-only; give this user the right to write it",
    sqlite3.SQLITE_CANTOPEN: "the file can't be opened; check its directory and rights",
    sqlite3.SQLITE_PERM: "no permission; give this user the right to write it",
    sqlite3.SQLITE_BUSY: "another program has locked it; close that program",
    sqlite3.SQLITE_LOCKED: "another program has locked it; close that program",
    sqlite3.SQLITE_NOTADB: "it is not a journal; move it away, or name another log directory",
    sqlite3.SQLITE_CORRUPT: "it is damaged; move it away; `sqlite3 FILE .recover` saves the rest",
    sqlite3.SQLITE_TOOBIG: "a record is too large for the journal",
}


class SqliteJournal:
    """`ports.journal.Journal` in the file at `path`.

    Raises
    ------
    JournalError
        If another process writes it, if it is no journal, or of a later version, or if the disk
        fails; from every method. What was committed before stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._buffer: list[Row] = []
        """Of which the log ahead holds the first `_ahead_count`."""
        self._ahead_count = 0
        self._last = 0
        self._must_flush = False
        self._flusher = DiskFlusher(path)
        self._is_closed = False
        self._was_there = path.exists()
        self._lock = WriterLock(path.with_name(path.name + ".lock"))
        try:
            self._database = self._open()
        except sqlite3.Error as error:
            self._lock.release()
            raise _failure(self._path, error) from error
        except JournalError:
            self._lock.release()
            raise
        try:
            self._ahead = self._take_ahead(path.with_name(path.name + "-ahead"))
        except (sqlite3.Error, OSError, JournalError) as error:
            self._database.close()
            self._lock.release()
            if isinstance(error, JournalError):
                raise
            raise _failure(self._path, error) from error

    def append(self, record: JournalRecord) -> None:
        """Add `record`; its sequence must be above every earlier one."""
        if record.sequence <= self._last:
            raise JournalError(
                f"journal {self._path}: record {record.sequence} comes after {self._last}"
            )
        self._last = record.sequence
        self._must_flush = self._must_flush or record.kind in FLUSHED_KINDS
        self._buffer.append(_row(record))
        if len(self._buffer) >= BUFFER_RECORDS:
            self.commit()

    def commit(self, *, is_urgent: bool = False) -> None:
        """Make everything appended durable, to the degree that the module's head states.

        An urgent commit returns when the disk has it.
        """
        if not self._buffer:
            return
        begin = Flushed if is_urgent else Transaction
        try:
            with begin(self._database):
                self._database.executemany(_INSERT, self._buffer)
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error
        self._buffer.clear()
        self._ahead_count = 0
        self._ahead.mark(self._last)

    def write_ahead(self) -> None:
        """Make everything appended outlive this process, as `commit` does, but in a hurry."""
        count = len(self._buffer)
        if self._ahead_count == count:
            return
        if self._ahead.write(self._buffer[self._ahead_count :]):
            self._ahead_count = count
        else:
            self.commit()

    def rehearse(self, records: Sequence[JournalRecord]) -> None:
        """Make the frame that would hold `records`, and keep none of them."""
        frame_of([_row(each) for each in records])

    def keep(self) -> None:
        """Make everything appended outlive this process, and wait for no disk.

        What is written ahead is committed together with what comes after it.
        """
        if self._flusher.is_flushing or self._ahead_count == len(self._buffer):
            self.write_ahead()
        else:
            self.commit()

    def flush(self) -> None:
        """Have the disk keep what was committed, if an order or a decision is among it."""
        if not self._must_flush or self._buffer:
            return
        try:
            self._flusher.ask()
        except (sqlite3.Error, OSError) as error:
            raise _failure(self._path, error) from error
        self._must_flush = False

    def read(
        self, kinds: Collection[str] | None = None, *, after_sequence: int = 0
    ) -> Iterator[JournalRecord]:
        """Yield the records above `after_sequence`, ascending; of `kinds` only, if given.

        Appended records are committed first. What is appended while reading is read too.
        """
        self.commit()
        try:
            yield from read_pages(self._database, kinds, after_sequence)
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error

    def pack(self, before_ns: int) -> Generator[None]:
        """Pack the market data from before a moment, a few milliseconds a step."""
        try:
            yield from pack_market(self._database, before_ns)
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error

    def last_sequence(self) -> int:
        """Return the number of the latest record; 0 before the first."""
        return self._last

    def get_meta(self, key: str) -> str | None:
        """Return a remembered value; None when there is none."""
        try:
            row = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember a value, flushed to the disk before this returns."""
        try:
            with Flushed(self._database):
                self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error

    def count_start(self) -> int:
        """Return the number of this start, 1 for the first; durable, so no two starts share it."""
        count = int(self.get_meta("starts") or 0) + 1
        self.set_meta("starts", str(count))
        return count

    def close(self) -> None:
        """Commit, fold the write-ahead log into the file and let go of it; idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self.commit()
            self._flusher.close()
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error
        finally:
            self._flusher.close()
            self._database.close()
            self._ahead.close(is_done=not self._buffer)
            self._lock.release()

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    # -- the file -----------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        if self._was_there and self._path.stat().st_size == 0:
            raise JournalError(
                f"journal {self._path}: it is empty; restore a copy, or delete it if this desk has "
                "never traded"
            )
        database = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            # Asked first, so that another program's database stays as it is.
            is_new = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
            if not is_new:
                check_schema(database, self._path)
                check_whole(database, self._path)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG_PAGES}")
            if is_new:
                create(database)
            else:
                upgrade(database)
            self._last = last_sequence(database)
        except (sqlite3.Error, JournalError):
            database.close()
            raise
        return database

    def _take_ahead(self, path: Path) -> AheadLog:
        """Commit what a run that died had written ahead and not committed; begin a new one.

        A journal that was moved away took its own past with it: what is left beside is not ours.
        """
        if self._was_there:
            found, mark = read_ahead(path), read_mark(path)
            left = [row for row in found if row[0] > self._last]
            if left and left[0][0] == self._last + 1:
                self._take(left)
            until = max(mark, found[-1][0] if found else 0)
            if until > self._last:
                self._note_loss(until)
        return AheadLog(path)

    def _note_loss(self, until: int) -> None:
        """Write down that records up to `until` are gone: the next to read must not trade on."""
        reason = (
            f"the journal has lost its records {self._last + 1} to {until} (a power cut, or its "
            "files were cut): compare positions and executions with TWS"
        )
        latest = "SELECT time_ns FROM records ORDER BY sequence DESC LIMIT 1"
        (time_ns,) = self._database.execute(latest).fetchone() or (0,)
        payload = msgspec.json.encode(RecordsLost(reason)).decode()
        self._take([(self._last + 1, time_ns, "run", RecordsLost.__name__, payload)])

    def _take(self, rows: list[Row]) -> None:
        with Flushed(self._database):
            self._database.executemany(_INSERT, rows)
        self._last = rows[-1][0]


class JournalReader:
    """Reads the journal at `path` beside the desk that writes it, and never changes it.

    Raises
    ------
    JournalError
        If there is no journal of this version or an earlier one, or the disk fails; from every
        method.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise JournalError(f"journal {path}: no such file; name the log directory of a run")
        try:
            self._database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
            check_schema(self._database, path)
        except sqlite3.Error as error:
            raise _failure(path, error) from error

    def read(
        self, kinds: Collection[str] | None = None, *, after_sequence: int = 0
    ) -> Iterator[JournalRecord]:
        """Yield the committed records above `after_sequence`; see `SqliteJournal.read`."""
        try:
            yield from read_pages(self._database, kinds, after_sequence)
        except sqlite3.Error as error:
            raise _failure(self._path, error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def _row(record: JournalRecord) -> Row:
    return record.sequence, record.time_ns, record.kind, record.name, record.payload


def _failure(path: Path, error: sqlite3.Error | OSError) -> JournalError:
    # The low byte is the kind of error, the rest its detail.
    unnamed = sqlite3.SQLITE_IOERR if isinstance(error, OSError) else 0
    code = getattr(error, "sqlite_errorcode", unnamed) & 0xFF
    remedy = _REMEDIES.get(code, "close other programs that use it, or move it away")
    return JournalError(f"journal {path}: {error}; {remedy}")
