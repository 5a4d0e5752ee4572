"""Contracts as the wire spells them, and finding the venue's instruments by a client's wish."""

from collections.abc import Iterable

import msgspec

from microfutures.model.catalog import spec
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.sessions import Session
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.wire import Field, FieldReader

DAYS_SHOWN = 10

FUTURE_ORDER_TYPES = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AVGCOST,BASKET,BENCHPX,COND,CONDORDER,DAY,DEACT,DEACTDIS,"
    "DEACTEOD,GAT,GTC,GTD,GTT,HID,ICE,IOC,LIT,LMT,LTH,MIT,MKT,MTL,NGCOMB,NONALGO,OCA,PEGBENCH,"
    "SCALE,SCALERST,SNAPMID,SNAPMKT,SNAPREL,STP,STPLMT,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,WHATIF"
)
STOCK_ORDER_TYPES = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,ALLOC,AON,AVGCOST,BASKET,BENCHPX,CASHQTY,COND,CONDORDER,"
    "DARKONLY,DARKPOLL,DAY,DEACT,DEACTDIS,DEACTEOD,DIS,DUR,GAT,GTC,GTD,GTT,HID,IBKRATS,ICE,IMB,"
    "IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,MTL,NGCOMB,NODARK,NONALGO,OCA,OPG,OPGREROUT,PEGBENCH,"
    "PEGMID,POSTATS,POSTONLY,PREOPGRTH,PRICECHK,REL,REL2MID,RELPCTOFS,RPI,RTH,SCALE,SCALEODD,"
    "SCALERST,SIZECHK,SNAPMID,SNAPMKT,SNAPREL,STP,STPLMT,SWEEP,TRAIL,TRAILLIT,TRAILLMT,TRAILMIT,"
    "WHATIF"
)
STOCK_EXCHANGES = "SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,ISLAND,DRCTEDGE,BEX,BATS,EDGEA,IEX,PSX"

_MONTHS = "FGHJKMNQUVXZ"


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


def find(instruments: Iterable[Instrument], query: ContractQuery) -> list[Instrument]:
    """Return every instrument that `query` fits, nearest expiry first."""
    found = [instrument for instrument in instruments if _fits(instrument, query)]
    return sorted(found, key=lambda each: (each.symbol, expiry_text(each), each.instrument_id))


