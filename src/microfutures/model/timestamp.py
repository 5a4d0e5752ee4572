"""Moments as whole nanoseconds since 1970-01-01 UTC; aware datetimes only at the edges."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NewType
from zoneinfo import ZoneInfo

from microfutures.model.errors import InvalidValueError

Nanoseconds = NewType("Nanoseconds", int)

NANOSECONDS_PER_SECOND = 1_000_000_000


def from_datetime(moment: datetime) -> Nanoseconds:
    """Return `moment` as nanoseconds UTC; refuse a naive datetime."""
    if moment.tzinfo is None:
        raise InvalidValueError(f"a moment needs a time zone, was {moment!r}")
    whole = int(moment.timestamp() // 1)
    return Nanoseconds(whole * NANOSECONDS_PER_SECOND + moment.microsecond * 1_000)


def to_datetime(moment_ns: int) -> datetime:
    """Return the aware UTC datetime of `moment_ns`, cut to microseconds."""
    seconds, rest = divmod(moment_ns, NANOSECONDS_PER_SECOND)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest // 1_000)


def to_iso(moment_ns: int) -> str:
    """Return ISO 8601 with milliseconds and ``Z``: ``2026-03-26T13:30:00.000Z``."""
    return to_datetime(moment_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(count: float) -> Nanoseconds:
    """Return `count` seconds as nanoseconds."""
    return Nanoseconds(round(count * NANOSECONDS_PER_SECOND))


def next_beat(due_ns: int, now_ns: int, step_ns: int) -> int:
    """Return the first moment after now on the beat of `due_ns`; 0 begins a beat with now."""
    if due_ns == 0:
        return now_ns + step_ns
    if due_ns <= now_ns < due_ns + step_ns:
        return due_ns + step_ns
    return due_ns + max(0, (now_ns - due_ns) // step_ns + 1) * step_ns


@lru_cache(maxsize=4096)  # hours and executions are spelled again and again
def exchange_time(moment_ns: int, zone: str = "America/New_York", pattern: str = "%H:%M") -> str:
    """Return `moment_ns`, cut to seconds, as people at the exchange would write it."""
    seconds = moment_ns // NANOSECONDS_PER_SECOND
    return datetime.fromtimestamp(seconds, tz=ZoneInfo(zone)).strftime(pattern)
