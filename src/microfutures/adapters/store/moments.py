"""Moments as files spell them, a whole column at once; never a naive guess.

A column is of one spelling from the first row to the last. A file that changes its mind in the
middle (offsets in some rows, seconds and then milliseconds) is refused with the row.
"""

import re

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from microfutures.adapters.store.errors import MomentError, TimeZoneError
from microfutures.adapters.store.frames import Frame
from microfutures.adapters.tapes.errors import TapeError

Moments = NDArray[np.int64]

_ISO = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_OFFSET = r"\s?(Z|[+-]\d{2}(:?\d{2})?)"

# One row a spelling: its name, and what each field must look like.
_SPELLINGS = {
    "days": r"^(\d{4}-\d{2}-\d{2}|\d{8})$",
    "counts since 1970": r"^-?\d+(\.\d+)?$",
    "moments with an offset": f"^{_ISO}{_OFFSET}$",
    "moments without a zone": f"^{_ISO}$",
}

# A count since 1970 is told by its size: seconds stay below 1e11 until the year 5138.
_UNITS = ((1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1_000), (1e20, 1))

EARLIEST = "1980-01-01"
"""Before it, a moment is thought to be a mistake."""


class Times(msgspec.Struct, frozen=True):
    """A column of moments: nanoseconds UTC, and in words how it was read."""

    values: Moments
    is_daily: bool
    spelled: str


class TimeOptions(msgspec.Struct, frozen=True):
    """What the user says about the time column."""

    time_zone: str | None = None
    pattern: str | None = None
    """In the words of ``strptime``."""
    now_ns: int | None = None
    """No row may lie after it."""


def read_times(frame: Frame, column: str, clock: str | None, options: TimeOptions) -> Times:
    """Return the moments of a column, or of a column of days and one of times of day.

    Raises
    ------
    TimeZoneError
        If the moments have no zone, or only some have.
    MomentError
        If a field is no moment or can't be one.
    """
    values = frame.table[column].combine_chunks()
    _refuse_null(frame, column, values, "moment")
    if clock is not None:
        values = _joined(values, frame.table[clock].combine_chunks())
    times = _read(frame, column, values, options)
    _check_range(frame, column, times.values, options.now_ns)
    return times


def _read(frame: Frame, column: str, values: pa.Array, options: TimeOptions) -> Times:
    if pa.types.is_date(values.type):
        return Times(_as_ns(values.cast(pa.timestamp("ns"))), is_daily=True, spelled="days")
    if pa.types.is_timestamp(values.type):
        if values.type.tz is not None:
            return Times(_as_ns(values), is_daily=False, spelled=f"moments ({values.type.tz})")
        return _local(frame, column, values.cast(pa.timestamp("ns")), options)
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return _counts(frame, column, values.cast(pa.string()))
    return _text(frame, column, values, options)


def _text(frame: Frame, column: str, values: pa.Array, options: TimeOptions) -> Times:
    if options.pattern is not None:
        return _by_pattern(frame, column, values, options)
    trimmed = compute.utf8_trim_whitespace(values)
    spelled = _spelling(frame, column, trimmed)
    if spelled == "counts since 1970":
        return _counts(frame, column, trimmed)
    if spelled == "days":
        plain = compute.replace_substring(trimmed, "-", "")
        days = compute.strptime(plain, format="%Y%m%d", unit="ns", error_is_null=True)
        _refuse_null(frame, column, days, "day")
        return Times(_as_ns(days), is_daily=True, spelled=spelled)
    if spelled == "moments with an offset":
        tight = compute.replace_substring(compute.utf8_slice_codeunits(trimmed, 11), " ", "")
        whole = compute.binary_join_element_wise(
            compute.utf8_slice_codeunits(trimmed, 0, 11), tight, ""
        )
        return Times(_cast(frame, column, whole, "UTC"), is_daily=False, spelled=spelled)
    naive = pa.array(_cast(frame, column, trimmed, None), pa.timestamp("ns"))
    return _local(frame, column, naive, options)


def _spelling(frame: Frame, column: str, values: pa.Array) -> str:
    """Return the one spelling of all rows."""
    first = str(values[0])
    for name, pattern in _SPELLINGS.items():
        if re.match(pattern, first) is None:
            continue
        fits = compute.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
        if fits.all():
            return name
        row = int(np.argmin(fits))
        raise _mixed(frame, column, name, str(values[row]), row)
    raise MomentError(
        frame.path,
        f"column {column} is no moment: {first!r}",
        "write it like 2026-03-26T13:30:00Z, or say how by --time-format '%m/%d/%Y %H:%M'",
        line=frame.line(0),
    )


