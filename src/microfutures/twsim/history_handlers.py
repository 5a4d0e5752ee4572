"""Requests about bars: past ones, ones that grow, and how far back they go."""

from datetime import UTC, datetime, time

from msgspec.structs import replace

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.timestamp import exchange_time, from_datetime
from microfutures.twsim import schedule
from microfutures.twsim.bar_sizes import (
    DAY_SECONDS,
    SIZES,
    Duration,
    Span,
    bar_seconds,
    duration,
    moment,
    trading_day,
)
from microfutures.twsim.contract_handlers import find_one
from microfutures.twsim.contracts import ContractQuery, read_contract, routed_exchange, symbol_of
from microfutures.twsim.errors import wording
from microfutures.twsim.growing_bars import GrowingBar, RealTimeBars, Slot, aligned
from microfutures.twsim.history import MAX_BARS, TRADED, WHAT_TO_SHOW, is_makeable
from microfutures.twsim.session import Session
from microfutures.twsim.subscriptions import GrowingRequest
from microfutures.twsim.wire import Field, FieldReader

SECOND = 1_000_000_000
REAL_TIME_WHAT = ("TRADES", "MIDPOINT", "BID", "ASK")
UPDATED, SECONDS_SINCE_1970 = "keepUpToDate", 2


def historical_data(session: Session, reader: FieldReader) -> None:
    """Send past bars, and their changes if the client wants to be kept up to date (20)."""
    request_id, query = reader.integer(), read_contract(reader)
    includes_expired = reader.flag()
    end, size, length = reader.text(), reader.text(), reader.text()
    regular_only, what, date_format = reader.flag(), reader.text().upper(), reader.integer()
    keeps_up = _keeps_up(reader, query)
    exchange = session.exchange
    instrument = find_one(session, request_id, query, includes_expired=includes_expired)
    if instrument is None:
        return
    now_ns = exchange.clock.now_ns()
    if what == schedule.WHAT and session.version >= schedule.MIN_VERSION:
        _send_schedule(session, request_id, instrument, (end, size, length), regular_only)
        return
    problem = (
        _problem(size, length, end, what, keeps_up, now_ns)
        or _no_trades(instrument, what)
        or _duplicate(session, request_id)
    )
    seconds, span, end_ns = bar_seconds(size), duration(length), moment(end, now_ns)
    if problem is not None or seconds is None or span is None or end_ns is None:
        session.error(request_id, *(problem or (321, wording(321, tag="bW"))))
        return
    bars = exchange.history.request(
        instrument,
        what=what,
        end_ns=end_ns,
        bar_seconds=seconds,
        span=span,
        regular_only=regular_only,
    )
    if not bars and not keeps_up:
        text = f"HMDS query returned no data: {_named(instrument, what)}"
        session.error(request_id, 162, wording(162, detail=text))
        return
    start_ns = end_ns - span.seconds * SECOND
    session.send(
        _history_message(instrument, request_id, bars, what, date_format, start_ns, end_ns)
    )
    if keeps_up:
        growing = GrowingBar(instrument.instrument_id, what, seconds, _slot(instrument, seconds))
        if bars:
            growing.current = replace(bars[-1], start_ns=growing.slot(bars[-1].start_ns))
        session.wants.growing[request_id] = GrowingRequest(growing, date_format)
        exchange.growing.add(growing)


def _keeps_up(reader: FieldReader, query: ContractQuery) -> bool:
    """Pass over the legs of a combo; tell whether the client wants to be kept up to date."""
    if query.security_type == "BAG":
        reader.skip(4 * reader.count())
    return reader.flag() if reader.rest else False


def _send_schedule(
    session: Session,
    request_id: int,
    instrument: Instrument,
    wanted: tuple[str, str, str],
    regular_only: bool,
) -> None:
    """Send the sessions of the days that a request names by end, bar size and duration."""
    end, size, length = wanted
    end_ns, span = moment(end, session.exchange.clock.now_ns()), duration(length)
    detail = schedule.problem(size) or ("" if span else f"Invalid duration '{length}'")
    if detail or span is None:
        session.error(request_id, 321, wording(321, tag="bW", detail=detail))
    elif end_ns is None:
        session.error(request_id, 10314, wording(10314))
    else:
        session.send(
            schedule.schedule_message(
                request_id, instrument, end_ns, span, regular_only=regular_only
            )
        )


