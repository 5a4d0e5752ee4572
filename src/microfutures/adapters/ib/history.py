"""Warm-up bars."""

import asyncio
from itertools import pairwise

from ib_async import Contract, RequestError

from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import bar_of
from microfutures.model.errors import BrokerRequestError, InvalidValueError
from microfutures.model.market import Bar

REQUEST_SECONDS = 20.0

_SIZES = {
    1: "1 secs",
    5: "5 secs",
    10: "10 secs",
    15: "15 secs",
    30: "30 secs",
    60: "1 min",
    120: "2 mins",
    180: "3 mins",
    300: "5 mins",
    600: "10 mins",
    900: "15 mins",
    1200: "20 mins",
    1800: "30 mins",
    3600: "1 hour",
}


def bar_size(sample_seconds: int) -> int:
    """Return the longest bar that IB makes which divides `sample_seconds`."""
    return max(seconds for seconds in _SIZES if sample_seconds % seconds == 0)


def duration(bars: int, seconds: int) -> str:
    """Return IB's spelling of a span that holds `bars` bars, closed hours included."""
    needed = bars * seconds
    if needed <= 4 * 3600:
        return f"{max(2 * needed, 1800)} S"
    return f"{min(-(-needed // (6 * 3600)) + 1, 365)} D"


async def load(ib: TappedIB, contract: Contract, *, seconds: int, bars: int) -> tuple[Bar, ...]:
    """Return past bars of trades, ascending, hours outside the regular ones included.

    Raises
    ------
    BrokerRequestError
        If the broker refused.
    TimeoutError
        If it did not answer.
    """
    request = ib.reqHistoricalDataAsync(
        contract,
        "",
        duration(bars, seconds),
        _SIZES[seconds],
        "TRADES",
        useRTH=False,
        formatDate=2,
    )
    try:
        loaded = await asyncio.wait_for(request, REQUEST_SECONDS)
    except RequestError as error:
        raise BrokerRequestError(error.code, error.message) from error
    result = tuple(bar_of(bar, seconds) for bar in loaded)
    if any(later.start_ns <= earlier.start_ns for earlier, later in pairwise(result)):
        raise InvalidValueError(f"the broker's bars of {contract.localSymbol} are not ascending")
    return result
