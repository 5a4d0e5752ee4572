"""Requests about options: their chain (78), details, and what they would be worth (54, 55)."""

from collections.abc import Callable

from microfutures.model.instrument import Instrument
from microfutures.twsim.contracts.lookup import ContractQuery, read_contract
from microfutures.twsim.contracts.others import ContractFacts, facts_message
from microfutures.twsim.errors import wording
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.options.black import Terms, implied_volatility
from microfutures.twsim.options.chain import (
    Option,
    chain,
    end_of_option,
    exchanges,
    expiries,
    fits,
    has_options,
    strikes,
    terms_of,
)
from microfutures.twsim.options.lines import CUSTOM, computation_message
from microfutures.twsim.session import Session
from microfutures.twsim.wire import Field, FieldReader

SECURITY_TYPES = ("OPT", "FOP")

Solved = Callable[[Terms, float, float], float | None]
"""Finds the volatility from terms, the underlying's price, and the value of the request."""


def chain_parameters(session: Session, reader: FieldReader) -> None:
    """Send expiries and strikes of an underlying, once for each exchange (78)."""
    request_id, symbol, exchange = reader.integer(), reader.text().upper(), reader.text()
    kind, con_id = reader.text().upper(), reader.integer()
    now_ns, found = session.exchange.clock.now_ns(), False
    for each in session.exchange.instruments:
        is_meant = each.symbol == symbol and each.security_type.value == kind
        if not is_meant or con_id not in (0, each.con_id) or not has_options(each, now_ns):
            continue
        price, ends = _price(session.exchange, each), expiries(each, now_ns)
        if price is None or not ends:
            continue
        sample = Option(each, ends[0], strikes(price)[0], "C")
        for name in exchanges(each).split(","):
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


def find_options(exchange: Exchange, query: ContractQuery) -> list[Option]:
    """Return the options that `query` fits."""
    now_ns = exchange.clock.now_ns()
    found: list[Option] = []
    for each in exchange.instruments:
        if query.symbol.upper() not in ("", each.symbol) or not has_options(each, now_ns):
            continue
        price = _price(exchange, each)
        if price is not None:
            found += [option for option in chain(each, price, now_ns) if fits(option, query)]
    return found


def option_details(session: Session, request_id: int, query: ContractQuery) -> None:
    """Describe every option that fits; a part of the answer to contract details (9)."""
    found = find_options(session.exchange, query) if query.symbol or query.con_id else []
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
        valid_exchanges=exchanges(underlying),
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
    _calculate(session, reader, implied_volatility)


def calculate_price(session: Session, reader: FieldReader) -> None:
    """Compute an option's price from its volatility (55)."""
    _calculate(session, reader, lambda terms, underlying, volatility: volatility)


def _calculate(session: Session, reader: FieldReader, solved: Solved) -> None:
    reader.skip(1)
    request_id, query = reader.integer(), read_contract(reader)
    value, underlying = reader.decimal(), reader.decimal()
    found = find_options(session.exchange, query)
    if len(found) != 1:
        session.error(request_id, 200, wording(200))
        return
    if value is None or underlying is None or value <= 0 or underlying <= 0:
        detail = "Price and volatility must be above zero."
        session.error(request_id, 321, wording(321, tag="bK", detail=detail))
        return
    terms = terms_of(found[0], session.exchange.clock.now_ns())
    volatility = solved(terms, float(underlying), float(value))
    session.send(computation_message(request_id, CUSTOM, terms, float(underlying), volatility))


def _price(exchange: Exchange, instrument: Instrument) -> float | None:
    """Return what strikes are laid around: the latest price, or that of the past."""
    quote = exchange.venue.quote(instrument.instrument_id)
    known = None if quote is None else quote.last if quote.last is not None else quote.mid
    if known is None:
        bars = exchange.history.bars(instrument, "TRADES", exchange.clock.now_ns(), 60, 1)
        known = bars[-1].close if bars else None
    return known if known is not None and known > 0 else None