def _duplicate(session: Session, request_id: int) -> tuple[int, str] | None:
    is_duplicate = request_id in session.wants.growing
    return (322, wording(322, tag="bW", detail="Duplicate ticker id")) if is_duplicate else None


def _no_trades(instrument: Instrument, what: str) -> tuple[int, str] | None:
    """Return what TWS says of the trades of a currency pair, which nobody reports; else None."""
    if what not in TRADED or instrument.security_type is not SecurityType.CURRENCY:
        return None
    name = f"{symbol_of(instrument)}/CASH@{instrument.exchange}"
    return 162, wording(162, detail=f"No historical market data for {name} Last 1d")


def _problem(
    size: str, length: str, end: str, what: str, keeps_up: bool, now_ns: int
) -> tuple[int, str] | None:
    """Return why a history request can't be answered; None when it can."""
    seconds = bar_seconds(size)
    legal = f"Historical data bar size setting is invalid. Legal ones are: {', '.join(SIZES)}"
    checks = (
        (seconds is None, 321, legal),
        (
            duration(length) is None,
            321,
            f"Invalid duration '{length}'; legal is 60 S, 2 D, 1 W, 1 Y",
        ),
        (what not in WHAT_TO_SHOW, 321, "What to show field is missing or incorrect."),
        (moment(end, now_ns) is None, 10314, ""),
        (keeps_up and end != "", 321, f"End date not supported with {UPDATED}"),
        (
            keeps_up and (seconds or 0) > DAY_SECONDS,
            321,
            f"Bars longer than a day not supported with {UPDATED}",
        ),
        (
            seconds is not None and not is_makeable(seconds),
            162,
            "Bars of less than 5 seconds are not recorded by the simulator",
        ),
    )
    for is_wrong, code, detail in checks:
        if is_wrong:
            return code, wording(code, tag="bW", detail=detail)
    return None


def _named(instrument: Instrument, what: str) -> str:
    return f"{instrument.instrument_id}@{routed_exchange(instrument)} {what.capitalize()}"


def _slot(instrument: Instrument, seconds: int) -> Slot:
    if seconds < DAY_SECONDS:
        return aligned(seconds)

    def noon_of_day(moment_ns: int) -> int:
        day = trading_day(instrument, moment_ns)
        return from_datetime(datetime.combine(day, time(12), tzinfo=UTC))

    return noon_of_day


def _history_message(
    instrument: Instrument,
    request_id: int,
    bars: list[Bar],
    what: str,
    date_format: int,
    start_ns: int,
    end_ns: int,
) -> list[Field]:
    fields: list[Field] = [17, request_id, _zoned(start_ns), _zoned(end_ns), len(bars)]
    for bar in bars:
        volume, average, count = _traded(bar, what)
        fields.append(_bar_date(instrument, bar, date_format))
        fields += [bar.open, bar.high, bar.low, bar.close, volume, average, count]
    return fields


def _traded(bar: Bar, what: str) -> tuple[str, str, int]:
    """Return volume, average price and count as IB spells them: -1 of quotes for all but price."""
    if what not in TRADED:
        return "-1", "-1", -1
    average = (bar.open + bar.high + bar.low + bar.close) / 4
    return f"{bar.volume:.10g}", f"{average:.4f}", max(int(bar.volume), 1)


def _bar_date(instrument: Instrument, bar: Bar, date_format: int) -> Field:
    if bar.seconds >= DAY_SECONDS:
        return trading_day(instrument, bar.start_ns).strftime("%Y%m%d")
    return bar.start_ns // SECOND if date_format == SECONDS_SINCE_1970 else _zoned(bar.start_ns)


def _zoned(moment_ns: int) -> str:
    return exchange_time(moment_ns, pattern="%Y%m%d %H:%M:%S") + " US/Eastern"


