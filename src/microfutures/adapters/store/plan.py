"""From a file to series: what would be imported, in words to confirm and in rows to store."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.adapters.store.columns import ColumnMap, guess_columns
from microfutures.adapters.store.errors import ColumnError, EmptyFileError
from microfutures.adapters.store.frames import Frame, read_frame
from microfutures.adapters.store.moments import Moments, TimeOptions, Times, read_times
from microfutures.adapters.store.numbers import (
    Floats,
    fault_error,
    faults,
    read_column,
    read_numbers,
)
from microfutures.adapters.store.series import TICK, Kind, Series, product_of, resolution_of
from microfutures.adapters.store.tidy import Part, guess_seconds, tidy
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

UNFINISHED = ("0", "false")
"""A row whose ``final`` says so is the last of a pull, cut off in the middle of its bar."""


class Stamp(StrEnum):
    """Which end of a bar its moment is."""

    START = "start"
    END = "end"


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user says instead of leaving it to a guess."""

    columns: Mapping[str, str] = {}
    instrument: str | None = None
    resolution: str | None = None
    times: TimeOptions = TimeOptions()
    stamp: Stamp = Stamp.START
    skip_bad_rows: bool = False


class Plan(msgspec.Struct, frozen=True):
    """One file's import: ``guesses`` are to be confirmed, ``notes`` tell what was left out."""

    path: Path
    guesses: tuple[str, ...]
    notes: tuple[str, ...]
    parts: tuple[Part, ...]


class _Rows(msgspec.Struct, frozen=True):
    """The rows that are worth keeping, column by column."""

    moments: Moments
    columns: Mapping[str, Floats]
    lines: NDArray[np.int64]
    names: NDArray[np.str_] | None
    notes: tuple[str, ...]


def plan_import(path: Path, options: ImportOptions) -> Plan:
    """Return what a CSV or Parquet file holds, without storing anything.

    Raises
    ------
    TapeError
        One of `adapters.store.errors`, naming file, line and remedy.
    """
    frame = read_frame(path, skip_bad_rows=options.skip_bad_rows)
    columns = guess_columns(path, frame.table.column_names, options.columns)
    roles = columns.roles
    times = read_times(frame, roles["time"], roles.get("clock"), options.times)
    rows = _usable(frame, columns, times, options)
    resolution = _resolution(path, columns.kind, times, rows, options)
    if options.stamp is Stamp.END and not times.is_daily:
        length_ns = (Series("X", columns.kind, resolution).seconds or 0) * NANOSECONDS_PER_SECOND
        rows = msgspec.structs.replace(rows, moments=rows.moments - np.int64(length_ns))
    parts = _parts(path, columns.kind, resolution, rows, options)
    actions = _actions(frame, columns, times, options)
    if actions is not None:
        parts += (actions,)
    guesses = (columns.sentence(), _described(columns.kind, resolution, times, options.stamp))
    return Plan(path, guesses, (*frame.notes, *rows.notes), parts)


def _described(kind: Kind, resolution: str, times: Times, stamp: Stamp) -> str:
    words = f"{kind} of {resolution}, times are {times.spelled}"
    if kind in (Kind.BARS, Kind.QUOTE_BARS) and not times.is_daily:
        words += f", each the {stamp} of its bar"
    return words


def _usable(frame: Frame, columns: ColumnMap, times: Times, options: ImportOptions) -> _Rows:
    roles = columns.roles
    numbers = read_numbers(frame, roles, columns.kind)
    notes: list[str] = []
    keep = np.ones(len(times.values), dtype=np.bool_)
    if "final" in roles:
        final = [str(value).strip().lower() for value in frame.table[roles["final"]].to_pylist()]
        keep = ~np.isin(final, UNFINISHED)
        if not keep.all():
            notes.append(f"left out {np.count_nonzero(~keep)} unfinished rows")
    bad = faults(numbers, columns.kind) & keep
    if bad.any():
        row = int(np.argmax(bad))
        if not options.skip_bad_rows:
            raise fault_error(frame, numbers, row)
        notes.append(f"left out {np.count_nonzero(bad)} impossible rows, line {frame.line(row)}")
        keep &= ~bad
    if not keep.any():
        raise EmptyFileError(frame.path, "the file has no usable rows", "give a file with rows")
    names = None
    if "instrument" in roles:
        names = np.array(frame.table[roles["instrument"]].to_pylist(), dtype=np.str_)[keep]
    kept = {name: values[keep] for name, values in numbers.items()}
    return _Rows(times.values[keep], kept, frame.lines[keep], names, tuple(notes))


def _resolution(path: Path, kind: Kind, times: Times, rows: _Rows, options: ImportOptions) -> str:
    if options.resolution is not None:
        return options.resolution
    if times.is_daily:
        return "1d"
    if kind is Kind.QUOTES:
        return TICK
    return resolution_of(guess_seconds(path, rows.moments))


def _parts(
    path: Path, kind: Kind, resolution: str, rows: _Rows, options: ImportOptions
) -> tuple[Part, ...]:
    if rows.names is None:
        name = _instrument(path, options)
        series = Series(name, kind, resolution)
        return (tidy(path, series, rows.moments, rows.columns, rows.lines),)
    parts: list[Part] = []
    for name in np.unique(rows.names):
        chosen = rows.names == name
        series = Series(str(name).strip().upper(), kind, resolution)
        columns = {role: values[chosen] for role, values in rows.columns.items()}
        parts.append(tidy(path, series, rows.moments[chosen], columns, rows.lines[chosen]))
    return tuple(parts)


def _instrument(path: Path, options: ImportOptions) -> str:
    if options.instrument is not None:
        return options.instrument
    stem = path.name.partition(".")[0].upper()
    for name in (stem, stem.partition("_")[0], stem.partition("-")[0]):
        if product_of(name) is not None:
            return name
    raise ColumnError(
        path,
        "neither the file's name nor a column tells the instrument",
        "say it by --instrument, like MCL, MCLK26 or USO",
    )


def _actions(frame: Frame, columns: ColumnMap, times: Times, options: ImportOptions) -> Part | None:
    """Return the splits and dividends that stand beside daily bars, if there are any."""
    roles = columns.roles
    if not times.is_daily or not {"split", "dividend"} & roles.keys():
        return None
    splits = read_column(frame, roles["split"]) if "split" in roles else None
    dividends = read_column(frame, roles["dividend"]) if "dividend" in roles else None
    rows = len(times.values)
    # Some vendors write 0 for "no split".
    split = np.ones(rows) if splits is None else np.where(np.nan_to_num(splits) == 0, 1.0, splits)
    dividend = np.zeros(rows) if dividends is None else np.nan_to_num(dividends)
    is_action = (split != 1) | (dividend != 0)
    if not is_action.any() or "instrument" in roles:
        return None
    return tidy(
        frame.path,
        Series(_instrument(frame.path, options), Kind.ACTIONS, "1d"),
        times.values[is_action],
        {"split": split[is_action], "dividend": dividend[is_action]},
        frame.lines[is_action],
    )
