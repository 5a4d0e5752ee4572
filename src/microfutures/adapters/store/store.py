"""The store on disk: one Parquet file a series and month (year, for days), never half written.

A file is written beside its place, flushed, and renamed: a reader or a crash sees the old month or
the new one. One importer at a time holds the store's lock.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
from pyarrow import compute, parquet

from microfutures.adapters.store.errors import ConflictError, StoreError
from microfutures.adapters.store.series import TIME, Kind, Series, series_of
from microfutures.adapters.store.tidy import schema
from microfutures.adapters.writer_lock import WriterLock
from microfutures.model.errors import JournalError
from microfutures.model.timestamp import from_datetime

LOCK_NAME = ".lock"
ONE_DAY_SECONDS = 86_400
EARLIEST_NS, LATEST_NS = -(2**63), 2**63 - 1
PART_SUFFIX = ".part"

_SELECT = """
SELECT * FROM read_parquet(?) WHERE epoch_ns(time) >= ? AND epoch_ns(time) < ? ORDER BY time
"""
_UNION = {
    ("old", "new"): "SELECT * FROM old UNION ALL SELECT * FROM new ANTI JOIN old USING (time) "
    "ORDER BY time",
    ("new", "old"): "SELECT * FROM new UNION ALL SELECT * FROM old ANTI JOIN new USING (time) "
    "ORDER BY time",
}
_DIFFERING = """
SELECT count(*), min(time)::VARCHAR FROM new JOIN old USING (time)
WHERE new IS DISTINCT FROM old
"""
# Equal quotes of one moment are told apart by counting them.
_UNION_OF_QUOTES = """
SELECT * EXCLUDE (nth) FROM (
    SELECT *, row_number() OVER (PARTITION BY old) AS nth FROM old
    UNION
    SELECT *, row_number() OVER (PARTITION BY new) AS nth FROM new
) ORDER BY time
"""


class OnConflict(StrEnum):
    """What to do with a moment that the store holds with other numbers."""

    REFUSE = "refuse"
    KEEP = "keep"
    """What is stored."""
    REPLACE = "replace"
    """By what is imported."""


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did to a series, in rows."""

    added: int = 0
    known: int = 0
    """Were there already, the same."""
    replaced: int = 0
    kept: int = 0
    """Differed, and the stored ones stayed."""

    def plus(self, other: "Merge") -> "Merge":
        """Return the sum of two merges."""
        return Merge(
            added=self.added + other.added,
            known=self.known + other.known,
            replaced=self.replaced + other.replaced,
            kept=self.kept + other.kept,
        )


class Extent(msgspec.Struct, frozen=True):
    """How much of a series there is."""

    series: Series
    rows: int
    first_ns: int
    last_ns: int
    files: int
    size_bytes: int


