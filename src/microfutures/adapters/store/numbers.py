"""Columns of numbers as files spell them, and bars that can't be."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from microfutures.adapters.store.errors import PriceError
from microfutures.adapters.store.frames import Frame
from microfutures.adapters.store.series import COLUMNS, REQUIRED, Kind

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NOTHING = ("", "-", "nan", "null", "none", "na", "n/a", "#n/a")
"""Spellings of "there is none", in lower case."""


def read_numbers(frame: Frame, roles: Mapping[str, str], kind: Kind) -> dict[str, Floats]:
    """Return every column of `kind`, NaN where there is none.

    Raises
    ------
    PriceError
        If a field is no number.
    """
    rows = frame.table.num_rows
    return {
        role: read_column(frame, roles[role]) if role in roles else np.full(rows, np.nan)
        for role in COLUMNS[kind]
    }


def read_column(frame: Frame, column: str) -> Floats:
    """Return one column, NaN where there is none; infinite counts as no number."""
    values = frame.table[column].combine_chunks()
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        trimmed = compute.utf8_trim_whitespace(values)
        is_none = compute.is_in(compute.utf8_lower(trimmed), pa.array(_NOTHING, trimmed.type))
        values = compute.if_else(is_none, pa.scalar(None, trimmed.type), trimmed)
    try:
        floats = values.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _no_number(frame, column, values) from error
    numbers: Floats = floats.to_numpy(zero_copy_only=False).astype(np.float64)
    if np.isinf(numbers).any():
        raise _bad(frame, column, int(np.argmax(np.isinf(numbers))))
    return numbers


def faults(columns: Mapping[str, Floats], kind: Kind) -> Mask:
    """Return which rows can't be: no price where one must be, a high below the low or the close."""
    rows = len(next(iter(columns.values())))
    bad = np.zeros(rows, dtype=np.bool_)
    for name in REQUIRED[kind]:
        bad |= np.isnan(columns[name])
    for prefix in ("", "bid_", "ask_"):
        if f"{prefix}open" in columns:
            bad |= _broken_bars(columns, prefix)
    return bad


def _broken_bars(columns: Mapping[str, Floats], prefix: str) -> Mask:
    opened, high, low, close = (
        columns[f"{prefix}{part}"] for part in ("open", "high", "low", "close")
    )
    with np.errstate(invalid="ignore"):
        # Comparisons with NaN are false: a side that is missing altogether is no fault.
        return (low > opened) | (low > close) | (high < opened) | (high < close)


def fault_error(frame: Frame, columns: Mapping[str, Floats], row: int) -> PriceError:
    """Return the error that names a row that can't be, with its numbers."""
    numbers = ", ".join(f"{name} {values[row]:g}" for name, values in columns.items())
    return PriceError(
        frame.path,
        f"these prices can't be: {numbers}",
        "correct the row, or leave such rows out by --skip-bad-rows",
        line=frame.line(row),
    )


def _no_number(frame: Frame, column: str, values: pa.Array) -> PriceError:
    for row, text in enumerate(values.to_pylist()):
        try:
            float(text or 0)
        except (TypeError, ValueError):
            return _bad(frame, column, row)
    return _bad(frame, column, 0)


def _bad(frame: Frame, column: str, row: int) -> PriceError:
    field = frame.table[column][row].as_py()
    return PriceError(
        frame.path,
        f"column {column} must be a number, was {field!r}",
        "correct the row, or name another column by --column",
        line=frame.line(row),
    )
