"""Rows in order and once: what was out of order or repeated is repaired and said."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from microfutures.adapters.store.errors import ConflictError, MomentError
from microfutures.adapters.store.moments import Moments
from microfutures.adapters.store.numbers import Floats
from microfutures.adapters.store.series import COLUMNS, TIME, Kind, Series

MOMENT = pa.timestamp("ns", "UTC")


class Part(msgspec.Struct, frozen=True):
    """One series of an import, in order, each moment once; ``repairs`` says what was mended."""

    series: Series
    table: pa.Table
    repairs: tuple[str, ...]


def schema(kind: Kind) -> pa.Schema:
    """Return the columns of a kind as they stand on disk."""
    fields = [pa.field(TIME, MOMENT, nullable=False)]
    return pa.schema([*fields, *(pa.field(name, pa.float64()) for name in COLUMNS[kind])])


def to_table(kind: Kind, moments: Moments, columns: Mapping[str, Floats]) -> pa.Table:
    """Return the table of a kind; NaN becomes null."""
    arrays = [pa.array(moments, pa.int64()).cast(MOMENT)]
    arrays += [pa.array(columns[name], pa.float64(), from_pandas=True) for name in COLUMNS[kind]]
    return pa.Table.from_arrays(arrays, schema=schema(kind))


def tidy(
    path: Path,
    series: Series,
    moments: Moments,
    columns: Mapping[str, Floats],
    lines: NDArray[np.int64],
) -> Part:
    """Return the rows in order and once.

    Raises
    ------
    ConflictError
        If two different rows have one moment; quotes may share one.
    """
    repairs: list[str] = []
    late = int(np.count_nonzero(moments < np.maximum.accumulate(moments)))
    if late:
        repairs.append(f"sorted {late} rows that were out of order")
    order = np.argsort(moments, kind="stable")
    moments, lines = moments[order], lines[order]
    columns = {name: values[order] for name, values in columns.items()}
    if series.kind is not Kind.QUOTES:
        is_same_moment = np.diff(moments) == 0
        is_repeat = is_same_moment & _same_as_before(columns)
        if (is_same_moment & ~is_repeat).any():
            raise _conflict(path, moments, lines, int(np.argmax(is_same_moment & ~is_repeat)))
        if is_repeat.any():
            repairs.append(f"dropped {np.count_nonzero(is_repeat)} rows that were there twice")
            kept = np.concatenate(([True], ~is_repeat))
            moments = moments[kept]
            columns = {name: values[kept] for name, values in columns.items()}
    return Part(series, to_table(series.kind, moments, columns), tuple(repairs))


def _same_as_before(columns: Mapping[str, Floats]) -> NDArray[np.bool_]:
    same = np.ones(len(next(iter(columns.values()))) - 1, dtype=np.bool_)
    for values in columns.values():
        same &= (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    return same


def _conflict(path: Path, moments: Moments, lines: NDArray[np.int64], place: int) -> ConflictError:
    moment = np.datetime64(int(moments[place]), "ns").astype("datetime64[s]")
    return ConflictError(
        path,
        f"two different rows for {moment} UTC; the other is line {lines[place]}",
        "keep one of them",
        line=int(lines[place + 1]),
    )


def guess_seconds(path: Path, moments: Moments) -> int:
    """Return the commonest distance of two rows, seconds.

    Raises
    ------
    MomentError
        If there is but one row, or the commonest distance is no whole second.
    """
    distances = np.diff(np.unique(moments))
    if len(distances) == 0:
        raise MomentError(
            path, "one moment doesn't tell how long a bar is", "say it by --resolution 1m"
        )
    values, counts = np.unique(distances, return_counts=True)
    commonest = int(values[np.argmax(counts)])
    if commonest % 1_000_000_000:
        raise MomentError(
            path, f"bars of {commonest / 1e9:g} s are none", "say the length by --resolution 1s"
        )
    return commonest // 1_000_000_000
