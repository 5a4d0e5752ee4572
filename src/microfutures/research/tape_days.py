"""The trading days of a tape, and its fingerprint."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from microfutures.adapters.tapes.bar_columns import AT_ONCE, BarColumns, Integers
from microfutures.adapters.tapes.contracts import evening_ns, trading_day
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.analytics.splits import Span
from microfutures.model import catalog
from microfutures.model.instrument import Instrument
from microfutures.research.evaluator import Stretch

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

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
    columns = {
        each: BarColumns.of(market.bars_of(each.instrument_id)) for each in market.instruments
    }
    known = {instrument: each for instrument, each in columns.items() if each is not None}
    if market.is_of_closes and len(known) == len(columns):
        times = _closes(market, known, digest)
    else:
        times = _updates(market, digest)
    common = set.intersection(*(_days_with_prices(symbol, each) for symbol, each in times.items()))
    days = tuple(
        TradingDay(
            day,
            max(evening_ns(day - timedelta(days=1)), market.start_ns),
            min(evening_ns(day), market.end_ns),
        )
        for day in sorted(common)
    )
    return TapeDays(days, digest.hexdigest())


def _closes(
    market: TapeMarket, columns: Mapping[Instrument, BarColumns], digest: "Hash"
) -> dict[str, Integers]:
    """Return the moments of each symbol's closes; take all columns into the fingerprint."""
    digest.update(msgspec.msgpack.encode(next(market.updates(), None)))  # tells of the spread
    times: dict[str, Integers] = {}
    for instrument, bars in columns.items():
        digest.update(f"{instrument.instrument_id} {bars.seconds} {len(bars)}".encode())
        for column in (bars.starts_ns, *bars.prices, bars.volumes):
            digest.update(np.ascontiguousarray(column).data)
        closes_ns = bars.ends_ns - 1
        played = closes_ns[(closes_ns >= market.start_ns) & (closes_ns < market.end_ns)]
        before = times.get(instrument.symbol)
        times[instrument.symbol] = played if before is None else np.append(before, played)
    return {symbol: np.sort(each) for symbol, each in times.items()}


def _updates(market: TapeMarket, digest: "Hash") -> dict[str, Integers]:
    """Return the moments of each symbol's updates; take them and all bars into the fingerprint."""
    symbols = {each.instrument_id: each.symbol for each in market.instruments}
    for instrument_id in symbols:
        for bars in _parts(market.bars_of(instrument_id)):
            digest.update(msgspec.msgpack.encode(bars))
    times: dict[str, list[int]] = {symbol: [] for symbol in symbols.values()}
    for updates in _parts(market.updates()):
        digest.update(msgspec.msgpack.encode([(type(each).__name__, each) for each in updates]))
        for update in updates:
            times[symbols[update.instrument_id]].append(update.time_ns)
    return {symbol: np.array(each, np.int64) for symbol, each in times.items()}


def _days_with_prices(symbol: str, times_ns: Integers) -> set[date]:
    """Return the trading days on which a symbol has a price in its liquid hours."""
    if not times_ns.size:
        return set()
    first, last = trading_day(int(times_ns[0])), trading_day(int(times_ns[-1]))
    _, liquid = catalog.sessions(symbol, first, last)
    edges = np.array([[each.open_ns, each.close_ns] for each in liquid], np.int64).reshape(-1, 2)
    counts = np.diff(np.searchsorted(times_ns, edges), axis=1)[:, 0]
    return {trading_day(each.open_ns) for each, count in zip(liquid, counts, strict=True) if count}


def _parts(items: Iterable[ItemT]) -> Iterator[Sequence[ItemT]]:
    rest = iter(items)
    while part := list(islice(rest, AT_ONCE)):
        yield part
