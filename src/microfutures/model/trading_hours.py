"""Trading hours as templates in exchange time, turned into sessions in nanoseconds UTC.

Not here: the hours a broker reports when connected, which always win.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from microfutures.model.holidays import Day, Exchange, day_kind, half_days
from microfutures.model.sessions import Session

ONE_DAY = timedelta(days=1)


class SessionTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """The hours of a family of products, in the time of ``time_zone``.

    The session of a day opens at ``opens`` of that day, or of the day before when
    ``opens_day_before``, the liquid hours likewise. On the holidays on which an exchange opens at
    all it halts at the early close; days beside a holiday (`holidays.half_days`) end there too,
    unless they have a time of their own, for trading and liquid hours alike.
    """

    name: str
    exchange: Exchange
    time_zone: str
    opens: time
    closes: time
    opens_day_before: bool
    liquid_opens: time
    liquid_closes: time
    early_close: time
    early_liquid_close: time
    source: str
    liquid_opens_day_before: bool = False
    half_day_close: time | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Return the exchange's time zone."""
        return ZoneInfo(self.time_zone)


NEW_YORK = "America/New_York"
CHICAGO = "America/Chicago"

# One row a family. Halts on holidays: 12:00 Chicago for indices, rates and currencies, 13:30 for
# energy and metals. Half days end at 12:15 and 12:45 Chicago (CME holiday calendar, day after
# Thanksgiving). Liquid hours follow the contract details that IB reports (ES of May 2025,
# stocks of 2019 and 2022).
GLOBEX_INDEX = SessionTemplate(
    name="globex_index",
    exchange=Exchange.CME,
    time_zone=CHICAGO,
    opens=time(17),
    closes=time(16),
    opens_day_before=True,
    liquid_opens=time(8, 30),
    liquid_closes=time(16),
    early_close=time(12),
    early_liquid_close=time(12),
    half_day_close=time(12, 15),
    source="IB contract details of ES; CME Globex hours and holiday schedule",
)
GLOBEX_ENERGY = SessionTemplate(
    name="globex_energy",
    exchange=Exchange.CME,
    time_zone=NEW_YORK,
    opens=time(18),
    closes=time(17),
    opens_day_before=True,
    liquid_opens=time(9, 30),
    liquid_closes=time(17),
    early_close=time(14, 30),
    early_liquid_close=time(14, 30),
    half_day_close=time(13, 45),
    source="CME Globex hours and holiday schedule of energy and metals",
)
GLOBEX_FINANCIAL = SessionTemplate(
    name="globex_financial",
    exchange=Exchange.CME,
    time_zone=CHICAGO,
    opens=time(17),
    closes=time(16),
    opens_day_before=True,
    liquid_opens=time(7, 20),
    liquid_closes=time(14),
    early_close=time(12),
    early_liquid_close=time(12),
    half_day_close=time(12, 15),
    source="CME Globex hours of currencies, yields and crypto; pit hours as the liquid ones",
)
US_STOCKS = SessionTemplate(
    name="us_stocks",
    exchange=Exchange.NYSE,
    time_zone=NEW_YORK,
    opens=time(4),
    closes=time(20),
    opens_day_before=False,
    liquid_opens=time(9, 30),
    liquid_closes=time(16),
    early_close=time(17),
    early_liquid_close=time(13),
    source="IB contract details of US stocks; NYSE hours",
)

CURRENCIES = SessionTemplate(
    name="currencies",
    exchange=Exchange.CME,
    time_zone=NEW_YORK,
    opens=time(17, 15),
    closes=time(17),
    opens_day_before=True,
    liquid_opens=time(17, 15),
    liquid_closes=time(17),
    early_close=time(17),
    early_liquid_close=time(17),
    source="IB contract details of EUR.USD",
    liquid_opens_day_before=True,
)
US_INDICES = SessionTemplate(
    name="us_indices",
    exchange=Exchange.NYSE,
    time_zone=NEW_YORK,
    opens=time(9, 30),
    closes=time(16),
    opens_day_before=False,
    liquid_opens=time(9, 30),
    liquid_closes=time(16),
    early_close=time(13),
    early_liquid_close=time(13),
    source="NYSE hours: an index moves while its shares trade",
)


@lru_cache(maxsize=256)
def sessions_between(
    template: SessionTemplate, first_day: date, last_day: date
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """Return trading and liquid sessions of the trading days from `first_day` to `last_day`.

    A trading day is the day a session closes: Monday's Globex session opens on Sunday.
    """
    trading: list[Session] = []
    liquid: list[Session] = []
    day = first_day
    while day <= last_day:
        of_day = _sessions_of_day(template, day)
        if of_day is not None:
            trading.append(of_day[0])
            liquid.append(of_day[1])
        day += ONE_DAY
    return tuple(trading), tuple(liquid)


@lru_cache(maxsize=4096)
def _sessions_of_day(template: SessionTemplate, day: date) -> tuple[Session, Session] | None:
    kind = day_kind(template.exchange, day)
    if kind is Day.CLOSED:
        return None
    open_day = day - ONE_DAY if template.opens_day_before else day
    liquid_day = day - ONE_DAY if template.liquid_opens_day_before else day
    close, liquid_close = template.closes, template.liquid_closes
    if template.half_day_close is not None and day in half_days(day.year):
        close = liquid_close = template.half_day_close
    elif kind is Day.EARLY_CLOSE:
        close, liquid_close = template.early_close, template.early_liquid_close
    zone = template.zone
    return (
        Session(_at(open_day, template.opens, zone), _at(day, close, zone)),
        Session(_at(liquid_day, template.liquid_opens, zone), _at(day, liquid_close, zone)),
    )


def _at(day: date, moment: time, zone: ZoneInfo) -> int:
    local = datetime.combine(day, moment, tzinfo=zone)
    return int(local.astimezone(UTC).timestamp()) * 1_000_000_000


def moment_ns(day: date, moment: time, time_zone: str) -> int:
    """Return the nanoseconds UTC of a local `moment` on `day`."""
    return _at(day, moment, ZoneInfo(time_zone))


def local_date(moment: int, time_zone: str) -> date:
    """Return the calendar date of `moment` (nanoseconds UTC) in `time_zone`."""
    return datetime.fromtimestamp(moment // 1_000_000_000, tz=ZoneInfo(time_zone)).date()


def midnight_before(moment: int, time_zone: str = NEW_YORK) -> int:
    """Return when the calendar day of `moment` began in `time_zone`, nanoseconds UTC."""
    return moment_ns(local_date(moment, time_zone), time(0), time_zone)
