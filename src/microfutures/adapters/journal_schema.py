"""The layout of a journal's file, and transactions on it."""

import sqlite3
from pathlib import Path

from microfutures.model.errors import JournalError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x4D465554
"""``MFUT`` in the file's header."""
HEADER_BYTES = 100
"""Of every SQLite file; page size at 16 (big-endian), pages in the file at 28."""

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE records (
    sequence INTEGER PRIMARY KEY,
    time_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    payload TEXT NOT NULL
);
-- Almost every record is market data; recovery asks for the others.
CREATE INDEX records_but_market ON records (sequence) WHERE kind <> 'market';
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_PACKED = "CREATE TABLE packed (last_sequence INTEGER PRIMARY KEY, records BLOB NOT NULL)"
"""Market records of past days, several hundred a row: `journal_pages`."""

_UPGRADES = {1: (_PACKED,)}
"""What brings a version to the next one."""


def check_schema(database: sqlite3.Connection, path: Path) -> None:
    """Raise `JournalError` for what is no journal of this version or an earlier one."""
    if database.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise JournalError(
            f"journal {path}: a database of another program; name another log directory"
        )
    version = _version(database)
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"journal {path}: schema version {version}, this program knows "
            f"{SCHEMA_VERSION}; use the version that wrote it, or move it away"
        )


def check_whole(database: sqlite3.Connection, path: Path) -> None:
    """Raise `JournalError` if the file was cut and something that it held is nowhere else.

    SQLite sees that by itself unless there is a write-ahead log: then it takes what is missing
    for zeros. A file that ends early may be sound all the same, if a process was killed while it
    folded the log.
    """
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    size, page_bytes = path.stat().st_size, int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    if size % page_bytes or size < pages * page_bytes:
        verdict = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise JournalError(
                f"journal {path}: it was cut ({' '.join(verdict.split())}); restore a copy, or "
                "move it away; `sqlite3 FILE .recover` saves the rest"
            )


class Transaction:
    """BEGIN, then COMMIT, or ROLLBACK after an exception."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        """Begin."""
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Commit, or take everything back."""
        try:
            if kind is None:
                self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")


class Flushed(Transaction):
    """A transaction that is over when the disk has it, and everything before it."""

    def __enter__(self) -> None:
        """Begin, with flushes."""
        self._database.execute("PRAGMA synchronous = FULL")
        super().__enter__()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Commit and flush, or take everything back."""
        try:
            super().__exit__(kind, *rest)
        finally:
            self._database.execute("PRAGMA synchronous = NORMAL")


def create(database: sqlite3.Connection) -> None:
    """Make the tables of a new journal."""
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.executescript(_SCHEMA)
    database.execute(_PACKED)
    database.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))
    database.execute("COMMIT")


def upgrade(database: sqlite3.Connection) -> None:
    """Bring a journal of an earlier version up to date; all of it or nothing."""
    version = _version(database)
    if version == SCHEMA_VERSION:
        return
    with Flushed(database):
        for earlier in range(version, SCHEMA_VERSION):
            for statement in _UPGRADES[earlier]:
                database.execute(statement)
        database.execute("UPDATE schema_version SET version = ?", (SCHEMA_VERSION,))


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT version FROM schema_version").fetchone()[0])
