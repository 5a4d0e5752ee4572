"""A market as the demo's, but slow: a trading day has a few thousand quotes instead of 200,000."""

from collections.abc import Iterator

from msgspec.structs import replace

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.venue.bars import SHORTEST_SECONDS
from microfutures.venue.market import MarketSource
from microfutures.venue.messages import BookUpdate, MarketUpdate, TradeUpdate


class SlowMarket:
    """A `MarketSource` that plays another one `slowness` times slower, with few of its trades.

    Parameters
    ----------
    source
        What is played; one moment of it after the start is `slowness` moments here.
    quoted
        Contracts whose updates are passed on; the others stay listed without a price.
    keep_each
        Of the trades of a contract, one in so many is passed on.
    thinness
        Sizes of books are divided by it.
    """

    def __init__(
        self,
        source: MarketSource,
        *,
        slowness: int,
        keep_each: int,
        thinness: int,
        quoted: frozenset[InstrumentId],
    ) -> None:
        self._source = source
        self._slowness = slowness
        self._keep_each = keep_each
        self._thinness = thinness
        self._quoted = quoted

    @property
    def start_ns(self) -> int:
        """Return the moment at which the market begins, nanoseconds UTC."""
        return self._source.start_ns

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return everything listed."""
        return self._source.instruments

    def updates(self) -> Iterator[MarketUpdate]:
        """Yield the slowed market."""
        seen: dict[InstrumentId, int] = {}
        for update in self._source.updates():
            name = update.instrument_id
            if name not in self._quoted:
                continue
            if isinstance(update, TradeUpdate):
                seen[name] = seen.get(name, 0) + 1
                if seen[name] % self._keep_each:
                    continue
            yield self._thinned(replace(update, time_ns=self._slowed(update.time_ns)))

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return bars before the start, slowed as far as the source has finer ones."""
        slowness = max(
            each
            for each in range(1, self._slowness + 1)
            if bar_seconds % (each * SHORTEST_SECONDS) == 0
        )
        end_ns = self.start_ns - (self.start_ns - end_ns) // slowness
        bars = self._source.history(instrument_id, end_ns, bar_seconds // slowness, count)
        return [
            replace(
                bar,
                start_ns=self.start_ns + (bar.start_ns - self.start_ns) * slowness,
                seconds=bar_seconds,
            )
            for bar in bars
        ]

    def describe(self) -> str:
        """Say in one line what market this is."""
        return f"{self._slowness} times slower: {self._source.describe()}"

    def _thinned(self, update: MarketUpdate) -> MarketUpdate:
        if not isinstance(update, BookUpdate):
            return update
        sizes = (update.bid_size, update.ask_size)
        # One where there was any: an empty side is another matter.
        bid, ask = (max(size // self._thinness, min(size, 1)) for size in sizes)
        return replace(update, bid_size=bid, ask_size=ask)

    def _slowed(self, time_ns: int) -> int:
        return self.start_ns + (time_ns - self.start_ns) * self._slowness
