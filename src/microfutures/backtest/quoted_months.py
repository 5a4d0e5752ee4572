"""Days on which a tape has prices of a product, and none of the month that the desk holds.

A vendor's string of front months has one month at a time and changes later than a desk does: on
the days between, nothing can be traded. Said beside every result.
"""

from datetime import date, timedelta
from functools import partial

import msgspec
import numpy as np

from microfutures.adapters.tapes.bar_columns import BarColumns, Integers
from microfutures.adapters.tapes.contracts import evening_ns, trading_day
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.backtest.contracts import BEFORE_EVENING_NS, front_month, volume_before
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import Instrument


class Unquoted(msgspec.Struct, frozen=True, kw_only=True):
    """How often a product could not be traded though the tape has prices of it."""

    symbol: Symbol
    days: int
    of_days: int
    """Trading days with prices of the product, whatever the month."""
    first: date
    instrument_id: InstrumentId
    """What was held on the first of the days."""
    roll_business_days: int
    """How long before its last day a month is left."""


def find_unquoted(market: TapeMarket) -> list[Unquoted]:
    """Return the products of a tape of bars with days on which the month held has no price."""
    first, last = trading_day(market.start_ns), trading_day(market.end_ns - 1)
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    edges = np.array([evening_ns(day) for day in (first - timedelta(days=1), *days)], np.int64)
    found = []
    for symbol in dict.fromkeys(each.symbol for each in market.instruments):
        listed = [each for each in market.instruments if each.symbol == symbol]
        if len(listed) > 1:
            found += _of_product(market, symbol, listed, days, edges)
    return found


def _of_product(
    market: TapeMarket,
    symbol: Symbol,
    listed: list[Instrument],
    days: list[date],
    edges: Integers,
) -> list[Unquoted]:
    quoted = {}
    for each in listed:
        bars = BarColumns.of(market.bars_of(each.instrument_id))
        if bars is None:
            return []
        quoted[each.instrument_id] = np.diff(np.searchsorted(bars.starts_ns, edges)) > 0
    is_traded = np.logical_or.reduce(list(quoted.values()))
    front = partial(
        front_month,
        symbol,
        listed,
        volume=partial(volume_before, market.past),
        roll_business_days=market.roll_business_days,
    )
    held: Instrument | None = None
    missing: list[tuple[date, InstrumentId]] = []
    for place, day in enumerate(days):
        moment_ns = max(market.start_ns, int(edges[place]) - BEFORE_EVENING_NS)
        # Where no month may be held any more, a desk stays in the one it has.
        held = front(moment_ns, before=held) or held
        if held is not None and is_traded[place] and not quoted[held.instrument_id][place]:
            missing.append((day, held.instrument_id))
    if not missing:
        return []
    (since, instrument_id), *_ = missing
    return [
        Unquoted(
            symbol=symbol,
            days=len(missing),
            of_days=int(is_traded.sum()),
            first=since,
            instrument_id=instrument_id,
            roll_business_days=market.roll_business_days,
        )
    ]
