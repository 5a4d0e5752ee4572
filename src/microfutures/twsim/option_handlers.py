"""Requests about options: their chain (78), details, and what they would be worth (54, 55)."""

from collections.abc import Callable
from datetime import datetime

from microfutures.model.instrument import Instrument
from microfutures.model.timestamp import from_datetime
from microfutures.twsim.bar_sizes import NEW_YORK
from microfutures.twsim.black import DAYS, Computation, Terms, computed, implied_volatility
from microfutures.twsim.contracts import ContractQuery, is_expired, read_contract
from microfutures.twsim.errors import wording
from microfutures.twsim.option_chain import (
    OPTION_EXCHANGES,
    Option,
    chain,
    end_of_option,
    expiries,
    fits,
    strikes,
)
from microfutures.twsim.other_contracts import ContractFacts, facts_message
from microfutures.twsim.session import Session
from microfutures.twsim.wire import Field, FieldReader

SECURITY_TYPES = ("OPT", "FOP")
CUSTOM_COMPUTATION, RETURN_BASED = 53, 0
NOT_COMPUTED, NO_GREEK = -1, -2
_YEAR_NS = DAYS * 86_400 * 1_000_000_000

Solved = Callable[[Terms, float, float], Computation | None]


def chain_parameters(session: Session, reader: FieldReader) -> None:
    """Send expiries and strikes of an underlying, once for each exchange (78)."""
    request_id, symbol, exchange = reader.integer(), reader.text().upper(), reader.text()
    kind, con_id = reader.text().upper(), reader.integer()
    now_ns, found = session.exchange.clock.now_ns(), False
    for each in session.exchange.instruments:
        is_meant = each.symbol == symbol and each.security_type.value == kind
        if not is_meant or con_id not in (0, each.con_id) or is_expired(each, now_ns):
            continue
        price, ends = _price(session, each), expiries(each, now_ns)
        if price is None or not ends:
            continue
        sample = Option(each, ends[0], strikes(price)[0], "C")
        where = each.exchange if sample.is_on_future else OPTION_EXCHANGES
        for name in where.split(","):
            if exchange in ("", name):
                found = True
                session.send(_parameters(request_id, name, sample, price, now_ns))
    if not found:
        session.error(request_id, 200, wording(200))
        return
    session.send([76, request_id])


def _parameters(
    request_id: int, exchange: str, sample: Option, price: float, now_ns: int
) -> list[Field]:
    days: list[Field] = [day.strftime("%Y%m%d") for day in expiries(sample.underlying, now_ns)]
    prices: list[Field] = [float(strike) for strike in strikes(price)]
    head: list[Field] = [75, request_id, exchange, sample.underlying.con_id]
    head += [sample.trading_class, sample.multiplier]
    return [*head, len(days), *days, len(prices), *prices]


def find_options(session: Session, query: ContractQuery) -> list[Option]:
    """Return the options that `query` fits."""
    now_ns = session.exchange.clock.now_ns()
    found: list[Option] = []
    for each in session.exchange.instruments:
        if query.symbol.upper() not in ("", each.symbol) or is_expired(each, now_ns):
            continue
        price = _price(session, each)
        if price is not None:
            found += [option for option in chain(each, price, now_ns) if fits(option, query)]
    return found


def option_details(session: Session, request_id: int, query: ContractQuery) -> None:
    """Describe every option that fits; a part of the answer to contract details (9)."""
    found = find_options(session, query) if query.symbol or query.con_id else []
    if not found:
        session.error(request_id, 200, wording(200))
        return
    now_ns = session.exchange.clock.now_ns()
    for option in found:
        facts = option_facts(option, query.exchange)
        session.send(facts_message(session.version, request_id, facts, now_ns=now_ns))
    session.send([52, 1, request_id])


def option_facts(option: Option, exchange: str) -> ContractFacts:
    """Return what contract details tell of an option."""
    underlying, day = option.underlying, option.expiry.strftime("%Y%m%d")
    end = f"{end_of_option(option):%H:%M}"
    is_future = option.is_on_future
    return ContractFacts(
        con_id=option.con_id,
        symbol=underlying.symbol,
        security_type=option.security_type,
        exchange=exchange or (underlying.exchange if is_future else "SMART"),
        currency=underlying.currency,
        local_symbol=option.local_symbol,
        trading_class=option.trading_class,
        tick="0.01",
        multiplier=option.multiplier,
        valid_exchanges=underlying.exchange if is_future else OPTION_EXCHANGES,
        long_name=underlying.description,
        last_trade=f"{day} {end} US/Eastern",
        strike=float(option.strike),
        right=option.right,
        contract_month=day[:6],
        real_expiry=day,
        zone="US/Eastern",
        trading_hours=underlying.trading_hours if is_future else underlying.liquid_hours,
        liquid_hours=underlying.liquid_hours,
        under_con_id=underlying.con_id,
        under_symbol=underlying.instrument_id,
        under_type=underlying.security_type.value,
    )


def calculate_volatility(session: Session, reader: FieldReader) -> None:
    """Compute an option's volatility from its price (54)."""

    def solved(terms: Terms, underlying: float, price: float) -> Computation | None:
        volatility = implied_volatility(terms, underlying, price)
        return None if volatility is None else computed(terms, underlying, volatility)

    _calculate(session, reader, solved)


def calculate_price(session: Session, reader: FieldReader) -> None:
    """Compute an option's price from its volatility (55)."""
    _calculate(session, reader, lambda terms, under, value: computed(terms, under, value))


def _calculate(session: Session, reader: FieldReader, solved: Solved) -> None:
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    value, underlying = reader.decimal(), reader.decimal()
    found = find_options(session, query)
    if len(found) != 1:
        session.error(request_id, 200, wording(200))
        return
    if value is None or underlying is None or value <= 0 or underlying <= 0:
        detail = "Price and volatility must be above zero."
        session.error(request_id, 321, wording(321, tag="bK", detail=detail))
        return
    terms = _terms(found[0], session.exchange.clock.now_ns())
    answer = solved(terms, float(underlying), float(value))
    head: list[Field] = [21, request_id, CUSTOM_COMPUTATION, RETURN_BASED]
    if answer is None:
        unknown = [NOT_COMPUTED, NO_GREEK, NOT_COMPUTED, NOT_COMPUTED, *[NO_GREEK] * 3]
        session.send([*head, *unknown, float(underlying)])
        return
    session.send(
        [
            *head,
            *(answer.volatility, answer.delta, answer.price, 0.0),
            *(answer.gamma, answer.vega, answer.theta, float(underlying)),
        ]
    )


def _terms(option: Option, now_ns: int) -> Terms:
    end_ns = from_datetime(datetime.combine(option.expiry, end_of_option(option), NEW_YORK))
    years = max(end_ns - now_ns, 0) / _YEAR_NS
    return Terms(option.right == "C", float(option.strike), years, option.is_on_future)


def _price(session: Session, instrument: Instrument) -> float | None:
    """Return what strikes are laid around: the latest price, or that of the past."""
    exchange = session.exchange
    quote = exchange.venue.quote(instrument.instrument_id)
    known = None if quote is None else quote.last if quote.last is not None else quote.mid
    if known is None:
        bars = exchange.history.bars(instrument, "TRADES", exchange.clock.now_ns(), 60, 1)
        known = bars[-1].close if bars else None
    return known if known is not None and known > 0 else None
