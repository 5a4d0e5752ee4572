"""Requests about bars: past ones, kept up to date or not, and how far back they go."""

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.contracts.lookup import (
    ContractQuery,
    read_contract,
    routed_exchange,
    symbol_of,
)
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers import schedule
from microfutures.twsim.handlers.contracts import find_one
from microfutures.twsim.handlers.growing import REAL_TIME_WHAT, slot
from microfutures.twsim.history.bar_sizes import (
    DAY_SECONDS,
    SIZES,
    Duration,
    Span,
    bar_seconds,
    duration,
    moment,
)
from microfutures.twsim.history.bars import (
    MAX_BARS,
    NOT_KEPT,
    TRADED,
    VOLATILITIES,
    WHAT_TO_SHOW,
    Wanted,
    is_makeable,
    regular,
)
from microfutures.twsim.history.growing_bars import GrowingBar
from microfutures.twsim.history.messages import SECONDS_SINCE_1970, history_frame
from microfutures.twsim.history.second_bars import LONGEST_SECONDS, second_bars
from microfutures.twsim.session import Session
from microfutures.twsim.subscriptions import GrowingRequest
from microfutures.twsim.turns import Steps
from microfutures.twsim.wire import Field, FieldReader

SECOND = 1_000_000_000
UPDATED = "keepUpToDate"
KNOWN = (*WHAT_TO_SHOW, *NOT_KEPT)
KEPT_UP = (*REAL_TIME_WHAT, "ADJUSTED_LAST")


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
        or _not_shown(instrument, what)
        or _duplicate(session, request_id)
    )
    seconds, span, end_ns = bar_seconds(size), duration(length), moment(end, now_ns)
    if problem is not None or seconds is None or span is None or end_ns is None:
        session.error(request_id, *(problem or (321, wording(321, tag="bW"))))
        return
    wanted = Wanted(what, end_ns, seconds, span, regular_only)
    growing = _growing(session, instrument, wanted) if keeps_up else None
    session.wants.history.add(request_id)
    session.in_turns(_answer(session, request_id, instrument, wanted, date_format, growing))


def _growing(session: Session, instrument: Instrument, wanted: Wanted) -> GrowingBar:
    """Let a bar grow that goes on where the past ends."""
    seconds = wanted.bar_seconds
    growing = GrowingBar(instrument.instrument_id, wanted.what, seconds, slot(instrument, seconds))
    if wanted.regular_only:
        growing.counts = session.exchange.is_liquid
    session.exchange.growing.add(growing)
    return growing


def _answer(
    session: Session,
    request_id: int,
    instrument: Instrument,
    wanted: Wanted,
    date_format: int,
    growing: GrowingBar | None,
) -> Steps[None]:
    """Send the bars, and let those that are to be kept up to date go on."""
    wants = session.wants
    try:
        bars = yield from _bars(session, instrument, wanted)
        if request_id not in wants.history:
            return
        if not bars and growing is None:
            text = f"HMDS query returned no data: {_named(instrument, wanted.what)}"
            session.error(request_id, 162, wording(162, detail=text))
            return
        message = yield from history_frame(
            instrument,
            request_id,
            bars,
            what=wanted.what,
            date_format=date_format,
            start_ns=wanted.end_ns - wanted.span.seconds * SECOND,
            end_ns=wanted.end_ns,
        )
        if request_id not in wants.history:
            return
        session.write(message)
        if growing is not None:
            growing.begin_with(bars)
            wants.growing[request_id] = GrowingRequest(growing, date_format)
            growing = None
    finally:
        wants.history.discard(request_id)
        if growing is not None:
            session.exchange.growing.remove(growing)


