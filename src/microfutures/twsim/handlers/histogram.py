"""Requests for a histogram: how much was traded at each price (88)."""

import re

from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.twsim.contracts.lookup import read_contract
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.contracts import find_one
from microfutures.twsim.history.bar_sizes import DAY_SECONDS, Duration, Span
from microfutures.twsim.history.bars import Wanted
from microfutures.twsim.quotes.tick_streams import size_text
from microfutures.twsim.session import Session
from microfutures.twsim.turns import Steps
from microfutures.twsim.wire import Field, FieldReader

BAR_SECONDS = 60
"""A minute's volume is counted at its close."""

MAX_DAYS = 60

_PERIOD = re.compile(r"([0-9]{1,4}) ?(second|minute|hour|day|week|month)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_DAYS = {"day": 1, "week": 5, "month": 21}


def histogram(session: Session, reader: FieldReader) -> None:
    """Send the volume at each price of a period like ``3 days`` (88)."""
    request_id, query = reader.integer(), read_contract(reader)
    includes_expired, regular_only = reader.flag(), reader.flag()
    wanted = reader.text()
    span = _span(wanted)
    if span is None:
        detail = f"Invalid time period '{wanted}'; legal is 3 days, 1 week, 12 hours"
        session.error(request_id, 10188, wording(10188, detail=detail))
        return
    instrument = find_one(session, request_id, query, includes_expired=includes_expired)
    if instrument is None:
        return
    now_ns = session.exchange.clock.now_ns()
    wanted_bars = Wanted("TRADES", now_ns, BAR_SECONDS, span, regular_only)
    session.in_turns(_answer(session, request_id, instrument, wanted_bars))


def _answer(
    session: Session, request_id: int, instrument: Instrument, wanted: Wanted
) -> Steps[None]:
    bars = yield from session.exchange.history.steps(instrument, wanted)
    traded = _volumes(instrument, bars)
    fields: list[Field] = [89, request_id, len(traded)]
    for ticks, volume in sorted(traded.items()):
        fields += [instrument.float_price(ticks), size_text(volume)]
    session.send(fields)


def _span(text: str) -> Duration | None:
    match = _PERIOD.fullmatch(text.strip().lower())
    if match is None or not int(match[1]):
        return None
    count, unit = int(match[1]), match[2]
    if unit in _SECONDS:
        return Duration(Span.SECONDS, min(count * _SECONDS[unit], MAX_DAYS * DAY_SECONDS))
    return Duration(Span.DAYS, min(count * _DAYS[unit], MAX_DAYS))


def _volumes(instrument: Instrument, bars: list[Bar]) -> dict[int, float]:
    """Return volume by price in ticks."""
    traded: dict[int, float] = {}
    for bar in bars:
        if bar.volume > 0:
            ticks = instrument.ticks_at_or_below(bar.close)
            traded[ticks] = traded.get(ticks, 0.0) + bar.volume
    return traded
