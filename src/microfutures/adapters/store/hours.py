"""The hours against which rows are checked, as arrays of edges."""

from datetime import date, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.adapters.store.moments import Moments
from microfutures.model import catalog
from microfutures.model.holidays import is_business_day
from microfutures.model.instrument import SecurityType
from microfutures.model.sessions import Session
from microfutures.model.timestamp import to_datetime

ONE_DAY = timedelta(days=1)


class Hours(msgspec.Struct, frozen=True):
    """Sessions as ``[open, close)`` in nanoseconds UTC, ascending."""

    opens: Moments
    closes: Moments

    def hold(self, moments: Moments) -> NDArray[np.bool_]:
        """Return which moments lie in a session."""
        place = np.searchsorted(self.opens, moments, side="right") - 1
        return (place >= 0) & (moments < self.closes[np.maximum(place, 0)])


def trading_hours(product: str, first_ns: int, last_ns: int) -> Hours:
    """Return every session, thin hours included, around a stretch of time."""
    first, last = _days(first_ns, last_ns)
    return _hours(catalog.sessions(product, first, last)[0])


def expected_hours(product: str, first_ns: int, last_ns: int) -> Hours:
    """Return the sessions in which bars are expected: of a fund, the regular ones only."""
    first, last = _days(first_ns, last_ns)
    trading, liquid = catalog.sessions(product, first, last)
    return _hours(liquid if is_fund(product) else trading)


def business_days(product: str, first_ns: int, last_ns: int) -> list[date]:
    """Return the days with a close or a settlement, both ends included."""
    exchange = catalog.spec(product).hours.exchange
    day, last = to_datetime(first_ns).date(), to_datetime(last_ns).date()
    days: list[date] = []
    while day <= last:
        if is_business_day(exchange, day):
            days.append(day)
        day += ONE_DAY
    return days


def is_fund(product: str) -> bool:
    """Tell whether a product is a fund."""
    return catalog.spec(product).security_type is SecurityType.STOCK


def _days(first_ns: int, last_ns: int) -> tuple[date, date]:
    return to_datetime(first_ns).date() - ONE_DAY, to_datetime(last_ns).date() + ONE_DAY


def _hours(sessions: tuple[Session, ...]) -> Hours:
    return Hours(
        np.array([session.open_ns for session in sessions], dtype=np.int64),
        np.array([session.close_ns for session in sessions], dtype=np.int64),
    )
