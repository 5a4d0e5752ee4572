"""Requests for single ticks: past ones (96), and a stream of them (97)."""

from collections.abc import Callable, Sequence

from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.model.sessions import session_at
from microfutures.twsim.contracts.lookup import (
    ContractQuery,
    primary_exchange,
    read_contract,
    routed_exchange,
)
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.contracts import find_one
from microfutures.twsim.history.bar_sizes import moment
from microfutures.twsim.history.tick_tape import BAR_NS, LONGEST_LOOK_NS, SECOND, Trade
from microfutures.twsim.quotes.tick_streams import TICK_TYPES, Stream, size_text
from microfutures.twsim.session import Session
from microfutures.twsim.wire import Field, FieldReader

MAX_TICKS = 1000
"""IB's limit for one request of past ticks."""

MAX_STREAMS = 5
"""Tick-by-tick requests that a client may have at once, IB's default."""

_MIDPOINTS, _QUOTES, _TRADES = 96, 97, 98
_MESSAGES = {"MIDPOINT": _MIDPOINTS, "BID_ASK": _QUOTES, "TRADES": _TRADES}
_PAST_OF = {"Last": "TRADES", "AllLast": "TRADES", "BidAsk": "BID_ASK", "MidPoint": "MIDPOINT"}


def historical_ticks(session: Session, reader: FieldReader) -> None:
    """Send past ticks, at most 1000 and the rest of a second that was begun (96)."""
    request_id, query = reader.integer(), read_contract(reader)
    includes_expired = reader.flag()
    start, end, count = reader.text(), reader.text(), reader.integer()
    what, regular_only, ignores_size = reader.text().upper(), reader.flag(), reader.flag()
    problem = _problem(start, end, count, what)
    if problem:
        session.error(request_id, 10187, wording(10187, detail=problem))
        return
    instrument = _permitted(session, request_id, query, 10187, includes_expired=includes_expired)
    if instrument is None:
        return
    now_ns = session.exchange.clock.now_ns()
    start_ns, end_ns = moment(start, now_ns), moment(end, now_ns)
    if start_ns is None or end_ns is None:
        session.error(request_id, 10314, wording(10314))
        return
    if start:
        ticks = _after(session, instrument, what, start_ns, count)
    else:
        ticks = _before(session, instrument, what, min(end_ns, now_ns), count)
    if regular_only:
        hours = instrument.liquid_hours
        ticks = [tick for tick in ticks if session_at(hours, tick.time_ns) is not None]
    if ignores_size and what == "BID_ASK":
        ticks = _price_changes(ticks)
    session.send(_past_message(request_id, instrument, what, ticks))


def _problem(start: str, end: str, count: int, what: str) -> str:
    """Return why past ticks can't be given; empty when they can."""
    if what not in _MESSAGES:
        return f"What to show can't be '{what}'; legal are BID_ASK, MIDPOINT, TRADES"
    if bool(start.strip()) == bool(end.strip()):
        return "One of start and end must be given, and only one"
    if not 1 <= count <= MAX_TICKS:
        return f"Number of ticks must be from 1 to {MAX_TICKS}, was {count}"
    return ""


def tick_by_tick(session: Session, reader: FieldReader) -> None:
    """Stream trades, quotes or midpoints one by one, past ones first if they are wanted (97)."""
    request_id, query = reader.integer(), read_contract(reader)
    kind, count, ignores_size = reader.text(), reader.integer(), reader.flag()
    streams = session.exchange.tick_streams
    if kind not in TICK_TYPES:
        detail = f"Unknown tick type '{kind}'; legal are {', '.join(TICK_TYPES)}"
        session.error(request_id, 10189, wording(10189, detail=detail))
        return
    if streams.has(session.client_id, request_id):
        session.error(request_id, 322, wording(322, tag="dU", detail="Duplicate ticker id"))
        return
    if streams.count(session.client_id) >= MAX_STREAMS:
        session.error(request_id, 10190, wording(10190))
        return
    instrument = _permitted(session, request_id, query, 10189)
    if instrument is None:
        return
    if count > 0:
        what, now_ns = _PAST_OF[kind], session.exchange.clock.now_ns()
        past = _before(session, instrument, what, now_ns, min(count, MAX_TICKS))
        session.send(_past_message(request_id, instrument, what, past))
    stream = Stream(session, request_id, kind, _venue_name(instrument), ignores_size=ignores_size)
    streams.add(instrument.instrument_id, stream)
    quote = session.exchange.quote(instrument)
    if quote is not None:
        stream.on_quote(quote)


