"""Rows of a table on disk, CSV or Parquet, with the number of each row for messages."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path

import msgspec

from microfutures.adapters.tapes.errors import TapeError


class Row(msgspec.Struct, frozen=True):
    """One row; ``line`` counts like an editor does, the header is line 1."""

    line: int
    values: Mapping[str, object]


def read_rows(path: Path) -> tuple[tuple[str, ...], Iterator[Row]]:
    """Return the lower-case column names and the rows of a CSV or Parquet file."""
    if not path.is_file():
        raise TapeError(path, "there is no such file", "check the path and the symbol's spelling")
    if path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path)
    return _read_csv(path)


def find_column(path: Path, columns: Sequence[str], names: Sequence[str], purpose: str) -> str:
    """Return the first of `names` that is a column; raise when none is."""
    for name in names:
        if name in columns:
            return name
    raise TapeError(
        path,
        f"no column for {purpose}; found {', '.join(columns) or 'none'}",
        f"name one of its columns {' or '.join(names)}",
    )


def number(path: Path, row: Row, column: str) -> float:
    """Return a finite number; raise for an empty, NaN or other field."""
    value = row.values.get(column)
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise _not_a_number(path, row, column) from error
    if not isfinite(result):
        raise _not_a_number(path, row, column)
    return result


def optional_number(path: Path, row: Row, column: str | None, default: float) -> float:
    """Return a number, or `default` for an empty field or a missing column."""
    if column is None or row.values.get(column) in (None, ""):
        return default
    return number(path, row, column)


def _not_a_number(path: Path, row: Row, column: str) -> TapeError:
    value = row.values.get(column)
    return TapeError(
        path,
        f"column {column} must be a number, was {value!r}",
        "correct the row or leave it out",
        line=row.line,
    )


def _read_csv(path: Path) -> tuple[tuple[str, ...], Iterator[Row]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file), None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _not_text(path) from error
    if not header:
        raise TapeError(path, "the file is empty", "give a file with a header and rows")
    columns = tuple(name.strip().lower() for name in header)
    return columns, _csv_rows(path, columns)


def _csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        next(reader)
        for fields in _fields(path, reader):
            if len(fields) != len(columns):
                raise TapeError(
                    path,
                    f"{len(fields)} fields where the header has {len(columns)}",
                    "correct the row; if it is the last one, the file was cut short: get it anew",
                    line=reader.line_num,
                )
            yield Row(reader.line_num, dict(zip(columns, fields, strict=True)))


def _fields(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows that are not empty."""
    try:
        yield from filter(None, reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _not_text(path) from error


def _not_text(path: Path) -> TapeError:
    return TapeError(path, "this is no text in UTF-8", "give a CSV file, or name it .parquet")


def _read_parquet(path: Path) -> tuple[tuple[str, ...], Iterator[Row]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise TapeError(
            path,
            "reading Parquet needs pyarrow",
            "install microfutures[tapes], or convert the file to CSV",
        ) from error
    try:
        table = parquet.read_table(path)
    except (ArrowException, OSError) as error:
        raise TapeError(
            path, "this is no Parquet file, or it was cut short", "get it anew"
        ) from error
    columns = tuple(name.lower() for name in table.column_names)
    table = table.rename_columns(list(columns))
    rows = (
        Row(line, values)
        for line, values in enumerate(
            (item for batch in table.to_batches() for item in batch.to_pylist()), 2
        )
    )
    return columns, rows