def _bars(session: Session, instrument: Instrument, wanted: Wanted) -> Steps[list[Bar]]:
    exchange = session.exchange
    if is_makeable(wanted.bar_seconds):
        return (yield from exchange.history.steps(instrument, wanted))
    start_ns = wanted.end_ns - wanted.span.seconds * SECOND
    until_ns = min(wanted.end_ns, exchange.clock.now_ns())
    bars = yield from second_bars(exchange.tape, instrument, wanted.what, start_ns, until_ns)
    return regular(instrument, bars) if wanted.regular_only else bars


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
    is_duplicate = request_id in session.wants.growing or request_id in session.wants.history
    return (322, wording(322, tag="bW", detail="Duplicate ticker id")) if is_duplicate else None


def _not_shown(instrument: Instrument, what: str) -> tuple[int, str] | None:
    """Return what TWS says of bars that a kind of contract doesn't have; None when it has them."""
    kind = instrument.security_type
    if not (
        what in NOT_KEPT
        or (what in TRADED and kind is SecurityType.CURRENCY)
        or (what in VOLATILITIES and kind not in (SecurityType.STOCK, SecurityType.INDEX))
    ):
        return None
    name = f"{symbol_of(instrument)}/{kind.value}@{routed_exchange(instrument)}"
    return 162, wording(162, detail=f"No historical market data for {name} Last 1d")


def _problem(
    size: str, length: str, end: str, what: str, keeps_up: bool, now_ns: int
) -> tuple[int, str] | None:
    """Return why a history request can't be answered; None when it can."""
    seconds, span = bar_seconds(size), duration(length)
    is_short = seconds is not None and not is_makeable(seconds)
    is_long = span is not None and span.seconds > LONGEST_SECONDS
    legal = f"Historical data bar size setting is invalid. Legal ones are: {', '.join(SIZES)}"
    checks = (
        (seconds is None, 321, legal),
        (
            span is None,
            321,
            f"Invalid duration '{length}'; legal is 60 S, 2 D, 1 W, 1 Y",
        ),
        (what not in KNOWN, 321, "What to show field is missing or incorrect."),
        (moment(end, now_ns) is None, 10314, ""),
        (keeps_up and end != "", 321, f"End date not supported with {UPDATED}"),
        (
            keeps_up and (seconds or 0) > DAY_SECONDS,
            321,
            f"Bars longer than a day not supported with {UPDATED}",
        ),
        (
            keeps_up and what not in KEPT_UP,
            321,
            f"'{what}' not supported with {UPDATED}",
        ),
        (keeps_up and is_short, 321, f"Bars of one second not supported with {UPDATED}"),
        (is_short and what in VOLATILITIES, 162, f"No bars of one second of {what}"),
        (is_short and is_long, 162, "Time length exceed max."),
    )
    for is_wrong, code, detail in checks:
        if is_wrong:
            return code, wording(code, tag="bW", detail=detail)
    return None


def _named(instrument: Instrument, what: str) -> str:
    return f"{instrument.instrument_id}@{routed_exchange(instrument)} {what.capitalize()}"


def cancel_historical_data(session: Session, reader: FieldReader) -> None:
    """End the updates of a history request (25); TWS is silent about one that has ended."""
    reader.skip(1)
    request_id = reader.integer()
    session.wants.history.discard(request_id)
    request = session.wants.growing.pop(request_id, None)
    if request is not None:
        session.exchange.growing.remove(request.bar)


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
    past = Duration(Span.DAYS, MAX_BARS)
    wanted = Wanted(what, session.exchange.clock.now_ns(), DAY_SECONDS, past, False)
    session.in_turns(_send_head(session, request_id, instrument, wanted, date_format))


def _send_head(
    session: Session, request_id: int, instrument: Instrument, wanted: Wanted, date_format: int
) -> Steps[None]:
    bars = yield from session.exchange.history.steps(instrument, wanted)
    if not bars:
        text = f"No head time stamp: {_named(instrument, wanted.what)}"
        session.error(request_id, 162, wording(162, detail=text))
        return
    start_ns = bars[0].start_ns
    pattern = "%Y%m%d-%H:%M:%S"
    is_number = date_format == SECONDS_SINCE_1970
    answer: Field = start_ns // SECOND if is_number else exchange_time(start_ns, "UTC", pattern)
    session.send([88, request_id, answer])
