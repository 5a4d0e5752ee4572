"""The schedule of past sessions: the answer to a history request for ``SCHEDULE`` (106)."""

from datetime import timedelta

from microfutures.model import catalog
from microfutures.model.instrument import Instrument
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.contracts.details import time_zone
from microfutures.twsim.history.bar_sizes import DAY_SECONDS, Duration, bar_seconds, trading_day
from microfutures.twsim.wire import Field

WHAT = "SCHEDULE"
MIN_VERSION = 165
"""Servers before it know no schedules: an unknown thing to show."""

_PATTERN = "%Y%m%d-%H:%M:%S"


def problem(size: str) -> str:
    """Return why a schedule can't be given with bars of this size; empty when it can."""
    if bar_seconds(size) == DAY_SECONDS:
        return ""
    return f"Incorrect bar size {size} for {WHAT}: only 1 day is allowed"


def schedule_message(
    request_id: int, instrument: Instrument, end_ns: int, span: Duration, *, regular_only: bool
) -> list[Field]:
    """Return the sessions of the last trading days up to a moment, in the exchange's time."""
    last = trading_day(instrument, end_ns)
    wanted = max(1, -(-span.seconds // DAY_SECONDS))
    # Twice the days and two weeks hold enough trading days, whatever holidays lie between.
    first = last - timedelta(days=2 * wanted + 14)
    trading, liquid = catalog.sessions(instrument.symbol, first, last)
    begun = [each for each in (liquid if regular_only else trading) if each.open_ns < end_ns]
    days = sorted({trading_day(instrument, each.open_ns) for each in begun})[-wanted:]
    sessions = [each for each in begun if trading_day(instrument, each.open_ns) in days]
    zone = time_zone(instrument)
    spelled = [
        (exchange_time(each.open_ns, zone, _PATTERN), exchange_time(each.close_ns, zone, _PATTERN))
        for each in sessions
    ]
    ends = (spelled[0][0], spelled[-1][1]) if spelled else ("", "")
    fields: list[Field] = [106, request_id, *ends, zone, len(sessions)]
    for each, (start, end) in zip(sessions, spelled, strict=True):
        fields += [start, end, trading_day(instrument, each.open_ns).strftime("%Y%m%d")]
    return fields
