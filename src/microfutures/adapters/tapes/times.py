"""Moments as files spell them: ISO 8601, counts since 1970, plain dates; never a naive guess."""

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.rows import Row
from microfutures.model.errors import InvalidValueError
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, from_datetime

TIME_COLUMNS = ("ts_utc", "time_utc", "timestamp", "ts", "time", "datetime", "date", "ts_ns")

# A count since 1970 is told by its size: seconds stay below 1e11 until the year 5138.
_UNITS = ((1e11, NANOSECONDS_PER_SECOND), (1e14, 1_000_000), (1e17, 1_000), (1e20, 1))

ReadTime = Callable[[Row], int]


def is_plain_date(value: object) -> bool:
    """Tell whether a field is a day without a time."""
    if isinstance(value, datetime):
        return False
    if isinstance(value, date):
        return True
    text = str(value).strip()
    return (len(text) == 10 and text[4:5] == text[7:8] == "-") or (
        len(text) == 8 and text.isdigit()
    )


def read_date(path: Path, row: Row, column: str) -> date:
    """Return the day in a field."""
    value = row.values.get(column)
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise TapeError(
            path,
            f"column {column} must be a date like 2026-03-26, was {value!r}",
            "correct the row",
            line=row.line,
        ) from error


def time_reader(path: Path, column: str, time_zone: str | None) -> ReadTime:
    """Return a function from a row to nanoseconds UTC.

    A moment without an offset is refused unless `time_zone` is given or the column's name ends in
    ``utc``.
    """
    zone: tzinfo | None = UTC if column.endswith("utc") else None
    if time_zone is not None:
        zone = ZoneInfo(time_zone)

    def read(row: Row) -> int:
        value = row.values.get(column)
        try:
            return _to_ns(value, zone)
        except (TypeError, ValueError, InvalidValueError) as error:
            raise TapeError(
                path,
                f"column {column} is no moment with a time zone: {value!r}",
                "write it like 2026-03-26T13:30:00Z or as a count since 1970, "
                "or say which time zone it is in",
                line=row.line,
            ) from error

    return read


def _to_ns(value: object, zone: tzinfo | None) -> int:
    if isinstance(value, datetime):
        moment = value
    else:
        text = str(value).strip()
        count = _as_count(text)
        if count is not None:
            return count
        moment = datetime.fromisoformat(text)
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    return from_datetime(moment)


def _as_count(text: str) -> int | None:
    try:
        count = float(text)
    except ValueError:
        return None
    for limit, nanoseconds in _UNITS:
        if abs(count) < limit:
            # Whole counts stay exact; a float would lose the last digits of nanoseconds.
            if text.lstrip("-").isdigit():
                return int(text) * nanoseconds
            return round(count * nanoseconds)
    raise ValueError(text)
