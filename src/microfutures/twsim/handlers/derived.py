"""Market data of options and combos (1): lines that other contracts' quotes make."""

from collections.abc import Iterable

from microfutures.model.instrument import Instrument
from microfutures.model.market import MarketDataType
from microfutures.twsim.contracts.lookup import ContractQuery, data_name, find_numbers
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.combo_orders import MAX_LEGS
from microfutures.twsim.handlers.options import find_options
from microfutures.twsim.history.bar_sizes import DAY_SECONDS, Duration, Span
from microfutures.twsim.history.bars import Wanted
from microfutures.twsim.history.volatility_bars import realized_volatility
from microfutures.twsim.options.chain import Option, terms_of
from microfutures.twsim.options.lines import DEFAULT_VOLATILITY, OptionLine
from microfutures.twsim.quotes.combo_lines import ComboLine
from microfutures.twsim.quotes.derived_lines import Derived
from microfutures.twsim.quotes.ticks import opening_messages
from microfutures.twsim.session import Session
from microfutures.twsim.turns import Steps
from microfutures.twsim.wire import FieldReader
from microfutures.venue.messages import ComboLeg

OPTION_TICK = "0.01"
MONTH_DAYS = 31


def read_legs(reader: FieldReader) -> list[tuple[int, int]]:
    """Read the legs of a combo: contract number and ratio, below zero for what is sold."""
    legs = []
    for _ in range(reader.count()):
        con_id, ratio, action = reader.integer(), reader.integer(), reader.text().upper()
        reader.skip(1)
        legs.append((con_id, ratio if action == "BUY" else -ratio))
    return legs


def open_option(
    session: Session, request_id: int, query: ContractQuery, *, is_snapshot: bool
) -> None:
    """Show one option of a chain."""
    found = find_options(session.exchange, query)
    if len(found) != 1:
        text = f"The contract description specified for {query.symbol} is ambiguous."
        session.error(request_id, 200, text if found else wording(200))
        return
    session.wants.opening.add(request_id)
    session.in_turns(_open_option(session, request_id, found[0], is_snapshot))


def _open_option(
    session: Session, request_id: int, option: Option, is_snapshot: bool
) -> Steps[None]:
    """Show an option once its volatility is known, unless it was cancelled meanwhile."""
    exchange, opening = session.exchange, session.wants.opening
    month = Duration(Span.DAYS, MONTH_DAYS)
    wanted = Wanted("TRADES", exchange.clock.now_ns(), DAY_SECONDS, month, False)
    days = yield from exchange.history.steps(option.underlying, wanted)
    if request_id not in opening:
        return
    opening.remove(request_id)
    line = OptionLine(
        session,
        request_id,
        option,
        terms=lambda: terms_of(option, exchange.clock.now_ns()),
        volatility=realized_volatility(days) or DEFAULT_VOLATILITY,
    )
    _open(session, request_id, line, [option.underlying], OPTION_TICK, is_snapshot=is_snapshot)


def open_combo(
    session: Session, request_id: int, legs: list[tuple[int, int]], *, is_snapshot: bool
) -> None:
    """Show a combo of contracts that are quoted here."""
    listed = find_numbers(session.exchange.instruments)
    if not 1 < len(legs) <= MAX_LEGS or any(ratio == 0 for _, ratio in legs):
        detail = "Invalid combo details"
        session.error(request_id, 321, wording(321, tag="bM", detail=detail))
        return
    if any(con_id not in listed for con_id, _ in legs):
        session.error(request_id, 200, wording(200))
        return
    members = [listed[con_id] for con_id, _ in legs]
    parts = [
        ComboLeg(member.instrument_id, ratio)
        for member, (_, ratio) in zip(members, legs, strict=True)
    ]
    tick = format(min(member.tick_size for member in members).normalize(), "f")
    line = ComboLine(session, request_id, parts)
    _open(session, request_id, line, members, tick, is_snapshot=is_snapshot)


def _open(
    session: Session,
    request_id: int,
    line: Derived,
    members: Iterable[Instrument],
    tick: str,
    *,
    is_snapshot: bool,
) -> None:
    """Send what is known, and what changes from now on unless it is a snapshot."""
    exchange, members = session.exchange, list(members)
    if not all(exchange.lines.is_live(member) for member in members):
        session.error(request_id, 354, wording(354, detail=data_name(members[0])))
        return
    for message in opening_messages(request_id, tick, MarketDataType.LIVE):
        session.send(message)
    for member in members:
        quote = exchange.quote(member)
        if quote is not None:
            line.on_quote(quote)
    if is_snapshot:
        session.send([57, 1, request_id])
        return
    names = [member.instrument_id for member in members]
    exchange.derived.add((session.client_id, request_id), line, names)
