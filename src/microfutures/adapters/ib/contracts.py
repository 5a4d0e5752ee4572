"""Which contract a symbol means now: the front month by expiry and volume, or the stock."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

import msgspec
from ib_async import Contract, ContractDetails, Future, RequestError, Stock

from microfutures.adapters.ib.error_codes import NO_DATA
from microfutures.adapters.ib.pacing import Pacer
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import decimal_of, instrument_of, last_trade_date
from microfutures.model.catalog import spec
from microfutures.model.errors import BrokerRequestError, UnknownInstrumentError
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.model.holidays import Exchange, business_days_before
from microfutures.model.identifiers import Symbol
from microfutures.model.instrument import Instrument, SecurityType

CANDIDATES = 2
VOLUME_SESSIONS = 2
REQUEST_SECONDS = 10.0
VOLUME_SECONDS = 5

NO_SUCH_CONTRACT = 200

_log = logging.getLogger("microfutures.ib")


class Resolved(msgspec.Struct, frozen=True):
    """An instrument and the contract that requests name."""

    instrument: Instrument
    contract: Contract


def eligible(
    chain: Sequence[ContractDetails], today: date, exchange: Exchange
) -> list[ContractDetails]:
    """Return the months that are safe to hold, nearest first."""
    dated = [
        (last, details)
        for details in chain
        if details.contract is not None and (last := last_trade_date(details.contract))
    ]
    dated.sort(key=lambda pair: pair[0])
    return [
        details
        for last, details in dated
        if today <= business_days_before(exchange, last, ROLL_BUSINESS_DAYS)
    ]


def pick(months: Sequence[ContractDetails], volumes: Sequence[float | None]) -> ContractDetails:
    """Return the month with most volume; the nearest wins a tie, and where one is not known."""
    known = [volume for volume in volumes if volume is not None]
    if len(known) < len(volumes):
        return months[0]
    return months[max(range(len(known)), key=lambda index: (known[index], -index))]


class ContractFinder:
    """Asks the broker what symbols and positions mean."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._ticks: dict[int, Decimal] = {}

    async def resolve(
        self, ib: TappedIB, symbol: Symbol, today: date, current: Resolved | None
    ) -> Resolved:
        """Return what `symbol` means on `today`; never a month before the `current` one.

        Raises
        ------
        UnknownInstrumentError
            If neither the catalog nor the broker knows it.
        BrokerRequestError
            If the broker refused the request.
        TimeoutError
            If it did not answer.
        """
        row = spec(symbol)
        if row.security_type is not SecurityType.FUTURE:
            return await self._stock(ib, symbol, row.currency, row.primary_exchange)
        chain = await _ask(ib, Future(symbol, exchange=row.exchange, currency=row.currency))
        months = eligible(chain, today, row.hours.exchange)
        if current is not None and (held_until := current.instrument.last_trade_date):
            # Volume moves to and fro around a roll; the desk must not.
            months = [month for month in months if _last(month) >= held_until]
        if not months:
            raise UnknownInstrumentError(
                f"no month of {symbol} has {ROLL_BUSINESS_DAYS} business days left"
            )
        candidates = months[:CANDIDATES]
        volumes = [await self._volume(ib, details) for details in candidates]
        return await self._resolved(ib, pick(candidates, volumes))

    async def identify(
        self, ib: TappedIB, con_id: int, symbols: Collection[Symbol]
    ) -> Resolved | None:
        """Return the contract with IB's number `con_id`; None if it is of none of `symbols`.

        Raises like `resolve`.
        """
        details = (await _ask(ib, Contract(conId=con_id)))[0]
        # A stranger's option or bond need not even be describable as an instrument of ours.
        contract = details.contract
        kinds = {each.value for each in SecurityType}
        if contract is None or contract.symbol not in symbols or contract.secType not in kinds:
            return None
        return await self._resolved(ib, details)

    async def _stock(
        self, ib: TappedIB, symbol: Symbol, currency: str, primary_exchange: str
    ) -> Resolved:
        wanted = Stock(symbol, "SMART", currency)
        try:
            chain = await _ask(
                ib, Stock(symbol, "SMART", currency, primaryExchange=primary_exchange)
            )
        except UnknownInstrumentError:
            # Listings move; without the primary exchange the symbol is still unique in a currency.
            chain = await _ask(ib, wanted)
        return await self._resolved(ib, chain[0])

    async def _resolved(self, ib: TappedIB, details: ContractDetails) -> Resolved:
        if details.contract is None:
            raise UnknownInstrumentError(f"the broker described no contract: {details.longName!r}")
        instrument = instrument_of(details, await self._tick_size(ib, details))
        return Resolved(instrument, details.contract)

    async def _tick_size(self, ib: TappedIB, details: ContractDetails) -> Decimal | None:
        """Return the coarsest step of the market rule: it is on the tick at every price.

        ``minTick`` is the finest of all price bands: 0.0001 for a stock, for prices below a dollar.
        """
        rule = market_rule_id(details)
        if rule is None or rule in self._ticks:
            return self._ticks.get(rule) if rule is not None else None
        steps = await ib.reqMarketRuleAsync(rule)
        if not steps:
            return None
        tick = max(decimal_of(step.increment) for step in steps)
        if tick % decimal_of(details.minTick):
            return None
        self._ticks[rule] = tick
        return tick

    async def _volume(self, ib: TappedIB, details: ContractDetails) -> float | None:
        """Return the volume of the latest sessions; None when the broker did not tell."""
        contract = details.contract
        if contract is None:
            return 0.0
        await self._pacer.wait_turn(f"volume {contract.conId}")
        try:
            bars = await ib.reqHistoricalDataAsync(
                contract,
                "",
                f"{VOLUME_SESSIONS} D",
                "1 day",
                "TRADES",
                useRTH=False,
                formatDate=1,
                timeout=VOLUME_SECONDS,
            )
        except RequestError as error:
            _log.info("no volume of %s: %s", contract.localSymbol, error)
            return 0.0 if NO_DATA in str(error) else None
        if not bars:  # that is how ib_async tells of a time-out
            return None
        return float(sum(max(bar.volume, 0.0) for bar in bars))


def market_rule_id(details: ContractDetails) -> int | None:
    """Return the rule of the exchange that the contract is routed to."""
    rules = details.marketRuleIds.split(",")
    exchanges = details.validExchanges.split(",")
    exchange = details.contract.exchange if details.contract is not None else ""
    index = exchanges.index(exchange) if exchange in exchanges else 0
    text = rules[index] if index < len(rules) else rules[0]
    return int(text) if text.strip().isdigit() else None


def _last(details: ContractDetails) -> date:
    last = last_trade_date(details.contract) if details.contract is not None else None
    return last or date.min


async def _ask(ib: TappedIB, wanted: Contract) -> list[ContractDetails]:
    name = wanted.symbol or f"contract {wanted.conId}"
    try:
        found = await asyncio.wait_for(ib.reqContractDetailsAsync(wanted), REQUEST_SECONDS)
    except RequestError as error:
        if error.code == NO_SUCH_CONTRACT:
            raise UnknownInstrumentError(f"the broker has no contract for {name}") from error
        raise BrokerRequestError(error.code, error.message) from error
    if not found:
        raise UnknownInstrumentError(f"the broker has no contract for {name}")
    return found
