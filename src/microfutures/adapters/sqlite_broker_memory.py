"""A simulated broker's memory in one SQLite file: the newest state of everything, by its key.

One transaction a save, in write-ahead mode: it survives the death of the process, not a power
cut within the second.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from microfutures.adapters.writer_lock import WriterLock
from microfutures.model.errors import GatewayStateError, JournalError
from microfutures.ports.broker_memory import KeptRow

APPLICATION_ID = 0x4D464757
"""``MFGW`` in the file's header."""
SCHEMA_VERSION = 1

_CREATE = """
CREATE TABLE kept (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (kind, key)
)
"""
_SAVE = """
INSERT INTO kept (kind, key, payload) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET payload = excluded.payload
"""


def look_into(path: Path) -> list[KeptRow]:
    """Return what is kept in the file of a gateway that may be running, and change nothing."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return _rows(database)
    finally:
        database.close()


def _rows(database: sqlite3.Connection) -> list[KeptRow]:
    rows = database.execute("SELECT kind, key, payload FROM kept ORDER BY number")
    return [KeptRow(*row) for row in rows]


class SqliteBrokerMemory:
    """`ports.broker_memory.BrokerMemory` in the file at `path`, made if it is not there.

    Raises
    ------
    GatewayStateError
        If another gateway has it, if it is damaged, another program's or of another version, or
        if the disk fails; from every method. A file that is refused stays as it was.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._lock = WriterLock(path.with_name(path.name + ".lock"))
        except JournalError as error:
            raise GatewayStateError(f"gateway state {path}: {error}") from error
        try:
            self._database = self._open()
        except sqlite3.Error as error:
            self._lock.release()
            raise self._failure(error) from error
        except GatewayStateError:
            self._lock.release()
            raise

    def save(self, rows: Iterable[KeptRow]) -> None:
        """Keep all of `rows` or none."""
        values = [(row.kind, row.key, row.payload) for row in rows]
        try:
            with self._database:
                self._database.executemany(_SAVE, values)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def load(self) -> list[KeptRow]:
        """Return everything that is kept, in the order it first came."""
        try:
            return _rows(self._database)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
        self._lock.release()

    def _open(self) -> sqlite3.Connection:
        is_new = not self._path.exists() or self._path.stat().st_size == 0
        if not is_new:
            self._check()
        database = sqlite3.connect(self._path, timeout=1.0)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if is_new:
                with database:
                    database.execute("BEGIN IMMEDIATE")
                    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                    database.execute(_CREATE)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _check(self) -> None:
        """Look at the file without the right to change it."""
        database = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            application = database.execute("PRAGMA application_id").fetchone()[0]
            version = database.execute("PRAGMA user_version").fetchone()[0]
            damage = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            database.close()
        if application != APPLICATION_ID:
            raise GatewayStateError(
                f"gateway state {self._path}: a file of another program; name another file"
            )
        if version != SCHEMA_VERSION:
            raise GatewayStateError(
                f"gateway state {self._path}: version {version}, this program knows "
                f"{SCHEMA_VERSION}; use the version that wrote it, or name another file"
            )
        if damage != "ok":
            raise GatewayStateError(
                f"gateway state {self._path}: damaged ({damage}); restore a copy, or move it "
                "away to begin with a new account"
            )

    def _failure(self, error: sqlite3.Error) -> GatewayStateError:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
            return GatewayStateError(f"gateway state {self._path}: {error}; name another file")
        return GatewayStateError(
            f"gateway state {self._path}: {error}; check the disk and the file's rights, restore "
            "a copy, or move it away to begin with a new account"
        )
