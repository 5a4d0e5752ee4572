"""How clients spell bar sizes, durations and moments, and what IB calls legal."""

import re
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.timestamp import from_datetime, to_datetime

NEW_YORK = ZoneInfo("America/New_York")
DAY_SECONDS = 86_400

SIZES: dict[str, int] = {
    "1 secs": 1,
    "5 secs": 5,
    "10 secs": 10,
    "15 secs": 15,
    "30 secs": 30,
    "1 min": 60,
    "2 mins": 120,
    "3 mins": 180,
    "5 mins": 300,
    "10 mins": 600,
    "15 mins": 900,
    "20 mins": 1200,
    "30 mins": 1800,
    "1 hour": 3600,
    "2 hours": 7200,
    "3 hours": 10_800,
    "4 hours": 14_400,
    "8 hours": 28_800,
    "1 day": DAY_SECONDS,
    "1W": 7 * DAY_SECONDS,
    "1M": 30 * DAY_SECONDS,
}
"""IB's list of legal sizes, in seconds; weeks and months are calendar ones whatever their value."""

_OTHER_SPELLINGS = {
    "1 sec": "1 secs",
    "1 mins": "1 min",
    "1 hours": "1 hour",
    "1 days": "1 day",
    "1 week": "1W",
    "1 month": "1M",
}
_DURATION = re.compile(r"([0-9]{1,6}) ?([SDWMY])")
_MOMENT = re.compile(r"([0-9]{8})(?:[ -]+([0-9]{2}:[0-9]{2}:[0-9]{2}))?(?: (\S{1,40}))?")

# When the next trading day begins in New York: on Globex at 18:00, of currencies at 17:15.
_DAY_SHIFTS = {
    SecurityType.FUTURE: timedelta(hours=6),
    SecurityType.CURRENCY: timedelta(hours=6, minutes=45),
}


class Span(Enum):
    """What a duration counts."""

    SECONDS = "S"
    DAYS = "D"


class Duration(msgspec.Struct, frozen=True):
    """How far back a request reaches: seconds of trading, or trading days."""

    span: Span
    count: int

    @property
    def seconds(self) -> int:
        """Return the length as if the market never closed."""
        return self.count if self.span is Span.SECONDS else self.count * DAY_SECONDS


def bar_seconds(text: str) -> int | None:
    """Return the seconds of ``5 mins``, ``1 hour``, ``1 day``; None for what IB doesn't make."""
    words = text.strip()
    return SIZES.get(_OTHER_SPELLINGS.get(words, words))


def duration(text: str) -> Duration | None:
    """Return what ``3600 S``, ``2 D``, ``1 W`` mean; None for nonsense.

    A week is five trading days, a month 21, a year 252.
    """
    match = _DURATION.fullmatch(text.strip().upper())
    if match is None or not int(match[1]):
        return None
    count, unit = int(match[1]), match[2]
    if unit == "S":
        return Duration(Span.SECONDS, count)
    return Duration(Span.DAYS, count * {"D": 1, "W": 5, "M": 21, "Y": 252}[unit])


def moment(text: str, now_ns: int) -> int | None:
    """Return the end of a request, ns UTC; None for nonsense.

    Empty is now; a zone may follow; a dash between date and time means UTC.
    """
    if not text.strip():
        return now_ns
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    is_utc = "-" in text and match[3] is None
    try:
        zone = ZoneInfo(match[3]) if match[3] else ZoneInfo("UTC") if is_utc else NEW_YORK
        spelled = f"{match[1]} {match[2] or '23:59:59'}"
        return from_datetime(datetime.strptime(spelled, "%Y%m%d %H:%M:%S").replace(tzinfo=zone))
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        # OSError: the name of a folder of zones, "America", is a key that can't be read.
        return None


def trading_day(instrument: Instrument, moment_ns: int) -> date:
    """Return the day that a moment belongs to: Sunday evening is Monday for a future."""
    local = to_datetime(moment_ns).astimezone(NEW_YORK)
    shift = _DAY_SHIFTS.get(instrument.security_type, timedelta(0))
    return (local + shift).date()


def period(day: date, seconds: int) -> date | tuple[int, int]:
    """Return what a day, week or month bar of `seconds` collects: all days with the same answer."""
    if seconds == SIZES["1W"]:
        return day.isocalendar()[:2]
    return (day.year, day.month) if seconds == SIZES["1M"] else day
