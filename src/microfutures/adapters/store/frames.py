"""Files as tables of text or numbers, before anything in them is understood: CSV and Parquet."""

from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, csv, parquet

from microfutures.adapters.store.errors import BrokenFileError, ColumnError, EmptyFileError

DELIMITERS = ",;\t|"
PARQUET_SUFFIXES = (".parquet", ".pq")
HEADER_BYTES = 65_536


class Frame(msgspec.Struct, frozen=True):
    """A file's rows; column names in lower case; ``notes`` says what was left out."""

    path: Path
    table: pa.Table
    """Every column of a CSV file is text."""
    lines: NDArray[np.int64]
    """Line of each row in the file, the header being line 1."""
    notes: tuple[str, ...] = ()

    def line(self, row: int) -> int:
        """Return the line of a row."""
        return int(self.lines[row])


def read_frame(path: Path, *, skip_bad_rows: bool = False) -> Frame:
    """Return the table of a CSV (also ``.gz``) or Parquet file.

    Raises
    ------
    EmptyFileError, BrokenFileError, ColumnError
        If there is nothing in it, it was cut short, or it has no header.
    """
    if not path.is_file():
        raise BrokenFileError(path, "there is no such file", "check the path")
    if path.stat().st_size == 0:
        raise EmptyFileError(path, "the file is empty", "give a file with a header and rows")
    if path.suffix.lower() in PARQUET_SUFFIXES:
        return _read_parquet(path)
    return _read_csv(path, skip_bad_rows=skip_bad_rows)


class _BadRow(Protocol):
    """What pyarrow tells of a row with the wrong number of fields."""

    number: int
    text: str
    actual_columns: int
    expected_columns: int


def _read_csv(path: Path, *, skip_bad_rows: bool) -> Frame:
    bad: list[_BadRow] = []

    def on_bad(row: _BadRow) -> str:
        bad.append(row)
        return "skip"

    names, delimiter = _header(path)
    try:
        table = csv.read_csv(
            str(path),
            read_options=csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, invalid_row_handler=on_bad, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        raise _unreadable(path, "CSV", error) from error
    notes = _judge(path, bad, table.num_rows, skip_bad_rows=skip_bad_rows)
    lines = _lines(table.num_rows, {row.number for row in bad})
    has_text = _has_text(table)
    table, lines = table.filter(pa.array(has_text)), lines[has_text]
    if table.num_rows == 0:
        raise EmptyFileError(path, "a header and no rows", "give a file with rows")
    return Frame(path, table, lines, notes)


def _has_text(table: pa.Table) -> NDArray[np.bool_]:
    """Return which rows are no blank lines."""
    found = np.zeros(table.num_rows, dtype=np.bool_)
    for column in table.columns:
        found |= compute.not_equal(column, "").to_numpy()
    return found


def _header(path: Path) -> tuple[list[str], str]:
    """Return the clean column names and the delimiter."""
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            first = stream.read(HEADER_BYTES).decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise _unreadable(path, "CSV", error) from error
    line = first.partition("\n")[0].strip("\r")
    delimiter = max(DELIMITERS, key=line.count)
    names = [_clean(name) for name in line.split(delimiter)]
    if len(names) < 2 or any(_is_number(name) for name in names):
        raise ColumnError(
            path, f"the first line is no header: {line[:80]!r}", "add a line of column names"
        )
    _refuse_repeated(path, names)
    return names, delimiter


def _judge(path: Path, bad: list[_BadRow], rows: int, *, skip_bad_rows: bool) -> tuple[str, ...]:
    """Raise for rows with the wrong number of fields, or say that they were left out."""
    if not bad:
        return ()
    first = bad[0]
    words = f"{first.actual_columns} fields where the header has {first.expected_columns}"
    if skip_bad_rows:
        return (f"left out {len(bad)} rows with the wrong number of fields, line {first.number}",)
    is_last = len(bad) == 1 and first.number >= rows + 2
    problem = f"{words}: the file ends in the middle of a row" if is_last else words
    raise BrokenFileError(
        path, problem, "copy the file anew, or leave it out by --skip-bad-rows", line=first.number
    )


def _read_parquet(path: Path) -> Frame:
    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, "Parquet", error) from error
    names = [_clean(name) for name in table.column_names]
    _refuse_repeated(path, names)
    if table.num_rows == 0:
        raise EmptyFileError(path, "the file has no rows", "give a file with rows")
    return Frame(path, table.rename_columns(names), _lines(table.num_rows, set()))


def _lines(rows: int, skipped: set[int]) -> NDArray[np.int64]:
    """Return the file's line of each row that is left."""
    every = np.arange(2, 2 + rows + len(skipped), dtype=np.int64)
    left = every[~np.isin(every, sorted(skipped))] if skipped else every
    return left[:rows]


def _unreadable(path: Path, what: str, error: Exception) -> BrokenFileError:
    reason = str(error).partition("\n")[0]
    return BrokenFileError(path, f"no readable {what} ({reason})", "copy the file anew")


def _refuse_repeated(path: Path, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ColumnError(
            path, f"several columns are called {', '.join(repeated)}", "rename all but one"
        )


def _clean(name: str) -> str:
    return name.strip().strip('"<>').strip().lower().replace(" ", "_")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
