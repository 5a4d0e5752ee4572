"""Contracts that can be looked up but aren't played: indices, pairs, options, continuous ones."""

from collections.abc import Iterable

import msgspec

from microfutures.model import catalog
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.sessions import Session as TradingSession
from microfutures.model.trading_hours import NEW_YORK, local_date
from microfutures.twsim.contracts.details import FUTURE_ORDER_TYPES, hours_text
from microfutures.twsim.contracts.lookup import ContractQuery, find
from microfutures.twsim.wire import UNSET_INTEGER, Field, escaped

_LOOKED_UP = (SecurityType.CURRENCY, SecurityType.INDEX)


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


def find_unlisted(
    listed: Iterable[Instrument], query: ContractQuery, now_ns: int
) -> list[Instrument]:
    """Return the indices and currency pairs that `query` fits and this market doesn't play."""
    names, today = {each.symbol for each in listed}, local_date(now_ns, NEW_YORK)
    others = [
        catalog.fund(symbol, today)
        for symbol in catalog.symbols()
        if catalog.spec(symbol).security_type in _LOOKED_UP and symbol not in names
    ]
    return find(others, query, now_ns=now_ns)


def continuous(message: list[Field], instrument: Instrument) -> list[Field]:
    """Return the details of a future as those of its continuous contract."""
    place = message.index(instrument.security_type.value)
    return [*message[:place], "CONTFUT", *message[place + 1 :]]