class MarketStore:
    """Market history under one folder.

    Parameters
    ----------
    root
        Made when something is written; reading from a folder that isn't there finds nothing.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def series(self) -> list[Series]:
        """Return every series, in order of instrument, kind and resolution.

        One whose first file is being written is none yet.
        """
        found = (series_of(folder) for folder in self._root.glob("*/*_*"))
        return sorted(each for each in found if each is not None and self.files(each))

    def files(self, series: Series) -> list[Path]:
        """Return the files of a series, oldest first."""
        return sorted((self._root / series.folder).glob("[12]???*.parquet"))

    def merge(self, series: Series, table: pa.Table, on_conflict: OnConflict) -> Merge:
        """Add rows; those that are there already change nothing.

        Raises
        ------
        ConflictError
            If the store holds other numbers for a moment and `on_conflict` says refuse; nothing
            is written then.
        StoreError
            If a month's file can't be read.
        """
        with self._locked():
            files = [
                (path, *_merged(path, series.kind, part, on_conflict))
                for path, part in self._by_file(series, table)
            ]
            total = Merge()
            for path, merged, merge in files:
                if merge.added or merge.replaced:
                    _write(path, merged)
                total = total.plus(merge)
            return total

    def rewrite(self, series: Series, table: pa.Table) -> None:
        """Put `table` in the place of everything stored of a series: for series of our making."""
        with self._locked():
            files = dict(self._by_file(series, table))
            for path, part in files.items():
                _write(path, part)
            for path in self.files(series):
                if path not in files:
                    path.unlink()

    def read(
        self, series: Series, start: datetime | None = None, end: datetime | None = None
    ) -> pa.Table:
        """Return the rows of ``[start, end)``, ascending; aware moments.

        Raises
        ------
        StoreError
            If there is no such series, or a file of it can't be read.
        """
        files = self.files(series)
        if not files:
            known = ", ".join(str(each) for each in self.series()) or "nothing"
            raise StoreError(
                self._root, f"the store has no {series}; it has {known}", "import it first"
            )
        first = EARLIEST_NS if start is None else from_datetime(start)
        last = LATEST_NS if end is None else from_datetime(end)
        wanted = [path for path in files if _touches(path, first, last)]
        found = _ask(self._root, _SELECT, wanted or files[:1], (first, last))
        return found.cast(schema(series.kind))

    def extent(self, series: Series) -> Extent:
        """Return how much there is of a series, from the files' own footers.

        Raises
        ------
        StoreError
            If a file can't be read.
        """
        files = self.files(series)
        feet = [_foot(path) for path in files]
        size = sum(path.stat().st_size for path in files)
        return Extent(
            series,
            sum(rows for rows, _, _ in feet),
            min(first for _, first, _ in feet),
            max(last for _, _, last in feet),
            len(files),
            size,
        )

    def _by_file(self, series: Series, table: pa.Table) -> Iterator[tuple[Path, pa.Table]]:
        pattern = "%Y" if (series.seconds or 0) >= ONE_DAY_SECONDS else "%Y-%m"
        names = compute.strftime(table[TIME], format=pattern)
        for name in compute.unique(names).to_pylist():
            path = self._root / series.folder / f"{name}.parquet"
            yield path, table.filter(compute.equal(names, name))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(self._root / LOCK_NAME)
        except JournalError as error:
            raise StoreError(
                self._root, "another import writes this store", "wait until it is done"
            ) from error
        except OSError as error:
            raise StoreError(
                self._root,
                f"the store can't be written: {error.strerror}",
                "check the folder's rights, or name another by --store",
            ) from error
        try:
            yield
        finally:
            lock.release()


def _touches(path: Path, first_ns: int, last_ns: int) -> bool:
    """Tell whether a file, named after a year or month, may have rows in a stretch of time."""
    year, _, month = path.stem.partition("-")
    first_month, last_month = (int(month), int(month)) if month else (1, 12)
    begins = datetime(int(year), first_month, 1, tzinfo=UTC)
    ends = datetime(int(year) + last_month // 12, last_month % 12 + 1, 1, tzinfo=UTC)
    return from_datetime(begins) < last_ns and from_datetime(ends) > first_ns


def _ask(root: Path, question: str, files: list[Path], values: tuple[int, ...]) -> pa.Table:
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        names = [str(path) for path in files]
        try:
            return database.sql(question, params=[names, *values]).to_arrow_table()
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0]
            raise StoreError(
                root, f"a file of the store can't be read ({reason})", "remove it, import again"
            ) from error


def _stored(path: Path, kind: Kind) -> pa.Table:
    try:
        return parquet.read_table(path).cast(schema(kind))
    except (pa.ArrowException, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise StoreError(path, f"can't be read ({reason})", "remove it, import again") from error


def _foot(path: Path) -> tuple[int, int, int]:
    """Return rows, first and last moment of a file."""
    try:
        found = parquet.read_metadata(path)
        groups = [found.row_group(number).column(0) for number in range(found.num_row_groups)]
        moments = [group.statistics for group in groups]
        return (
            found.num_rows,
            min(each.min_raw for each in moments),
            max(each.max_raw for each in moments),
        )
    except (pa.ArrowException, OSError, AttributeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise StoreError(path, f"can't be read ({reason})", "remove it, import again") from error


def _merged(
    path: Path, kind: Kind, new: pa.Table, on_conflict: OnConflict
) -> tuple[pa.Table, Merge]:
    if not path.exists():
        return new, Merge(added=new.num_rows)
    old = _stored(path, kind)
    if kind is Kind.QUOTES:
        return _union(old, new)
    with duckdb.connect() as database:
        database.register("old", old)
        database.register("new", new)
        (differing, first), (known,) = (
            database.sql(question).fetchall()[0]
            for question in (_DIFFERING, "SELECT count(*) FROM new SEMI JOIN old USING (time)")
        )
        if differing and on_conflict is OnConflict.REFUSE:
            raise ConflictError(
                path,
                f"{differing} rows differ from what is stored, the first at {first}",
                "say --on-conflict keep or --on-conflict replace",
            )
        winner, loser = ("new", "old") if on_conflict is OnConflict.REPLACE else ("old", "new")
        merged = database.sql(_UNION[winner, loser]).to_arrow_table().cast(schema(kind))
    is_replaced = on_conflict is OnConflict.REPLACE
    return merged, Merge(
        added=new.num_rows - known,
        known=known - differing,
        replaced=differing if is_replaced else 0,
        kept=0 if is_replaced else differing,
    )


def _union(old: pa.Table, new: pa.Table) -> tuple[pa.Table, Merge]:
    """Return quotes of both; a quote that comes twice in one of them stays twice."""
    with duckdb.connect() as database:
        database.register("old", old)
        database.register("new", new)
        merged = database.sql(_UNION_OF_QUOTES).to_arrow_table().cast(old.schema)
    added = merged.num_rows - old.num_rows
    return merged, Merge(added=added, known=new.num_rows - added)


def _write(path: Path, table: pa.Table) -> None:
    """Put a file in its place whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(PART_SUFFIX)
    with part.open("wb") as file:
        parquet.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
