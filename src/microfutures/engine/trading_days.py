"""When a new trading day begins: at 18:00 New York of the day before."""

from decimal import Decimal

import msgspec

from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, exchange_time

HOUR_NS = 3_600 * NANOSECONDS_PER_SECOND
STARTS_HOURS_EARLY = 6


class DayStarted(msgspec.Struct, frozen=True):
    """A trading day began; its loss counts from this net result, USD."""

    day: str
    net: Decimal


class TradingDays:
    """Notices a new day; days begin at full hours of UTC, in summer and in winter."""

    def __init__(self) -> None:
        self._hour = -1
        self.next_ns = 0
        """When another day may have begun; before that, and without a clock that went back, none.
        """
        self.day = ""
        """The trading day of the latest moment, like 2026-09-08."""

    def is_new(self, time_ns: int) -> bool:
        """Tell whether `time_ns` lies in another day than the moment before."""
        hour = time_ns // HOUR_NS
        if hour == self._hour:
            return False
        self._hour, self.next_ns = hour, (hour + 1) * HOUR_NS
        before = self.day
        self.day = exchange_time(time_ns + STARTS_HOURS_EARLY * HOUR_NS, pattern="%Y-%m-%d")
        return self.day != before
