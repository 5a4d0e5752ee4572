"""Last trading days of futures, as pure functions of the contract month.

Source: the contract specifications of CME Group, one rule a function; crude oil is checked by test
against the exchange's own table from 2003 to 2035.
"""

from collections.abc import Callable
from datetime import date, timedelta

from microfutures.model.errors import InvalidValueError
from microfutures.model.holidays import (
    Exchange,
    business_day_at_or_before,
    business_days_before,
    nth_weekday,
)

ROLL_BUSINESS_DAYS = 7
"""A month is left so long before its last day: IB takes only margin-reducing trades in oil from
five business days before it."""

MONTH_CODES = "FGHJKMNQUVXZ"
WEDNESDAY, FRIDAY = 2, 4

ExpiryRule = Callable[[int, int], date]
"""Year and month of the contract to its last trading day."""


def month_code(month: int) -> str:
    """Return the letter of a month: 1 is ``F``, 12 is ``Z``."""
    return MONTH_CODES[month - 1]


def month_of_code(code: str) -> int:
    """Return the month of a letter; raise `InvalidValueError` for a letter that is none."""
    index = MONTH_CODES.find(code.upper())
    if len(code) != 1 or index < 0:
        raise InvalidValueError(f"a contract month is one of {MONTH_CODES}, was {code!r}")
    return index + 1


def previous_month(year: int, month: int) -> tuple[int, int]:
    """Return the month before."""
    return (year - 1, 12) if month == 1 else (year, month - 1)


def next_month(year: int, month: int) -> tuple[int, int]:
    """Return the month after."""
    return (year + 1, 1) if month == 12 else (year, month + 1)


# Until 2012 the exchange didn't count the Friday after Thanksgiving (nor 2007-12-24) when it set
# these dates. Source: the NYMEX expiry table.
_CRUDE_OIL_EXCEPTIONS = {
    (2005, 12): date(2005, 11, 18),
    (2006, 12): date(2006, 11, 17),
    (2007, 12): date(2007, 11, 16),
    (2008, 1): date(2007, 12, 18),
    (2011, 12): date(2011, 11, 18),
    (2012, 12): date(2012, 11, 16),
}


def crude_oil(year: int, month: int) -> date:
    """Return 3 business days before the 25th of the month before; one more when the 25th is none.

    NYMEX rulebook, chapter 200.
    """
    exception = _CRUDE_OIL_EXCEPTIONS.get((year, month))
    if exception is not None:
        return exception
    reference = date(*previous_month(year, month), 25)
    if business_day_at_or_before(Exchange.CME, reference) == reference:
        return business_days_before(Exchange.CME, reference, 3)
    return business_days_before(Exchange.CME, reference, 4)


def micro_crude_oil(year: int, month: int) -> date:
    """Return one business day before crude oil itself stops (cash settled to it)."""
    return business_days_before(Exchange.CME, crude_oil(year, month), 1)


def natural_gas(year: int, month: int) -> date:
    """Return 3 business days before the first day of the contract month."""
    return business_days_before(Exchange.CME, date(year, month, 1), 3)


def micro_natural_gas(year: int, month: int) -> date:
    """Return one business day before natural gas itself stops (cash settled to it)."""
    return business_days_before(Exchange.CME, natural_gas(year, month), 1)


def third_friday(year: int, month: int) -> date:
    """Return the third Friday of the contract month (equity indices, settled at the open)."""
    return business_day_at_or_before(Exchange.CME, nth_weekday(year, month, FRIDAY, 3))


def third_last_business_day(year: int, month: int) -> date:
    """Return the third last business day of the contract month (gold, silver, copper)."""
    return business_days_before(Exchange.CME, date(*next_month(year, month), 1), 3)


def third_last_business_day_of_prior_month(year: int, month: int) -> date:
    """Return the third last business day of the month before (micro copper, cash settled)."""
    return business_days_before(Exchange.CME, date(year, month, 1), 3)


def two_days_before_third_wednesday(year: int, month: int) -> date:
    """Return 2 business days before the third Wednesday (currencies)."""
    return business_days_before(Exchange.CME, nth_weekday(year, month, WEDNESDAY, 3), 2)


def one_day_before_third_wednesday(year: int, month: int) -> date:
    """Return 1 business day before the third Wednesday (the Canadian dollar)."""
    return business_days_before(Exchange.CME, nth_weekday(year, month, WEDNESDAY, 3), 1)


def last_friday(year: int, month: int) -> date:
    """Return the last Friday of the contract month (bitcoin, ether)."""
    return business_day_at_or_before(Exchange.CME, nth_weekday(year, month, FRIDAY, -1))


def last_business_day(year: int, month: int) -> date:
    """Return the last business day of the contract month (micro treasury yields)."""
    end = date(*next_month(year, month), 1) - timedelta(days=1)
    return business_day_at_or_before(Exchange.CME, end)
