"""When IB's own servers are away, and when its login ends: to be expected, not to be alarmed at.

Source: IBKR, "System Status", server reset times of North America, and the guide of IB Gateway on
its automatic restart: the login lasts a week and is renewed by a person, with the second factor.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from microfutures.model.timestamp import from_datetime, to_datetime
from microfutures.model.trading_hours import NEW_YORK

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6

_ZONE = ZoneInfo(NEW_YORK)


class Outage(msgspec.Struct, frozen=True):
    """A stretch in which the line may be lost without anything being wrong."""

    name: str
    until: time
    """New York."""

    @property
    def sentence(self) -> str:
        """Return what to say beside the loss of the line."""
        return f"expected: {self.name} until {self.until:%H:%M} New York"


_NIGHTLY = Outage("IB's nightly reset", time(1, 45))
_WEEKEND = Outage("IB's weekend maintenance", time(3))
_NIGHTLY_FROM, _WEEKEND_FROM = time(0, 15), time(23)

LOGIN_ENDS = time(1)
"""On Sundays, New York."""


def expected_outage(moment_ns: int) -> Outage | None:
    """Return what may keep the line down at a moment; None when nothing should."""
    local = to_datetime(moment_ns).astimezone(_ZONE)
    day, clock = local.weekday(), local.time()
    if (day == FRIDAY and clock >= _WEEKEND_FROM) or (day == SATURDAY and clock < _WEEKEND.until):
        return _WEEKEND
    return _NIGHTLY if _NIGHTLY_FROM <= clock < _NIGHTLY.until else None


def next_login_end_ns(moment_ns: int) -> int:
    """Return when the weekly login ends next, nanoseconds UTC."""
    local = to_datetime(moment_ns).astimezone(_ZONE)
    days = (SUNDAY - local.weekday()) % 7
    ends = datetime.combine(local.date() + timedelta(days=days), LOGIN_ENDS, tzinfo=_ZONE)
    if ends <= local:
        ends = datetime.combine(ends.date() + timedelta(days=7), LOGIN_ENDS, tzinfo=_ZONE)
    return from_datetime(ends)


def last_login_end_ns(moment_ns: int) -> int:
    """Return when the weekly login ended the last time, nanoseconds UTC."""
    ends = to_datetime(next_login_end_ns(moment_ns)).astimezone(_ZONE)
    return from_datetime(
        datetime.combine(ends.date() - timedelta(days=7), LOGIN_ENDS, tzinfo=_ZONE)
    )
