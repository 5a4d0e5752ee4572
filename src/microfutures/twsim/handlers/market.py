"""Requests for streams of quotes."""

from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, MarketDataType, Quote
from microfutures.twsim.contracts.lookup import data_name, read_contract
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers import derived
from microfutures.twsim.handlers.contracts import find_one
from microfutures.twsim.handlers.options import SECURITY_TYPES as OPTION_TYPES
from microfutures.twsim.history.bar_sizes import DAY_SECONDS, Duration, Span
from microfutures.twsim.history.bars import Wanted
from microfutures.twsim.history.volatility_bars import TRADING_DAYS
from microfutures.twsim.quotes import generic_ticks
from microfutures.twsim.quotes.generic_streams import GenericStream
from microfutures.twsim.quotes.lines import MAX_LINES
from microfutures.twsim.quotes.ticks import Line
from microfutures.twsim.session import Session
from microfutures.twsim.turns import Steps
from microfutures.twsim.wire import FieldReader

_DELAYED = (MarketDataType.DELAYED, MarketDataType.DELAYED_FROZEN)
_FROZEN = (MarketDataType.FROZEN, MarketDataType.DELAYED_FROZEN)


def market_data(session: Session, reader: FieldReader) -> None:
    """Stream quotes, or send one snapshot (1)."""
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    legs = derived.read_legs(reader) if query.security_type == "BAG" else []
    if reader.flag():
        reader.skip(3)
    generic_text, is_snapshot = reader.text(), reader.flag()
    problem = _problem(session, request_id, generic_text, is_snapshot)
    if problem is not None:
        session.error(request_id, *problem)
        return
    if query.security_type == "BAG":
        derived.open_combo(session, request_id, legs, is_snapshot=is_snapshot)
        return
    if query.security_type in OPTION_TYPES:
        derived.open_option(session, request_id, query, is_snapshot=is_snapshot)
        return
    instrument = find_one(session, request_id, query)
    if instrument is not None:
        _open_line(session, request_id, instrument, generic_text, is_snapshot=is_snapshot)


def _open_line(
    session: Session,
    request_id: int,
    instrument: Instrument,
    generic_text: str,
    *,
    is_snapshot: bool,
) -> None:
    """Show an instrument as the account may see it: live, delayed, or not at all."""
    detail = generic_ticks.problem(generic_text, instrument.security_type)
    if detail:
        session.error(request_id, 321, wording(321, tag="bM", detail=detail))
        return
    shown_type = _shown_type(session, instrument)
    if shown_type is None:
        session.error(request_id, 354, wording(354, detail=data_name(instrument)))
        return
    if shown_type in _DELAYED:
        session.error(request_id, 10167, wording(10167))
    exchange = session.exchange

    def past(end_ns: int, seconds: int, count: int) -> list[Bar]:
        return exchange.history.bars(instrument, "TRADES", end_ns, seconds, count)

    exchange.lines.begin(
        session,
        request_id,
        instrument,
        quote=exchange.quote(instrument),
        now_ns=exchange.clock.now_ns(),
        past=past,
        is_snapshot=is_snapshot,
        market_data_type=shown_type,
    )
    numbers = generic_ticks.parsed(generic_text) or ()
    if numbers and exchange.lines.is_live(instrument):
        _begin_generic(session, request_id, instrument, numbers)


def _begin_generic(
    session: Session, request_id: int, instrument: Instrument, numbers: tuple[int, ...]
) -> None:
    """Send the generic ticks of a line, and let those that follow the market go on."""
    session.in_turns(_generic(session, request_id, instrument, numbers))


def _generic(
    session: Session, request_id: int, instrument: Instrument, numbers: tuple[int, ...]
) -> Steps[None]:
    exchange = session.exchange
    year = Duration(Span.DAYS, TRADING_DAYS)
    wanted = Wanted("TRADES", exchange.clock.now_ns(), DAY_SECONDS, year, False)
    days = yield from exchange.history.steps(instrument, wanted)
    if not exchange.lines.has(session.client_id, request_id):
        return
    now_ns = exchange.clock.now_ns()
    minutes = exchange.history.bars(instrument, "TRADES", now_ns, 60, generic_ticks.MINUTES)
    name = instrument.instrument_id
    quote = exchange.quote(instrument) or Quote(name, now_ns)
    facts = generic_ticks.Facts(instrument, quote, days, minutes)
    session.write(Line(request_id).frames(generic_ticks.opening(numbers, facts)))
    exchange.generic_streams.add(name, GenericStream(session, request_id, numbers, facts))


def _problem(
    session: Session, request_id: int, generic_text: str, is_snapshot: bool
) -> tuple[int, str] | None:
    """Return why TWS would not open a line; None when it would."""
    lines, others = session.exchange.lines, session.exchange.derived
    client_id = session.client_id
    is_opening = request_id in session.wants.opening
    if is_opening or lines.has(client_id, request_id) or others.has(client_id, request_id):
        return 322, wording(322, tag="bM", detail="Duplicate ticker id")
    if is_snapshot and generic_text:
        detail = "Snapshot market data subscription is not applicable to generic ticks"
        return 321, wording(321, tag="bM", detail=detail)
    if not is_snapshot and lines.count(client_id) + others.count(client_id) >= MAX_LINES:
        return 101, wording(101)
    return None


def _shown_type(session: Session, instrument: Instrument) -> MarketDataType | None:
    """Return what TWS would show of an instrument; None without the subscription.

    Live data go before everything else that was asked for; frozen means after the close.
    """
    wanted = session.market_data_type
    is_closed = not instrument.is_open(session.exchange.clock.now_ns())
    is_frozen = wanted in _FROZEN and is_closed
    if session.exchange.lines.is_live(instrument):
        return MarketDataType.FROZEN if is_frozen else MarketDataType.LIVE
    if wanted not in _DELAYED:
        return None
    return MarketDataType.DELAYED_FROZEN if is_frozen else MarketDataType.DELAYED


def cancel_market_data(session: Session, reader: FieldReader) -> None:
    """End a stream (2)."""
    reader.skip(1)
    request_id = reader.integer()
    exchange, client_id = session.exchange, session.client_id
    exchange.generic_streams.remove(client_id, request_id)
    opening = session.wants.opening
    if request_id in opening:
        opening.remove(request_id)
    elif not (
        exchange.lines.remove(client_id, request_id)
        or exchange.derived.remove(client_id, request_id)
    ):
        session.error(request_id, 300, wording(300, request_id=request_id))


def market_data_type(session: Session, reader: FieldReader) -> None:
    """Choose live, frozen or delayed data for the requests that follow (59)."""
    reader.skip(1)
    wanted = reader.integer()
    if wanted not in set(MarketDataType):
        detail = f"Market data type must be from 1 to 4, was {wanted}"
        session.error(-1, 321, wording(321, tag="bM", detail=detail))
        return
    session.market_data_type = MarketDataType(wanted)
