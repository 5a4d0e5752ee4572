"""The trading days of a tape, and its fingerprint."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from microfutures.adapters.tapes.contracts import DAY_SHIFT, trading_day
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.analytics.splits import Span
from microfutures.model import catalog
from microfutures.model.timestamp import from_datetime
from microfutures.model.trading_hours import NEW_YORK
from microfutures.research.evaluator import Stretch

AT_ONCE = 4096
ItemT = TypeVar("ItemT")


class TradingDay(msgspec.Struct, frozen=True):
    """From 18:00 New York of the evening before to 18:00; nanoseconds UTC."""

    day: date
    start_ns: int
    end_ns: int


class TapeDays(msgspec.Struct, frozen=True):
    """The days on which every symbol had a price in its liquid hours."""

    days: tuple[TradingDay, ...]
    digest: str
    """Of every price, those of the warm-up included."""

    @property
    def whole(self) -> Stretch:
        """Return all of the days."""
        return Stretch(0, len(self.days))

    def span_ns(self, stretch: Stretch) -> tuple[int, int]:
        """Return the first moment of a stretch and the first after it."""
        return self.days[stretch.first].start_ns, self.days[stretch.end - 1].end_ns

    def span_words(self, stretch: Stretch) -> str:
        """Return from which day to which a stretch goes."""
        return self.words(Span(stretch.first, stretch.end))

    def words(self, span: Span) -> str:
        """Return from which day to which a span goes."""
        return f"{self.days[span.start].day} to {self.days[span.end - 1].day}"


def days_of(market: TapeMarket) -> TapeDays:
    """Return days and fingerprint of a tape; goes through all of it once."""
    digest = sha256()
    symbols = {each.instrument_id: each.symbol for each in market.instruments}
    for instrument_id in symbols:
        for bars in _parts(market.bars_of(instrument_id)):
            digest.update(msgspec.msgpack.encode(bars))
    times: dict[str, list[int]] = {symbol: [] for symbol in symbols.values()}
    for updates in _parts(market.updates()):
        digest.update(msgspec.msgpack.encode([(type(each).__name__, each) for each in updates]))
        for update in updates:
            times[symbols[update.instrument_id]].append(update.time_ns)
    common = set.intersection(*(_days_with_prices(symbol, each) for symbol, each in times.items()))
    days = tuple(
        TradingDay(
            day,
            max(_evening_ns(day - timedelta(days=1)), market.start_ns),
            min(_evening_ns(day), market.end_ns),
        )
        for day in sorted(common)
    )
    return TapeDays(days, digest.hexdigest())


def _days_with_prices(symbol: str, times_ns: list[int]) -> set[date]:
    """Return the trading days on which a symbol has a price in its liquid hours."""
    if not times_ns:
        return set()
    first, last = trading_day(times_ns[0]), trading_day(times_ns[-1])
    _, liquid = catalog.sessions(symbol, first, last)
    edges = np.array([[each.open_ns, each.close_ns] for each in liquid], np.int64).reshape(-1, 2)
    counts = np.diff(np.searchsorted(np.array(times_ns, np.int64), edges), axis=1)[:, 0]
    return {trading_day(each.open_ns) for each, count in zip(liquid, counts, strict=True) if count}


def _evening_ns(day: date) -> int:
    """Return the moment at which a trading day ends and the next begins."""
    midnight = datetime.combine(day, time(), ZoneInfo(NEW_YORK))
    return from_datetime((midnight + timedelta(days=1) - DAY_SHIFT).astimezone(UTC))


def _parts(items: Iterable[ItemT]) -> Iterator[Sequence[ItemT]]:
    rest = iter(items)
    while part := list(islice(rest, AT_ONCE)):
        yield part
