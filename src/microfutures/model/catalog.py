"""Known products and their contracts: what `MCL` is, which months trade and when."""

from datetime import date, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zlib import crc32

from msgspec.structs import replace

from microfutures.model.errors import InvalidValueError, UnknownInstrumentError
from microfutures.model.expiry import month_code, next_month
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.products import PRODUCTS, Listing, ProductSpec
from microfutures.model.sessions import Session
from microfutures.model.trading_hours import moment_ns, sessions_between

HOURS_BACK = timedelta(days=7)
HOURS_AHEAD = timedelta(days=14)


def symbols() -> tuple[str, ...]:
    """Return every symbol of the catalog."""
    return tuple(PRODUCTS)


def spec(symbol: str) -> ProductSpec:
    """Return the row of `symbol`.

    Raises
    ------
    UnknownInstrumentError
        If the catalog has no such symbol; the text suggests the nearest ones.
    """
    row = PRODUCTS.get(symbol)
    if row is not None:
        return row
    near = get_close_matches(symbol.upper(), PRODUCTS, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(PRODUCTS)}"
    raise UnknownInstrumentError(f"the catalog has no symbol {symbol!r}; {hint}")


def sessions(
    symbol: str, first_day: date, last_day: date
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    """Return trading and liquid hours of `symbol` over trading days, both ends included."""
    return sessions_between(spec(symbol).hours, first_day, last_day)


def fund(symbol: str, on: date) -> Instrument:
    """Return the instrument of a product without months, with its hours around `on`."""
    row = spec(symbol)
    if row.listing is not None:
        raise InvalidValueError(f"{symbol} is a future: name its month, or list its contracts")
    return _build(row, symbol, symbol, on, None)


def future(symbol: str, year: int, month: int, on: date, *, year_digits: int = 1) -> Instrument:
    """Return one contract of a future, with its hours around `on`, whether it still trades or not.

    ``year_digits=2`` spells ``CLX26``, for histories in which ``CLX6`` would name two contracts.
    """
    row = spec(symbol)
    listing = _listing(row)
    suffix = str(year)[-year_digits:]
    name = f"{symbol}{month_code(month)}{suffix}"
    return _build(row, name, f"{symbol} {year}{month:02d}", on, listing.rule(year, month))


@lru_cache(maxsize=512)
def listed_contracts(symbol: str, on: date) -> tuple[Instrument, ...]:
    """Return what trades of `symbol` on `on`: the product itself, or the months, nearest first.

    Hours reach from a week before `on` to two weeks after it.
    """
    row = spec(symbol)
    if row.listing is None:
        return (fund(symbol, on),)
    contracts: list[Instrument] = []
    year, month = on.year, on.month
    while len(contracts) < row.listing.count:
        if month_code(month) in row.listing.months and row.listing.rule(year, month) >= on:
            contracts.append(future(symbol, year, month, on))
        year, month = next_month(year, month)
    return tuple(contracts)


def front_contract(symbol: str, on: date, *, roll_days_before: int = 8) -> Instrument:
    """Return the nearest contract that is more than `roll_days_before` calendar days from its end.

    Eight calendar days are about the five business days from which IB may close out oil futures.
    """
    listed = listed_contracts(symbol, on)
    limit = on + timedelta(days=roll_days_before)
    for contract in listed:
        if contract.last_trade_date is None or contract.last_trade_date > limit:
            return contract
    return listed[-1]


def with_hours(instrument: Instrument, on: date) -> Instrument:
    """Return `instrument` with its hours around `on`."""
    row = spec(instrument.symbol)
    trading, liquid = _hours(row, on, instrument.last_trade_date)
    return replace(instrument, trading_hours=trading, liquid_hours=liquid)


def end_of_trading(instrument: Instrument) -> int | None:
    """Return the moment a future stops trading for good, nanoseconds UTC; None for a fund."""
    row = spec(instrument.symbol)
    if instrument.last_trade_date is None or row.listing is None:
        return None
    return moment_ns(instrument.last_trade_date, row.listing.stops_at, row.hours.time_zone)


def _listing(row: ProductSpec) -> Listing:
    if row.listing is None:
        raise InvalidValueError(f"{row.symbol} has no contract months: it is a fund")
    return row.listing


def _build(
    row: ProductSpec, name: str, con_id_key: str, on: date, last_trade_date: date | None
) -> Instrument:
    trading, liquid = _hours(row, on, last_trade_date)
    return Instrument(
        instrument_id=InstrumentId(name),
        symbol=Symbol(row.symbol),
        security_type=row.security_type,
        exchange=row.exchange,
        currency=row.currency,
        multiplier=row.multiplier,
        tick_size=row.tick_size,
        con_id=row.con_id or _con_id(con_id_key),
        description=row.description,
        last_trade_date=last_trade_date,
        time_zone=row.hours.time_zone,
        trading_hours=trading,
        liquid_hours=liquid,
    )


def _hours(
    row: ProductSpec, on: date, last_trade_date: date | None
) -> tuple[tuple[Session, ...], tuple[Session, ...]]:
    trading, liquid = sessions_between(row.hours, on - HOURS_BACK, on + HOURS_AHEAD)
    if last_trade_date is None or row.listing is None:
        return trading, liquid
    end_ns = moment_ns(last_trade_date, row.listing.stops_at, row.hours.time_zone)
    return _cut(trading, end_ns), _cut(liquid, end_ns)


def _cut(hours: tuple[Session, ...], end_ns: int) -> tuple[Session, ...]:
    return tuple(
        Session(session.open_ns, min(session.close_ns, end_ns))
        for session in hours
        if session.open_ns < end_ns
    )


def _con_id(key: str) -> int:
    # A stable stand-in of IB's number, in its range, the same on every machine and every day.
    return 100_000_000 + crc32(key.encode()) % 800_000_000
