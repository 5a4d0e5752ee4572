"""United States exchange holidays as rules, so that no table of dates has to be kept up.

Sources: NYSE Rule 7.2 and its published holiday calendars; CME Group's Globex holiday schedules;
checked by test against the settlement days of crude oil, 2007 to 2025. Not here: what a broker
reports when connected, which always wins.
"""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


class Exchange(StrEnum):
    """Who decides whether a day is a business day."""

    NYSE = "NYSE"
    CME = "CME"


class Day(StrEnum):
    """What an exchange does on a date."""

    REGULAR = "regular"
    EARLY_CLOSE = "early_close"
    CLOSED = "closed"


# NYSE: mourning and weather; the electronic CME markets traded. Source: NYSE holiday history.
_EXCEPTIONAL_NYSE_CLOSINGS = frozenset(
    {
        date(2004, 6, 11),
        date(2007, 1, 2),
        date(2012, 10, 29),
        date(2012, 10, 30),
        date(2018, 12, 5),
        date(2025, 1, 9),
    }
)


def easter(year: int) -> date:
    """Return Easter Sunday (the anonymous Gregorian algorithm, Meeus 1991)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon = (19 * golden + century - leap_centuries - (8 * century + 13) // 25 + 15) % 30
    leap_years, year_rest = divmod(rest, 4)
    weekday = (32 + 2 * century_rest + 2 * leap_years - moon - year_rest) % 7
    correction = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the `nth` `weekday` of a month; ``nth=-1`` means the last."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def observed(day: date) -> date:
    """Return the weekday on which a holiday that falls on `day` is kept."""
    if day.weekday() == SATURDAY:
        return day - timedelta(days=1)
    if day.weekday() == SUNDAY:
        return day + timedelta(days=1)
    return day


def _new_year(year: int) -> date:
    first = date(year, 1, 1)
    # A New Year's Day on a Saturday isn't moved to the old year: the books of December close open.
    return first if first.weekday() == SATURDAY else observed(first)


# One row a holiday: name, first year kept, the day in a year.
_HOLIDAYS: tuple[tuple[str, int, Callable[[int], date]], ...] = (
    ("New Year's Day", 0, _new_year),
    ("Martin Luther King Day", 1998, lambda year: nth_weekday(year, 1, MONDAY, 3)),
    ("Presidents' Day", 0, lambda year: nth_weekday(year, 2, MONDAY, 3)),
    ("Good Friday", 0, lambda year: easter(year) - timedelta(days=2)),
    ("Memorial Day", 0, lambda year: nth_weekday(year, 5, MONDAY, -1)),
    ("Juneteenth", 2022, lambda year: observed(date(year, 6, 19))),
    ("Independence Day", 0, lambda year: observed(date(year, 7, 4))),
    ("Labor Day", 0, lambda year: nth_weekday(year, 9, MONDAY, 1)),
    ("Thanksgiving", 0, lambda year: nth_weekday(year, 11, THURSDAY, 4)),
    ("Christmas", 0, lambda year: observed(date(year, 12, 25))),
)

# On the other holidays Globex opens, and halts around midday.
_CME_CLOSED = frozenset({"New Year's Day", "Good Friday", "Christmas"})


@lru_cache(maxsize=256)
def holidays(year: int) -> dict[date, str]:
    """Return the holidays kept in `year`, by date."""
    return {day_in(year): name for name, since, day_in in _HOLIDAYS if year >= since}


@lru_cache(maxsize=256)
def half_days(year: int) -> frozenset[date]:
    """Return the days before or after a holiday on which exchanges close early."""
    after_thanksgiving = nth_weekday(year, 11, THURSDAY, 4) + timedelta(days=1)
    # July 3 and December 24 count when both they and the holiday itself are weekdays.
    eves = (date(year, 7, 3), date(year, 12, 24))
    return frozenset({after_thanksgiving} | {eve for eve in eves if eve.weekday() <= THURSDAY})


def day_kind(exchange: Exchange, day: date) -> Day:
    """Tell what `exchange` does on `day`; weekends are closed."""
    if day.weekday() >= SATURDAY:
        return Day.CLOSED
    if exchange is Exchange.NYSE and day in _EXCEPTIONAL_NYSE_CLOSINGS:
        return Day.CLOSED
    name = holidays(day.year).get(day)
    if name is not None:
        is_closed = exchange is Exchange.NYSE or name in _CME_CLOSED
        return Day.CLOSED if is_closed else Day.EARLY_CLOSE
    return Day.EARLY_CLOSE if day in half_days(day.year) else Day.REGULAR


def is_business_day(exchange: Exchange, day: date) -> bool:
    """Tell whether `day` counts in an expiry rule: no weekend, no holiday, halted ones included."""
    if day.weekday() >= SATURDAY or day in holidays(day.year):
        return False
    return day_kind(exchange, day) is not Day.CLOSED


def business_days_before(exchange: Exchange, day: date, count: int) -> date:
    """Return the business day `count` business days before `day`."""
    while count > 0:
        day -= timedelta(days=1)
        if is_business_day(exchange, day):
            count -= 1
    return day


def business_day_at_or_before(exchange: Exchange, day: date) -> date:
    """Return `day`, or the last business day before it."""
    while not is_business_day(exchange, day):
        day -= timedelta(days=1)
    return day