def _fits(instrument: Instrument, query: ContractQuery) -> bool:
    if query.con_id:
        return instrument.con_id == query.con_id
    is_future = instrument.security_type is SecurityType.FUTURE
    wanted = {"CONTFUT": "FUT", "FUT+CONTFUT": "FUT"}.get(query.security_type, query.security_type)
    return (
        (query.symbol != "" or query.local_symbol != "")
        and query.symbol in ("", instrument.symbol)
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
    primary = primary_exchange(instrument)
    return query.primary_exchange in ("", primary) and (
        query.exchange in ("", *STOCK_EXCHANGES.split(","))
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
    return last.strftime("%Y%m%d") if last is not None else ""


def contract_month(instrument: Instrument) -> str:
    """Return the contract month as ``yyyymm``, from the local symbol's month letter."""
    last = instrument.last_trade_date
    if last is None:
        return ""
    letter = instrument.instrument_id.rstrip("0123456789")[-1]
    month = _MONTHS.index(letter) + 1
    # Energy contracts stop trading in the month before the one they are named after.
    year = last.year + (1 if month < last.month else 0)
    return f"{year}{month:02d}"


def multiplier_text(instrument: Instrument) -> str:
    """Return the multiplier; empty for a stock, as TWS has it."""
    if instrument.security_type is SecurityType.STOCK:
        return ""
    return format(instrument.multiplier.normalize(), "f")


def trading_class(instrument: Instrument) -> str:
    """Return the trading class."""
    is_future = instrument.security_type is SecurityType.FUTURE
    return instrument.symbol if is_future else "NMS" if instrument.symbol == "QQQ" else "PCX"


def primary_exchange(instrument: Instrument) -> str:
    """Return where a stock is listed; empty for a future."""
    if instrument.security_type is SecurityType.FUTURE:
        return ""
    return spec(instrument.symbol).primary_exchange or instrument.exchange


def routed_exchange(instrument: Instrument) -> str:
    """Return the exchange that orders name."""
    return instrument.exchange if instrument.security_type is SecurityType.FUTURE else "SMART"


def contract_fields(instrument: Instrument, *, strike: str, right: str) -> list[Field]:
    """Return conId to tradingClass as orders and executions carry them (no primary exchange)."""
    return [
        instrument.con_id,
        instrument.symbol,
        instrument.security_type.value,
        expiry_text(instrument),
        strike,
        right,
        multiplier_text(instrument),
        routed_exchange(instrument),
        instrument.currency,
        instrument.instrument_id,
        trading_class(instrument),
    ]


def details_message(
    version: int, request_id: int, instrument: Instrument, *, exchange: str, now_ns: int
) -> list[Field]:
    """Return the contract data message (10)."""
    is_future = instrument.security_type is SecurityType.FUTURE
    zone = "US/Eastern"
    expiry = f"{expiry_text(instrument)} 14:30 {zone}" if is_future else ""
    size_fields: list[Field] = [1, 1, 1] if is_future else ["0.0001", "0.0001", 100]
    if version < 164:
        size_fields = size_fields[2:] if version == 163 else []
    return [
        10,
        *(["8"] if version < 164 else []),
        request_id,
        instrument.symbol,
        instrument.security_type.value,
        expiry,
        0,
        "",
        exchange,
        instrument.currency,
        instrument.instrument_id,
        trading_class(instrument),
        trading_class(instrument),
        instrument.con_id,
        format(instrument.tick_size.normalize(), "f"),
        *([100] if version < 164 else []),
        multiplier_text(instrument),
        FUTURE_ORDER_TYPES if is_future else STOCK_ORDER_TYPES,
        instrument.exchange if is_future else STOCK_EXCHANGES,
        1,
        0,
        instrument.description,
        primary_exchange(instrument),
        contract_month(instrument),
        "",
        "",
        "",
        zone,
        hours_text(instrument.trading_hours, zone, now_ns),
        hours_text(instrument.liquid_hours, zone, now_ns),
        "",
        "",
        0,
        UNSET_AGGREGATE_GROUP if is_future else 1,
        instrument.symbol if is_future else "",
        "IND" if is_future else "",
        market_rule_id(instrument),
        expiry_text(instrument),
        "" if is_future else "ETF",
        *size_fields,
    ]


UNSET_AGGREGATE_GROUP = 2147483647


def market_rule_id(instrument: Instrument) -> int:
    """Return the id of the price increment rule: the tick in ten-thousandths."""
    return int(instrument.tick_size * 10_000)


def hours_text(sessions: tuple[Session, ...], zone: str, now_ns: int) -> str:
    """Return sessions as TWS writes them, days without one as ``CLOSED``."""
    day_ns = 86_400_000_000_000
    days = [exchange_time(now_ns + day * day_ns, zone, "%Y%m%d") for day in range(DAYS_SHOWN)]
    spelled: dict[str, list[str]] = {day: [] for day in days}
    for session in sessions:
        # A session belongs to the day it ends on: Sunday evening is Monday's trading.
        closes = exchange_time(session.close_ns, zone, "%Y%m%d")
        if closes in spelled:
            start = exchange_time(session.open_ns, zone, "%Y%m%d:%H%M")
            end = exchange_time(session.close_ns, zone, "%Y%m%d:%H%M")
            spelled[closes].append(f"{start}-{end}")
    return ";".join(
        ";".join(stretches) if stretches else f"{day}:CLOSED" for day, stretches in spelled.items()
    )
