"""Contracts that can be looked up but not traded here: indices, currencies, continuous futures.

Numbers of indices and currency pairs are IB's own, as its users quote them.
"""

import msgspec

from microfutures.model.instrument import Instrument
from microfutures.model.sessions import Session as TradingSession
from microfutures.twsim.contract_details import FUTURE_ORDER_TYPES, hours_text
from microfutures.twsim.contracts import ContractQuery
from microfutures.twsim.wire import UNSET_INTEGER, Field, escaped


class ContractFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the contract data message tells, of a contract that is not the venue's."""

    con_id: int
    symbol: str
    security_type: str
    exchange: str
    currency: str
    local_symbol: str
    trading_class: str
    tick: str
    long_name: str
    valid_exchanges: str
    multiplier: str = ""
    last_trade: str = ""
    strike: float = 0
    right: str = ""
    primary_exchange: str = ""
    contract_month: str = ""
    real_expiry: str = ""
    zone: str = "US/Eastern"
    trading_hours: tuple[TradingSession, ...] = ()
    liquid_hours: tuple[TradingSession, ...] = ()
    under_con_id: int = 0
    under_symbol: str = ""
    under_type: str = ""


def facts_message(
    version: int, request_id: int, facts: ContractFacts, *, now_ns: int
) -> list[Field]:
    """Return the contract data message (10)."""
    size_fields: list[Field] = [1, 1, 1]
    if version < 164:
        size_fields = size_fields[2:] if version == 163 else []
    return [
        10,
        *(["8"] if version < 164 else []),
        request_id,
        facts.symbol,
        facts.security_type,
        facts.last_trade,
        facts.strike,
        facts.right,
        facts.exchange,
        facts.currency,
        facts.local_symbol,
        facts.trading_class,
        facts.trading_class,
        facts.con_id,
        facts.tick,
        *([100] if version < 164 else []),
        facts.multiplier,
        FUTURE_ORDER_TYPES,
        facts.valid_exchanges,
        1,
        facts.under_con_id,
        escaped(facts.long_name),
        facts.primary_exchange,
        facts.contract_month,
        *("", "", ""),
        facts.zone,
        hours_text(facts.trading_hours, facts.zone, now_ns),
        hours_text(facts.liquid_hours, facts.zone, now_ns),
        *("", "", 0, UNSET_INTEGER),
        facts.under_symbol,
        facts.under_type,
        "26",
        facts.real_expiry,
        "",
        *size_fields,
    ]


def _pair(con_id: int, base: str, quote: str, tick: str) -> ContractFacts:
    return ContractFacts(
        con_id=con_id,
        symbol=base,
        security_type="CASH",
        exchange="IDEALPRO",
        currency=quote,
        local_symbol=f"{base}.{quote}",
        trading_class=f"{base}.{quote}",
        tick=tick,
        long_name=f"{base}.{quote}",
        valid_exchanges="IDEALPRO",
    )


def _index(con_id: int, symbol: str, exchange: str, name: str) -> ContractFacts:
    return ContractFacts(
        con_id=con_id,
        symbol=symbol,
        security_type="IND",
        exchange=exchange,
        currency="USD",
        local_symbol=symbol,
        trading_class=symbol,
        tick="0.01",
        long_name=name,
        valid_exchanges=exchange,
    )


OTHERS: tuple[ContractFacts, ...] = (
    _pair(12087792, "EUR", "USD", "0.00005"),
    _pair(12087797, "GBP", "USD", "0.00005"),
    _pair(15016059, "USD", "JPY", "0.005"),
    _pair(12087820, "USD", "CHF", "0.00005"),
    _index(416904, "SPX", "CBOE", "S&P 500 Stock Index"),
    _index(416843, "NDX", "NASDAQ", "NASDAQ 100 Stock Index"),
    _index(13455763, "VIX", "CBOE", "CBOE Volatility Index"),
)


def find_others(query: ContractQuery) -> list[ContractFacts]:
    """Return the indices and currency pairs that `query` fits."""
    return [each for each in OTHERS if _fits(each, query)]


def _fits(facts: ContractFacts, query: ContractQuery) -> bool:
    if query.con_id:
        return query.con_id == facts.con_id
    return (
        query.security_type == facts.security_type
        and (query.symbol != "" or query.local_symbol != "")
        and query.symbol in ("", facts.symbol)
        and query.local_symbol in ("", facts.local_symbol)
        and query.currency in ("", facts.currency)
        and query.exchange in ("", "SMART", facts.exchange)
    )


def continuous(message: list[Field], instrument: Instrument) -> list[Field]:
    """Return the details of a future as those of its continuous contract."""
    place = message.index(instrument.security_type.value)
    return [*message[:place], "CONTFUT", *message[place + 1 :]]
