"""A study's memory: one SQLite file of finished sets; what is in it is never computed again.

Each finished task is one transaction, so a kill costs what was being computed and no more. The
file belongs to one fingerprint of data and settings and is refused for any other.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from microfutures.adapters.writer_lock import WriterLock
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError, JournalError
from microfutures.research.evaluator import SetResult, Stretch

FORMAT = "1"
LOCK_SUFFIX = ".lock"

_TABLES = """
CREATE TABLE IF NOT EXISTS study (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    parameters TEXT NOT NULL, first_day INTEGER NOT NULL, end_day INTEGER NOT NULL,
    result TEXT NOT NULL, PRIMARY KEY (parameters, first_day, end_day)
) WITHOUT ROWID;
"""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(SetResult).decode


class StudyFile:
    """The finished sets of one study.

    Parameters
    ----------
    path
        Made if it isn't there.
    identity
        Fingerprint of data and settings.

    Raises
    ------
    ConfigurationError
        If the file is no study, is one of other data or settings, or another process writes it.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        try:
            self._lock = WriterLock(path.with_name(path.name + LOCK_SUFFIX))
        except JournalError as error:
            raise ConfigurationError(
                f"study {path} can't be written: another process studies with it, or the folder is "
                f"not writable; wait for it, or name another file by --study"
            ) from error
        try:
            self._database = self._open()
            self._claim(identity)
        except BaseException:
            self._lock.release()
            raise

    def get(self, sets: Iterable[PairParameters], stretch: Stretch) -> dict[str, SetResult]:
        """Return the finished ones among `sets`, by `key_of`."""
        found: dict[str, SetResult] = {}
        for each in sets:
            key = key_of(each)
            row = self._database.execute(
                "SELECT result FROM results WHERE parameters = ? AND first_day = ? AND end_day = ?",
                (key, stretch.first, stretch.end),
            ).fetchone()
            if row is not None:
                found[key] = _decode(row[0])
        return found

    def all_of(self, stretch: Stretch) -> dict[str, SetResult]:
        """Return every finished set of a stretch, also of earlier runs, by `key_of`."""
        rows = self._database.execute(
            "SELECT parameters, result FROM results WHERE first_day = ? AND end_day = ? "
            "ORDER BY parameters",
            (stretch.first, stretch.end),
        )
        return {key: _decode(result) for key, result in rows}

    def put(self, results: Iterable[tuple[PairParameters, SetResult]], stretch: Stretch) -> None:
        """Keep finished sets, all of them or none."""
        with self._database:
            self._database.executemany(
                "INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)",
                [
                    (key_of(each), stretch.first, stretch.end, _encode(result).decode())
                    for each, result in results
                ],
            )

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
        self._lock.release()

    def _open(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(self._path)
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(_TABLES)
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"study {self._path}: {error}; name a file that a study made, or a new one"
            ) from error
        return database

    def _claim(self, identity: str) -> None:
        """Mark a new file as ours; refuse one of something else."""
        facts = {"format": FORMAT, "identity": identity}
        known = dict(self._database.execute("SELECT name, value FROM study"))
        if not known:
            with self._database:
                self._database.executemany("INSERT INTO study VALUES (?, ?)", facts.items())
        elif known != facts:
            self._database.close()
            what = "other data or settings" if known.get("format") == FORMAT else "another version"
            raise ConfigurationError(
                f"study {self._path} is one of {what}: its results don't hold for these; name a "
                f"new file by --study, or study what it was made of"
            )


def key_of(parameters: PairParameters) -> str:
    """Return what names a set, all parameters of the strategy included."""
    return _encode(parameters).decode()
