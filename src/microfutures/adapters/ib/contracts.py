"""Which contract a symbol means now: the front month by expiry and volume, or the stock."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from ib_async import Contract, ContractDetails, Future, RequestError, Stock

from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import instrument_of, last_trade_date
from microfutures.model.catalog import spec
from microfutures.model.errors import BrokerRequestError, UnknownInstrumentError
from microfutures.model.identifiers import Symbol
from microfutures.model.instrument import Instrument, SecurityType

MIN_BUSINESS_DAYS = 7
"""IB takes only margin-reducing trades in oil from five business days before the last one."""

CANDIDATES = 2
REQUEST_SECONDS = 10.0
VOLUME_SECONDS = 5.0

_log = logging.getLogger("microfutures.ib")


class Resolved(msgspec.Struct, frozen=True):
    """An instrument and the contract that requests name."""

    instrument: Instrument
    contract: Contract


def business_days_between(first: date, last: date) -> int:
    """Return the weekdays after `first` up to `last`; holidays are not left out."""
    days = (last - first).days
    return sum((first + timedelta(days=day)).weekday() < 5 for day in range(1, days + 1))


def eligible(chain: Sequence[ContractDetails], today: date) -> list[ContractDetails]:
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
        if business_days_between(today, last) >= MIN_BUSINESS_DAYS
    ]


async def resolve(ib: TappedIB, symbol: Symbol, today: date) -> Resolved:
    """Ask the broker what `symbol` means.

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
    is_future = row.security_type is SecurityType.FUTURE
    wanted = (
        Future(symbol, exchange=row.exchange, currency=row.currency)
        if is_future
        else Stock(symbol, "SMART", row.currency, primaryExchange=row.primary_exchange)
    )
    try:
        chain = await asyncio.wait_for(ib.reqContractDetailsAsync(wanted), REQUEST_SECONDS)
    except RequestError as error:
        if error.code == 200:
            raise UnknownInstrumentError(f"the broker has no contract for {symbol!r}") from error
        raise BrokerRequestError(error.code, error.message) from error
    details = await _front(ib, symbol, chain, today) if is_future else chain[0]
    if details.contract is None:
        raise UnknownInstrumentError(f"the broker described no contract for {symbol!r}")
    return Resolved(instrument_of(details), details.contract)


async def _front(
    ib: TappedIB, symbol: Symbol, chain: Sequence[ContractDetails], today: date
) -> ContractDetails:
    months = eligible(chain, today)
    if not months:
        raise UnknownInstrumentError(
            f"no month of {symbol} has {MIN_BUSINESS_DAYS} business days left"
        )
    volumes = [await _volume(ib, details) for details in months[:CANDIDATES]]
    # The nearest wins a tie, and where no volume is to be had.
    return months[max(range(len(volumes)), key=lambda index: (volumes[index], -index))]


async def _volume(ib: TappedIB, details: ContractDetails) -> float:
    """Return the volume of the latest day bar; 0 when the broker has none."""
    if details.contract is None:
        return 0.0
    request = ib.reqHistoricalDataAsync(
        details.contract, "", "1 D", "1 day", "TRADES", useRTH=False, formatDate=1
    )
    try:
        bars = await asyncio.wait_for(request, VOLUME_SECONDS)
    except (RequestError, TimeoutError) as error:
        _log.info("no volume of %s: %s", details.contract.localSymbol, error)
        return 0.0
    return float(bars[-1].volume) if bars else 0.0