def cancel_historical_data(session: Session, reader: FieldReader) -> None:
    """End the updates of a history request (25); TWS is silent about one that has ended."""
    reader.skip(1)
    request = session.wants.growing.pop(reader.integer(), None)
    if request is not None:
        session.exchange.growing.remove(request.bar)


def send_growing_bars(session: Session) -> None:
    """Send the bars under way to whoever wants to be kept up to date."""
    for request_id, request in session.wants.growing.items():
        growing = request.bar
        instrument = session.exchange.venue.instrument(growing.instrument_id)
        under_way = [growing.current] if growing.current is not None else []
        for bar in [*growing.take_finished(), *under_way]:
            volume, average, count = _traded(bar, growing.what)
            moment_text = _bar_date(instrument, bar, request.date_format)
            prices = (bar.open, bar.close, bar.high, bar.low)
            session.send([90, request_id, count, moment_text, *prices, average, volume])


def head_timestamp(session: Session, reader: FieldReader) -> None:
    """Tell how far back the bars go (87)."""
    request_id, query = reader.integer(), read_contract(reader)
    reader.skip(1)
    reader.skip(1)
    what, date_format = reader.text().upper(), reader.integer()
    instrument = find_one(session, request_id, query, includes_expired=True)
    if instrument is None:
        return
    if what not in WHAT_TO_SHOW:
        text = "What to show field is missing or incorrect."
        session.error(request_id, 321, wording(321, tag="bW", detail=text))
        return
    bars = session.exchange.history.request(
        instrument,
        what=what,
        end_ns=session.exchange.clock.now_ns(),
        bar_seconds=DAY_SECONDS,
        span=Duration(Span.DAYS, MAX_BARS),
        regular_only=False,
    )
    if not bars:
        text = f"No head time stamp: {_named(instrument, what)}"
        session.error(request_id, 162, wording(162, detail=text))
        return
    start_ns = bars[0].start_ns
    pattern = "%Y%m%d-%H:%M:%S"
    is_number = date_format == SECONDS_SINCE_1970
    answer: Field = start_ns // SECOND if is_number else exchange_time(start_ns, "UTC", pattern)
    session.send([88, request_id, answer])


def real_time_bars(session: Session, reader: FieldReader) -> None:
    """Stream five-second bars (50)."""
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    size, what = reader.integer(), reader.text().upper()
    if size not in (0, 5) or what not in REAL_TIME_WHAT:
        is_size = size not in (0, 5)
        detail = "bar size must be 5" if is_size else f"what to show can't be '{what}'"
        session.error(request_id, 420, wording(420, detail=detail))
        return
    if request_id in session.wants.real_time:
        session.error(request_id, 322, wording(322, tag="bR", detail="Duplicate ticker id"))
        return
    instrument = find_one(session, request_id, query)
    if instrument is None:
        return
    now_ns = session.exchange.clock.now_ns()
    before = session.exchange.history.bars(instrument, what, now_ns, 5, 1)
    last = before[-1].close if before else None
    real_time = RealTimeBars(instrument.instrument_id, what, now_ns, last)
    session.wants.real_time[request_id] = real_time
    session.exchange.growing.add(real_time.bar)


def cancel_real_time_bars(session: Session, reader: FieldReader) -> None:
    """End five-second bars (51)."""
    reader.skip(1)
    real_time = session.wants.real_time.pop(reader.integer(), None)
    if real_time is not None:
        session.exchange.growing.remove(real_time.bar)


def send_real_time_bars(session: Session, now_ns: int) -> None:
    """Send the five-second bars that have ended."""
    for request_id, bars in session.wants.real_time.items():
        for bar in bars.take(now_ns):
            average = f"{(bar.open + bar.high + bar.low + bar.close) / 4:.4f}"
            volume = int(bar.volume)
            prices = (bar.open, bar.high, bar.low, bar.close)
            start = bar.start_ns // SECOND
            session.send([50, 3, request_id, start, *prices, volume, average, min(volume, 1)])
