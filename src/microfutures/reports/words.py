"""Numbers as a reader wants them; a number that doesn't exist is a dash."""

from datetime import datetime
from zoneinfo import ZoneInfo

from microfutures.model.timestamp import to_datetime

NONE = "–"
MINUS = "\N{MINUS SIGN}"
SECONDS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def money(value: float | None, *, sign: bool = False) -> str:
    """Return USD: whole from 10,000 on, with cents below."""
    if value is None:
        return NONE
    digits = 0 if abs(value) >= 10_000 else 2
    return _signed(f"{value:{'+' if sign else ''},.{digits}f}")


def percent(value: float | None, *, sign: bool = False) -> str:
    """Return a share of 1 as percent with two decimals."""
    if value is None:
        return NONE
    return _signed(f"{value * 100:{'+' if sign else ''},.2f}") + " %"


def ratio(value: float | None) -> str:
    """Return a plain number with two decimals."""
    return NONE if value is None else _signed(f"{value:,.2f}")


def span(seconds: float | None) -> str:
    """Return a time span in its largest fitting unit."""
    if seconds is None:
        return NONE
    for length, unit in SECONDS:
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def moment(time_ns: int, zone: str = "UTC") -> str:
    """Return a moment to the minute."""
    return f"{_local(time_ns, zone):%Y-%m-%d %H:%M}"


def day(time_ns: int) -> str:
    """Return the day of a moment, UTC."""
    return f"{to_datetime(time_ns):%Y-%m-%d}"


def _local(time_ns: int, zone: str) -> datetime:
    return to_datetime(time_ns).astimezone(ZoneInfo(zone))


def _signed(text: str) -> str:
    """Return the text with a true minus; a zero has no sign."""
    if not any(digit in text for digit in "123456789"):
        return text.lstrip("+-")
    return text.replace("-", MINUS)
