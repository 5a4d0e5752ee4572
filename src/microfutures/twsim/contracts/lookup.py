"""Contracts as the wire spells them, and finding the venue's instruments by a client's wish."""

from collections.abc import Iterable

import msgspec

from microfutures.model.catalog import end_of_trading, spec
from microfutures.model.expiry import month_of_code
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.twsim.wire import Field, FieldReader

STOCK_EXCHANGES = "SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,ISLAND,DRCTEDGE,BEX,BATS,EDGEA,IEX,PSX"


class ContractQuery(msgspec.Struct, frozen=True):
    """The twelve contract fields of a request."""

    con_id: int
    symbol: str
    security_type: str
    expiry: str
    strike: str
    right: str
    multiplier: str
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str
    trading_class: str


def read_contract(reader: FieldReader) -> ContractQuery:
    """Read the contract that most requests carry."""
    return ContractQuery(reader.integer(), *(reader.text() for _ in range(11)))


def find(
    instruments: Iterable[Instrument],
    query: ContractQuery,
    *,
    now_ns: int,
    includes_expired: bool = False,
) -> list[Instrument]:
    """Return every instrument that `query` fits, nearest expiry first."""
    found = [
        instrument
        for instrument in instruments
        if _fits(instrument, query) and (includes_expired or not is_expired(instrument, now_ns))
    ]
    found.sort(key=lambda each: (each.symbol, expiry_text(each), each.instrument_id))
    return found[:1] if query.security_type == "CONTFUT" else found


def find_numbers(instruments: Iterable[Instrument]) -> dict[int, Instrument]:
    """Return instruments by IB's number."""
    return {instrument.con_id: instrument for instrument in instruments}


def is_expired(instrument: Instrument, now_ns: int) -> bool:
    """Tell whether a future has stopped trading for good."""
    end_ns = end_of_trading(instrument)
    return end_ns is not None and end_ns <= now_ns


def _fits(instrument: Instrument, query: ContractQuery) -> bool:
    if query.con_id:
        return instrument.con_id == query.con_id and _fits_exchange(instrument, query)
    is_future = instrument.security_type is SecurityType.FUTURE
    wanted = {"CONTFUT": "FUT", "FUT+CONTFUT": "FUT"}.get(query.security_type, query.security_type)
    return (
        (query.symbol != "" or query.local_symbol != "")
        and query.symbol.upper() in ("", symbol_of(instrument))
        and query.local_symbol in ("", instrument.instrument_id)
        and wanted in ("", instrument.security_type.value)
        and query.currency in ("", instrument.currency)
        and query.trading_class in ("", trading_class(instrument))
        and _fits_exchange(instrument, query)
        and (not query.expiry or (is_future and _fits_expiry(instrument, query.expiry)))
        and _fits_multiplier(instrument, query.multiplier)
    )


def _fits_exchange(instrument: Instrument, query: ContractQuery) -> bool:
    if instrument.security_type is SecurityType.FUTURE:
        return query.exchange in ("", instrument.exchange, "QBALGO")
    if instrument.security_type is not SecurityType.STOCK:
        return query.exchange in ("", instrument.exchange)
    primary = primary_exchange(instrument)
    return query.primary_exchange in ("", primary, "SMART") and (
        query.exchange in ("", "BEST", "NASDAQ", *STOCK_EXCHANGES.split(","))
    )


def _fits_expiry(instrument: Instrument, expiry: str) -> bool:
    # Six digits name the contract month, which an energy contract outlives in name only.
    is_month = len(expiry) == 6
    return expiry == (contract_month(instrument) if is_month else expiry_text(instrument))


def _fits_multiplier(instrument: Instrument, multiplier: str) -> bool:
    return multiplier in ("", "0", multiplier_text(instrument))


def expiry_text(instrument: Instrument) -> str:
    """Return the last trade date as ``yyyymmdd``; empty for a stock."""
    last = instrument.last_trade_date
    return last.isoformat().replace("-", "") if last is not None else ""


def symbol_of(instrument: Instrument) -> str:
    """Return the symbol as contracts name it; that of a currency pair is its base."""
    is_pair = instrument.security_type is SecurityType.CURRENCY
    return instrument.symbol.partition(".")[0] if is_pair else instrument.symbol


def data_name(instrument: Instrument, service: str = "TOP") -> str:
    """Return how TWS names market data in its errors: ``AAPL NASDAQ.NMS/TOP/ALL``."""
    listed = primary_exchange(instrument) or instrument.exchange
    if instrument.security_type is SecurityType.INDEX:
        listed = instrument.description
    place = f"{listed}.NMS" if listed == "NASDAQ" else listed
    return f"{symbol_of(instrument)} {place}/{service}/ALL"


def is_tradable(instrument: Instrument) -> bool:
    """Tell whether orders are taken; an index has none, and accounts here hold US dollars only."""
    return instrument.security_type is not SecurityType.INDEX and instrument.currency == "USD"


def local_symbol(instrument: Instrument) -> str:
    """Return the exchange's name of a contract; a combo has none but its number."""
    is_combo = instrument.security_type is SecurityType.COMBO
    return str(instrument.con_id) if is_combo else instrument.instrument_id


def contract_month(instrument: Instrument) -> str:
    """Return the contract month as ``yyyymm``, from the local symbol's month letter."""
    last = instrument.last_trade_date
    if last is None:
        return ""
    letter = instrument.instrument_id.rstrip("0123456789")[-1]
    month = month_of_code(letter)
    # Energy contracts stop trading in the month before the one they are named after.
    year = last.year + (1 if month < last.month else 0)
    return f"{year}{month:02d}"


def multiplier_text(instrument: Instrument) -> str:
    """Return the multiplier; empty for all but futures, as TWS has it."""
    if instrument.security_type is not SecurityType.FUTURE:
        return ""
    return format(instrument.multiplier.normalize(), "f")


def trading_class(instrument: Instrument) -> str:
    """Return the trading class."""
    if instrument.security_type is SecurityType.COMBO:
        return "COMB"
    if instrument.security_type is not SecurityType.STOCK:
        return instrument.symbol
    listing = {"NASDAQ": "NMS", "ARCA": "PCX"}
    return listing.get(primary_exchange(instrument), instrument.symbol)


def primary_exchange(instrument: Instrument) -> str:
    """Return where a stock is listed; empty for all others."""
    if instrument.security_type is not SecurityType.STOCK:
        return ""
    return spec(instrument.symbol).primary_exchange or instrument.exchange


def routed_exchange(instrument: Instrument) -> str:
    """Return the exchange that orders name."""
    return "SMART" if instrument.security_type is SecurityType.STOCK else instrument.exchange


def contract_fields(instrument: Instrument, *, strike: str, right: str) -> list[Field]:
    """Return conId to tradingClass as orders and executions carry them (no primary exchange)."""
    return [
        instrument.con_id,
        symbol_of(instrument),
        instrument.security_type.value,
        expiry_text(instrument),
        strike,
        right,
        multiplier_text(instrument),
        routed_exchange(instrument),
        instrument.currency,
        local_symbol(instrument),
        trading_class(instrument),
    ]
