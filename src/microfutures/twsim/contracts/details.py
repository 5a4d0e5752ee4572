"""The contract data message: everything TWS tells about one contract.

Field order and spelling follow recorded messages (ES of server 173, TSLA).
"""

from microfutures.model.catalog import end_of_trading
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.sessions import Session
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.contracts.lookup import (
    STOCK_EXCHANGES,
    contract_month,
    expiry_text,
    multiplier_text,
    primary_exchange,
    symbol_of,
    trading_class,
)
from microfutures.twsim.wire import UNSET_INTEGER, Field, escaped

DAYS_SHOWN = 10
STOCK_RULE = 26
DAY_NS = 86_400_000_000_000

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

COMMON_SHARES = frozenset({"AAPL", "AMD", "AMZN", "IBKR", "IBM", "INTC", "MSFT", "TSLA"})
"""Shares of a company; the other stocks of the catalog are funds."""

ISINS = {
    "AAPL": "US0378331005",
    "AMD": "US0079031078",
    "AMZN": "US0231351067",
    "BNO": "US91167Q1004",
    "DIA": "US78467X1090",
    "GLD": "US78463V1070",
    "IBKR": "US45841N1072",
    "IBM": "US4592001014",
    "INTC": "US4581401001",
    "IWM": "US4642876555",
    "MSFT": "US5949181045",
    "QQQ": "US46090E1038",
    "SLV": "US46428Q1094",
    "SPY": "US78462F1030",
    "TSLA": "US88160R1014",
    "USO": "US91232N2071",
}
"""International numbers, as the issuers state them; UNG's changes with its reverse splits."""

_ZONES = {"America/New_York": "US/Eastern", "America/Chicago": "US/Central"}


def details_message(
    version: int, request_id: int, instrument: Instrument, *, exchange: str, now_ns: int
) -> list[Field]:
    """Return the contract data message (10)."""
    kind = instrument.security_type
    is_future, is_stock = kind is SecurityType.FUTURE, kind is SecurityType.STOCK
    zone = time_zone(instrument)
    venues = valid_exchanges(instrument)
    rules = ",".join([str(market_rule_id(instrument))] * (venues.count(",") + 1))
    size_fields: list[Field] = ["0.0001", "0.0001", 100] if is_stock else [1, 1, 1]
    if version < 164:
        size_fields = size_fields[2:] if version == 163 else []
    return [
        10,
        *(["8"] if version < 164 else []),
        request_id,
        symbol_of(instrument),
        kind.value,
        last_trade_text(instrument),
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
        STOCK_ORDER_TYPES if is_stock else FUTURE_ORDER_TYPES,
        venues,
        1,
        0,
        escaped(instrument.description),
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
        *_identifiers(instrument),
        UNSET_INTEGER if is_future else 1,
        instrument.symbol if is_future else "",
        "IND" if is_future else "",
        rules,
        expiry_text(instrument),
        ("COMMON" if instrument.symbol in COMMON_SHARES else "ETF") if is_stock else "",
        *size_fields,
    ]


def _identifiers(instrument: Instrument) -> list[Field]:
    """Return the list of other identifiers: how many, and name and value of each."""
    isin = ISINS.get(instrument.symbol)
    return [0] if isin is None else [1, "ISIN", isin]


def last_trade_text(instrument: Instrument) -> str:
    """Return last day, time and zone, ``20250620 08:30 US/Central``; empty for a stock."""
    end_ns = end_of_trading(instrument)
    zone = time_zone(instrument)
    return "" if end_ns is None else f"{exchange_time(end_ns, zone, '%Y%m%d %H:%M')} {zone}"


def time_zone(instrument: Instrument) -> str:
    """Return the zone of the exchange as TWS names it."""
    return _ZONES.get(instrument.time_zone, instrument.time_zone)


def valid_exchanges(instrument: Instrument) -> str:
    """Return where it can be routed to, comma-separated."""
    if instrument.security_type is SecurityType.STOCK:
        return STOCK_EXCHANGES
    is_future = instrument.security_type is SecurityType.FUTURE
    return f"{instrument.exchange},QBALGO" if is_future else instrument.exchange


def market_rule_id(instrument: Instrument) -> int:
    """Return the id of the price increment rule: IB's of stocks, or the tick in ten-millionths."""
    if instrument.security_type is SecurityType.STOCK:
        return STOCK_RULE
    return int(instrument.tick_size * 10_000_000)


def hours_text(sessions: tuple[Session, ...], zone: str, now_ns: int) -> str:
    """Return sessions as TWS writes them, days without one as ``CLOSED``.

    A session belongs to the day it ends on: Sunday evening is Monday's trading.
    """
    days = [exchange_time(now_ns + day * DAY_NS, zone, "%Y%m%d") for day in range(DAYS_SHOWN)]
    spelled: dict[str, list[str]] = {day: [] for day in days}
    opening_days = set()
    for session in sessions:
        start = exchange_time(session.open_ns, zone, "%Y%m%d:%H%M")
        end = exchange_time(session.close_ns, zone, "%Y%m%d:%H%M")
        if end[:8] in spelled:
            spelled[end[:8]].append(f"{start}-{end}")
            opening_days.add(start[:8])
    return ";".join(
        ";".join(stretches) or f"{day}:CLOSED"
        for day, stretches in spelled.items()
        if stretches or day not in opening_days
    )