def cancel_tick_by_tick(session: Session, reader: FieldReader) -> None:
    """End a stream of ticks (98); TWS tells only who cancels what is not there."""
    request_id = reader.integer()
    if not session.exchange.tick_streams.remove(session.client_id, request_id):
        session.error(request_id, 300, wording(300, request_id=request_id))


def _permitted(
    session: Session,
    request_id: int,
    query: ContractQuery,
    code: int,
    *,
    includes_expired: bool = False,
) -> Instrument | None:
    """Return the instrument that is meant; tell who has no live data of it."""
    instrument = find_one(session, request_id, query, includes_expired=includes_expired)
    if instrument is None or session.exchange.lines.is_live(instrument):
        return instrument
    where = f"{primary_exchange(instrument) or routed_exchange(instrument)}"
    detail = f"No market data permissions for {where} {instrument.security_type.value}"
    session.error(request_id, code, wording(code, detail=detail))
    return None


def _venue_name(instrument: Instrument) -> str:
    return primary_exchange(instrument) or instrument.exchange


Ticks = Sequence[Trade | Quote]
_Span = Callable[[Instrument, int, int], Ticks]


def _span(session: Session, what: str) -> _Span:
    tape = session.exchange.tape
    return tape.trades if what == "TRADES" else tape.quotes


def _before(session: Session, instrument: Instrument, what: str, end_ns: int, count: int) -> Ticks:
    """Return the last `count` ticks before a moment, and what shares the first one's second."""
    span, reach_ns = _span(session, what), count * BAR_NS
    while True:
        ticks = span(instrument, end_ns - reach_ns, end_ns)
        if len(ticks) >= count or reach_ns >= LONGEST_LOOK_NS:
            break
        reach_ns *= 4
    if len(ticks) <= count:
        return ticks
    first_ns = ticks[-count].time_ns // SECOND * SECOND
    return span(instrument, first_ns, end_ns)


def _after(session: Session, instrument: Instrument, what: str, start_ns: int, count: int) -> Ticks:
    """Return the first `count` ticks since a moment, and what shares the last one's second."""
    now_ns = session.exchange.clock.now_ns()
    span, reach_ns = _span(session, what), count * BAR_NS
    while True:
        ticks = span(instrument, start_ns, min(start_ns + reach_ns, now_ns))
        if len(ticks) >= count or start_ns + reach_ns >= now_ns or reach_ns >= LONGEST_LOOK_NS:
            break
        reach_ns *= 4
    if len(ticks) <= count:
        return ticks
    until_ns = (ticks[count - 1].time_ns // SECOND + 1) * SECOND
    return span(instrument, start_ns, until_ns)


def _price_changes(ticks: Ticks) -> list[Trade | Quote]:
    """Return the quotes whose price differs from the one before."""
    changed: list[Trade | Quote] = []
    before: tuple[float | None, float | None] | None = None
    for tick in ticks:
        prices = (tick.bid, tick.ask) if isinstance(tick, Quote) else (tick.price, tick.price)
        if prices != before:
            changed.append(tick)
        before = prices
    return changed


def _past_message(request_id: int, instrument: Instrument, what: str, ticks: Ticks) -> list[Field]:
    """Return the message of past ticks; its last field says that no more will come."""
    fields: list[Field] = [_MESSAGES[what], request_id, len(ticks)]
    where = _venue_name(instrument)
    for tick in ticks:
        fields += [tick.time_ns // SECOND, 0]
        if isinstance(tick, Trade):
            fields += [tick.price, size_text(tick.size), where, ""]
        elif what == "BID_ASK":
            fields += [tick.bid, tick.ask, size_text(tick.bid_size), size_text(tick.ask_size)]
        else:
            fields += [tick.mid, 0]
    return [*fields, 1]