def _mixed(frame: Frame, column: str, spelled: str, field: str, row: int) -> TapeError:
    zoned = "moments with an offset"
    others = [name for name, pattern in _SPELLINGS.items() if re.match(pattern, field)]
    line = frame.line(row)
    if others and zoned in (spelled, others[0]):
        return TimeZoneError(
            frame.path,
            f"column {column} holds {spelled} and then {others[0]}: {field!r}",
            "write every moment with its offset",
            line=line,
        )
    return MomentError(
        frame.path,
        f"column {column} holds {spelled} and then {field!r}",
        "correct the row, or copy the file anew",
        line=line,
    )


def _by_pattern(frame: Frame, column: str, values: pa.Array, options: TimeOptions) -> Times:
    pattern = str(options.pattern)
    parsed = compute.strptime(values, format=pattern, unit="ns", error_is_null=True)
    _refuse_null(frame, column, parsed, f"moment like {pattern}")
    if not any(mark in pattern for mark in ("%H", "%I", "%T", "%R", "%s")):
        return Times(_as_ns(parsed), is_daily=True, spelled="days")
    return _local(frame, column, parsed, options)


def _counts(frame: Frame, column: str, values: pa.Array) -> Times:
    sizes = np.abs(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
    scales = np.select([sizes < limit for limit, _ in _UNITS], [unit for _, unit in _UNITS], 0)
    unit = int(scales[0])
    if not unit or (scales != unit).any():
        row = int(np.argmax(scales != unit)) if unit else 0
        raise MomentError(
            frame.path,
            f"column {column} counts in two units: {values[0]} and {values[row]}",
            "write every moment in one unit",
            line=frame.line(row),
        )
    if compute.any(compute.match_substring(values, ".")).as_py():
        moments = np.rint(values.cast(pa.float64()).to_numpy() * unit).astype(np.int64)
    else:
        # Whole counts stay exact; a float would lose the last digits of nanoseconds.
        moments = values.cast(pa.int64()).to_numpy(zero_copy_only=False) * np.int64(unit)
    return Times(moments, is_daily=False, spelled="counts since 1970, UTC")


def _local(frame: Frame, column: str, naive: pa.Array, options: TimeOptions) -> Times:
    says_utc = "utc" in column or "gmt" in column
    zone = options.time_zone or ("UTC" if says_utc else None)
    if zone is None:
        raise TimeZoneError(
            frame.path,
            f"column {column} doesn't say its time zone",
            "say it: --time-zone America/New_York (or UTC)",
        )
    try:
        aware = compute.assume_timezone(naive, zone, ambiguous="raise", nonexistent="raise")
    except (pa.ArrowInvalid, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise TimeZoneError(
            frame.path, f"column {column} can't be in {zone}: {reason}", "name the right zone"
        ) from error
    return Times(_as_ns(aware), is_daily=False, spelled=f"moments in {zone}")


def _cast(frame: Frame, column: str, values: pa.Array, zone: str | None) -> Moments:
    kind = pa.timestamp("ns", zone) if zone else pa.timestamp("ns")
    try:
        return _as_ns(values.cast(kind))
    except pa.ArrowInvalid as error:
        for row, text in enumerate(values.to_pylist()):
            try:
                pa.scalar(text).cast(kind)
            except pa.ArrowInvalid:
                raise MomentError(
                    frame.path,
                    f"column {column} is no moment: {text!r}",
                    "correct the row",
                    line=frame.line(row),
                ) from error
        raise


def _joined(days: pa.Array, clocks: pa.Array) -> pa.Array:
    """Return days and times of day as one column of text."""
    plain = compute.utf8_trim_whitespace(days.cast(pa.string()))
    dashed = compute.replace_substring_regex(plain, r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3")
    clock = compute.utf8_trim_whitespace(clocks.cast(pa.string()))
    return compute.binary_join_element_wise(dashed, clock, " ")


def _refuse_null(frame: Frame, column: str, parsed: pa.Array, what: str) -> None:
    if parsed.null_count == 0:
        return
    row = int(np.argmax(parsed.is_null().to_numpy(zero_copy_only=False)))
    field = frame.table[column][row].as_py()
    raise MomentError(
        frame.path,
        f"column {column} is no {what}: {field!r}",
        "correct the row",
        line=frame.line(row),
    )


def _check_range(frame: Frame, column: str, moments: Moments, now_ns: int | None) -> None:
    earliest = int(np.datetime64(EARLIEST, "ns").astype(np.int64))
    latest = now_ns if now_ns is not None else np.iinfo(np.int64).max
    strange = (moments < earliest) | (moments > latest)
    if not strange.any():
        return
    row = int(np.argmax(strange))
    moment = np.datetime64(int(moments[row]), "ns").astype("datetime64[s]")
    when = "before " + EARLIEST if moments[row] < earliest else "in the future"
    raise MomentError(
        frame.path,
        f"column {column} is {moment} UTC, {when}",
        "check unit and time zone of the file",
        line=frame.line(row),
    )


def _as_ns(values: pa.Array) -> Moments:
    fine = values.cast(pa.timestamp("ns", values.type.tz))
    moments: Moments = fine.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return moments
