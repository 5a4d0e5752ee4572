"""Requests about contracts and the market: definitions, quotes, bars."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.timestamp import exchange_time, from_datetime
from microfutures.twsim.contracts import (
    ContractQuery,
    details_message,
    find,
    market_rule_id,
    primary_exchange,
    read_contract,
    routed_exchange,
)
from microfutures.twsim.errors import wording
from microfutures.twsim.quotes import Line, opening_ticks, ticks
from microfutures.twsim.session import Session
from microfutures.twsim.wire import Field, FieldReader

SECOND = 1_000_000_000
MAX_BARS = 20_000

_UNITS = {"S": 1, "D": 86_400, "W": 7 * 86_400, "M": 30 * 86_400, "Y": 365 * 86_400}
_BAR_UNITS = {"sec": 1, "min": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}
_WHAT = ("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST")


def contract_details(session: Session, reader: FieldReader) -> None:
    """Describe every contract that fits (9)."""
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    if query.security_type == "BAG":
        detail = "Contract details of a combo can't be requested."
        session.error(request_id, 321, wording(321, tag="bV", detail=detail))
        return
    found = find(session.exchange.instruments, query)
    if not found:
        session.error(request_id, 200, wording(200))
        return
    for instrument in found:
        exchange = query.exchange or routed_exchange(instrument)
        session.send(
            details_message(
                session.version,
                request_id,
                instrument,
                exchange=exchange,
                now_ns=session.exchange.clock.now_ns(),
            )
        )
    session.send([52, 1, request_id])


def matching_symbols(session: Session, reader: FieldReader) -> None:
    """Find products whose symbol or name begins like the pattern (81)."""
    request_id, pattern = reader.integer(), reader.text().upper()
    found: dict[str, Instrument] = {}
    for instrument in session.exchange.instruments:
        if instrument.symbol.startswith(pattern) or pattern in instrument.description.upper():
            found.setdefault(instrument.symbol, instrument)
    fields: list[Field] = [79, request_id, len(found)]
    for instrument in found.values():
        where = primary_exchange(instrument) or instrument.exchange
        fields += [instrument.con_id, instrument.symbol, instrument.security_type.value, where]
        fields += [instrument.currency, 0]
        if session.version >= 176:
            fields += [instrument.description, ""]
    session.send(fields)


def market_rule(session: Session, reader: FieldReader) -> None:
    """Tell a price increment rule (91)."""
    rule_id = reader.integer()
    for instrument in session.exchange.instruments:
        if market_rule_id(instrument) == rule_id:
            session.send([93, rule_id, 1, 0, format(instrument.tick_size.normalize(), "f")])
            return
    session.error(-1, 321, wording(321, tag="bM", detail=f"Unknown market rule {rule_id}."))


def market_data(session: Session, reader: FieldReader) -> None:
    """Stream quotes, or send one snapshot (1)."""
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    if query.security_type == "BAG":
        reader.skip(4 * reader.integer())
    if reader.flag():
        reader.skip(3)
    reader.skip(1)  # generic ticks: accepted, none are made
    is_snapshot = reader.flag()
    instrument = _one(session, request_id, query)
    if instrument is None:
        return
    line = Line(request_id, instrument)
    for message in opening_ticks(line, 1):
        session.send(message)
    quote = session.exchange.venue.quote(instrument.instrument_id)
    if quote is not None:
        for message in ticks(line, quote):
            session.send(message)
    if is_snapshot:
        session.send([57, 1, request_id])
    else:
        session.exchange.lines.add(session.client_id, line)


def cancel_market_data(session: Session, reader: FieldReader) -> None:
    """End a stream (2)."""
    reader.skip(1)
    request_id = reader.integer()
    if not session.exchange.lines.remove(session.client_id, request_id):
        session.error(request_id, 300, wording(300, request_id=request_id))


def market_data_type(session: Session, reader: FieldReader) -> None:
    """Choose live, frozen or delayed data (59); here all of it is live."""
    reader.skip(1)
    session.market_data_type = reader.integer()


def historical_data(session: Session, reader: FieldReader) -> None:
    """Send past bars (20)."""
    request_id, query = reader.integer(), read_contract(reader)
    reader.skip(1)
    end, size, duration = reader.text(), reader.text(), reader.text()
    regular_only, what, date_format = reader.flag(), reader.text(), reader.integer()
    instrument = _one(session, request_id, query)
    if instrument is None:
        return
    seconds, span = bar_seconds(size), duration_seconds(duration)
    end_ns = _end_moment(end, session.exchange.clock.now_ns())
    if seconds is None or span is None or end_ns is None or what not in _WHAT:
        wrong = next(
            name
            for name, is_wrong in (
                (f"bar size '{size}'", seconds is None),
                (f"duration '{duration}'", span is None),
                (f"end date '{end}'", end_ns is None),
                (f"whatToShow '{what}'", True),
            )
            if is_wrong
        )
        session.error(request_id, 321, wording(321, tag="bW", detail=f"Invalid {wrong}."))
        return
    count = min(max(span // seconds, 1), MAX_BARS)
    bars = session.exchange.bars(instrument.instrument_id, end_ns, seconds, count)
    if regular_only:
        bars = [bar for bar in bars if instrument.is_liquid(bar.start_ns) or seconds >= 86_400]
    if not bars:
        session.error(request_id, 162, wording(162, detail="HMDS query returned no data"))
        return
    session.send(_history_message(request_id, bars, date_format, end_ns - span * SECOND, end_ns))


def _history_message(
    request_id: int, bars: list[Bar], date_format: int, start_ns: int, end_ns: int
) -> list[Field]:
    fields: list[Field] = [17, request_id, _zoned(start_ns), _zoned(end_ns), len(bars)]
    for bar in bars:
        fields += [_bar_date(bar, date_format), bar.open, bar.high, bar.low, bar.close]
        average = (bar.open + bar.high + bar.low + bar.close) / 4
        fields += [f"{bar.volume:g}", f"{average:.4f}", max(int(bar.volume), 1)]
    return fields


def _bar_date(bar: Bar, date_format: int) -> Field:
    if bar.seconds >= 86_400:
        return exchange_time(bar.start_ns, pattern="%Y%m%d")
    return bar.start_ns // SECOND if date_format == 2 else _zoned(bar.start_ns)


def _zoned(moment_ns: int) -> str:
    return exchange_time(moment_ns, pattern="%Y%m%d %H:%M:%S") + " US/Eastern"


def bar_seconds(text: str) -> int | None:
    """Return the seconds of ``5 mins``, ``1 hour``, ``1 day``; None for nonsense."""
    match = re.fullmatch(r"(\d+) (sec|min|hour|day|week|month)s?", text.strip())
    return int(match[1]) * _BAR_UNITS[match[2]] if match and int(match[1]) else None


def duration_seconds(text: str) -> int | None:
    """Return the seconds of ``3600 S``, ``2 D``, ``1 W``; None for nonsense."""
    match = re.fullmatch(r"(\d{1,6}) ([SDWMY])", text.strip())
    return int(match[1]) * _UNITS[match[2]] if match and int(match[1]) else None


def _end_moment(text: str, now_ns: int) -> int | None:
    """Return the end of a history request: empty is now; a zone may follow; ``-`` means UTC."""
    if not text.strip():
        return now_ns
    match = re.fullmatch(r"(\d{8})[ -]+(\d\d:\d\d:\d\d)(?: (\S+))?", text.strip())
    if match is None:
        return None
    zone = match[3] or ("UTC" if "-" in text else "America/New_York")
    try:
        moment = datetime.strptime(f"{match[1]} {match[2]}", "%Y%m%d %H:%M:%S").replace(
            tzinfo=ZoneInfo(zone)
        )
    except (ValueError, KeyError):
        return None
    return from_datetime(moment)


def cancel_nothing(session: Session, reader: FieldReader) -> None:
    """Take the cancel of something that is not running; TWS is silent too."""


def head_timestamp(session: Session, reader: FieldReader) -> None:
    """Tell how far back the bars go (87): a day bar from long ago, or the oldest there is."""
    request_id, query = reader.integer(), read_contract(reader)
    instrument = _one(session, request_id, query)
    if instrument is None:
        return
    now_ns = session.exchange.clock.now_ns()
    bars = session.exchange.bars(instrument.instrument_id, now_ns, 86_400, MAX_BARS)
    if not bars:
        session.error(request_id, 162, wording(162, detail="No head time stamp"))
        return
    session.send([88, request_id, exchange_time(bars[0].start_ns, "UTC", "%Y%m%d-%H:%M:%S")])


def real_time_bars(session: Session, reader: FieldReader) -> None:
    """Stream five-second bars (50)."""
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    size = reader.integer()
    if size not in (0, 5):
        session.error(request_id, 420, wording(420, detail="bar size must be 5"))
        return
    instrument = _one(session, request_id, query)
    if instrument is not None:
        session.real_time_bars[request_id] = instrument


def cancel_real_time_bars(session: Session, reader: FieldReader) -> None:
    """End five-second bars (51)."""
    reader.skip(1)
    session.real_time_bars.pop(reader.integer(), None)


def send_real_time_bars(session: Session, now_ns: int) -> None:
    """Send the five seconds that ended just now to whoever asked for them."""
    start_ns = now_ns - now_ns % (5 * SECOND) - 5 * SECOND
    for request_id, instrument in session.real_time_bars.items():
        bars = session.exchange.bars(instrument.instrument_id, start_ns + 5 * SECOND, 5, 1)
        if not bars:
            continue
        bar = bars[-1]
        is_new = bar.start_ns == start_ns
        prices = (bar.open, bar.high, bar.low, bar.close) if is_new else (bar.close,) * 4
        volume = int(bar.volume) if is_new else 0
        average = f"{sum(prices) / 4:.4f}"
        session.send(
            [50, 3, request_id, start_ns // SECOND, *prices, volume, average, min(volume, 1)]
        )


def _one(session: Session, request_id: int, query: ContractQuery) -> Instrument | None:
    found = find(session.exchange.instruments, query)
    if query.security_type == "CONTFUT" and found:
        return found[0]
    if len(found) == 1:
        return found[0]
    if found and found[0].security_type is SecurityType.FUTURE:
        text = "The contract description specified for {} is ambiguous."
        session.error(request_id, 200, text.format(query.symbol))
    else:
        session.error(request_id, 200, wording(200))
    return None
