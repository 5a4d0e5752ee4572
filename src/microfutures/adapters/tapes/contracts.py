"""Which contract month a continuous file holds on which day.

Files of "the front month" seldom say when they changed. The default rule is what data vendors
do with oil: the nearest month, until the session one business day before its last. Whoever knows
better gives the changes.
"""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError
from microfutures.model.expiry import month_code, next_month
from microfutures.model.holidays import Exchange, business_days_before
from microfutures.model.products import Listing
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, from_datetime
from microfutures.model.trading_hours import NEW_YORK

Month = tuple[int, int]
"""Year and month of a contract."""

LEAVE_BUSINESS_DAYS_BEFORE = 1
# 18:00 New York is where the next trading day of Globex begins.
DAY_SHIFT = timedelta(hours=6)


def trading_day(moment_ns: int) -> date:
    """Return the Globex trading day of a moment: from 18:00 New York it is the next day."""
    moment = datetime.fromtimestamp(moment_ns // NANOSECONDS_PER_SECOND, tz=UTC)
    return (moment.astimezone(ZoneInfo(NEW_YORK)) + DAY_SHIFT).date()


def evening_ns(day: date) -> int:
    """Return the moment at which a trading day ends and the next begins."""
    midnight = datetime.combine(day, time(), ZoneInfo(NEW_YORK))
    return from_datetime((midnight + timedelta(days=1) - DAY_SHIFT).astimezone(UTC))


class ContractSchedule:
    """The contract month of one symbol, by trading day.

    Parameters
    ----------
    changes
        First trading day to contract month like ``"202605"``; days before the first follow the
        default rule.
    """

    def __init__(self, symbol: str, changes: Mapping[date, str] | None = None) -> None:
        self._symbol = symbol
        self._changes = sorted((changes or {}).items())
        self._months = [_month(symbol, text) for _, text in self._changes]
        self._known: dict[date, Month] = {}

    def month_on(self, day: date) -> Month:
        """Return the contract month of a trading day."""
        place = bisect_right(self._changes, day, key=lambda change: change[0])
        if place:
            return self._months[place - 1]
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = self._by_rule(day)
        return known

    def _by_rule(self, day: date) -> Month:
        listing = catalog.spec(self._symbol).listing
        if listing is None:
            raise ConfigurationError(f"{self._symbol} is a fund: it has no contract months")
        year, month = day.year, day.month
        while month_code(month) not in listing.months or not _holds(listing, year, month, day):
            year, month = next_month(year, month)
        return year, month


def _holds(listing: Listing, year: int, month: int, day: date) -> bool:
    last = listing.rule(year, month)
    return day < business_days_before(Exchange.CME, last, LEAVE_BUSINESS_DAYS_BEFORE)


def _month(symbol: str, text: str) -> Month:
    digits = text.strip()
    if len(digits) != 6 or not digits.isdigit() or not 1 <= int(digits[4:]) <= 12:
        raise ConfigurationError(
            f"contract change of {symbol}: a month is written like 202605, was {text!r}"
        )
    return int(digits[:4]), int(digits[4:])
