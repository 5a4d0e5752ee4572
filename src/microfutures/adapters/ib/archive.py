"""Past bars of any stretch, one request at a time, at the pace IB allows.

Not here: which stretches are wanted and where they are kept (`app/data/download.py`).
"""

import asyncio
from datetime import datetime

from ib_async import RequestError

from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.pacing import Pacer
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import bar_of
from microfutures.model.bar_sizes import SIZES
from microfutures.model.errors import BrokerRequestError, InvalidValueError
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, from_datetime, to_datetime

REQUEST_SECONDS = 60.0
"""IB answers large requests slowly."""

# The longest stretch of one request by the length of its bars, as IB spells it, and in seconds.
# Source: IBKR API documentation, "Historical Data Limitations", table of step sizes.
_STRETCHES = {
    1: ("1800 S", 1_800),
    5: ("3600 S", 3_600),
    10: ("14400 S", 14_400),
    15: ("14400 S", 14_400),
    30: ("28800 S", 28_800),
    60: ("1 D", 86_400),
    120: ("2 D", 2 * 86_400),
    180: ("1 W", 7 * 86_400),
    300: ("1 W", 7 * 86_400),
    600: ("1 W", 7 * 86_400),
    900: ("1 W", 7 * 86_400),
    1200: ("1 W", 7 * 86_400),
    1800: ("1 M", 28 * 86_400),
    3600: ("1 M", 28 * 86_400),
}

NO_DATA_CODE = 162
NO_DATA_WORDS = ("no data", "no head time stamp")


def stretch_ns(bar_seconds: int) -> int:
    """Return how far back one request for bars of this length reaches, nanoseconds.

    Raises
    ------
    InvalidValueError
        If IB makes no such bars.
    """
    if bar_seconds not in _STRETCHES:
        known = ", ".join(str(each) for each in _STRETCHES)
        raise InvalidValueError(f"IB's bars last {known} seconds, was {bar_seconds}")
    return _STRETCHES[bar_seconds][1] * NANOSECONDS_PER_SECOND


async def head_ns(ib: TappedIB, resolved: Resolved, pacer: Pacer) -> int | None:
    """Return the first moment of which IB has trades, nanoseconds UTC; None if it has none.

    Raises
    ------
    BrokerRequestError
        If the broker refused.
    TimeoutError
        If it did not answer.
    """
    await pacer.wait_turn(f"head {resolved.contract.conId}")
    try:
        asking = ib.reqHeadTimeStampAsync(resolved.contract, "TRADES", False, 2)
        head = await asyncio.wait_for(asking, REQUEST_SECONDS)
    except RequestError as error:
        if _is_no_data(error):
            return None
        raise BrokerRequestError(error.code, error.message) from error
    if not isinstance(head, datetime):
        return None
    return from_datetime(head)


async def bars_before(
    ib: TappedIB, resolved: Resolved, pacer: Pacer, end_ns: int, bar_seconds: int
) -> tuple[Bar, ...]:
    """Return the bars of trades that end by `end_ns`, ascending, as many as one request brings.

    Thin hours are included. Empty where IB has none: a weekend, a holiday, before the contract.

    Raises
    ------
    BrokerRequestError
        If the broker refused, for too many requests too.
    TimeoutError
        If it did not answer.
    """
    span, _ = _STRETCHES[bar_seconds]
    await pacer.wait_turn(f"bars {resolved.contract.conId} {bar_seconds} {end_ns}")
    try:
        answer = await ib.reqHistoricalDataAsync(
            resolved.contract,
            to_datetime(end_ns),
            span,
            SIZES[bar_seconds],
            "TRADES",
            useRTH=False,
            formatDate=2,
            timeout=REQUEST_SECONDS,
        )
    except RequestError as error:
        if _is_no_data(error):
            return ()
        raise BrokerRequestError(error.code, error.message) from error
    if not answer:
        # ib_async turns its time-out into an empty list; TWS says 162 where there is nothing.
        raise TimeoutError
    length_ns = bar_seconds * NANOSECONDS_PER_SECOND
    bars = (bar_of(bar, bar_seconds) for bar in answer)
    return tuple(bar for bar in bars if bar.start_ns + length_ns <= end_ns)


def _is_no_data(error: RequestError) -> bool:
    text = error.message.lower()
    return error.code == NO_DATA_CODE and any(words in text for words in NO_DATA_WORDS)
