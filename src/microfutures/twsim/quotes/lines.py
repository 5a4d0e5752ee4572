"""Market data lines: which client watches what, live or a quarter of an hour late."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import MarketDataType, Quote
from microfutures.twsim.quotes.day import Day, PastBars, day_of
from microfutures.twsim.quotes.ticks import (
    DELAYED,
    LIVE,
    Line,
    Tail,
    TickIds,
    changes,
    halted_tick,
    opening_messages,
)
from microfutures.twsim.wire import Field

DELAY_NS = 15 * 60 * 1_000_000_000
SNAPSHOT_NS = 11 * 1_000_000_000
"""How long TWS waits for the prices of a snapshot (IB's notes on `reqMktData`)."""

MAX_LINES = 100
"""Market data lines that a client may have at once, IB's default."""


class Watcher(Protocol):
    """What a line needs of its client."""

    client_id: int

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...

    def write(self, frames: bytes) -> None:
        """Write messages that are spelled already."""
        ...


class Feed:
    """What one instrument shows now, and who watches."""

    def __init__(self, ids: TickIds, instrument: Callable[[], Instrument]) -> None:
        self._ids = ids
        # Asked anew every time: the hours of an instrument are renewed as time goes by.
        self._instrument = instrument
        self.lines: dict[tuple[int, int], tuple[Watcher, Line]] = {}
        self.snapshots: dict[tuple[int, int], int] = {}
        """Lines that end with the first price, or at this moment at the latest (ns)."""
        self.shown: Quote | None = None
        self.last_size = 0.0
        self.day = Day()

    def everything(self) -> list[Tail]:
        """Return all the ticks that a new line begins with."""
        tails = changes(self._ids, None, self.shown, self.last_size) if self.shown else []
        if self._ids.halted is not None:
            tails.append(halted_tick(self._ids.halted))
        return tails + self.day.ticks(self._ids)

    def show(self, quote: Quote, last_size: float) -> None:
        """Send everybody what changed."""
        tails = changes(self._ids, self.shown, quote, last_size)
        is_trade = self.shown is None or quote.volume != self.shown.volume
        if (
            is_trade
            and quote.last is not None
            and self.day.add(self._instrument(), quote.time_ns, quote.last)
        ):
            tails += self.day.ticks(self._ids)
        self.shown, self.last_size = quote, last_size
        if tails:
            for watcher, line in list(self.lines.values()):
                watcher.write(line.frames(tails))
        if self.snapshots and self.has_price():
            self.end_snapshots(list(self.snapshots))

    def has_price(self) -> bool:
        """Tell whether what a snapshot waits for is there: a bid or ask, late any price at all."""
        shown = self.shown
        if shown is None:
            return False
        is_late = self._ids is DELAYED and shown.last is not None
        return is_late or shown.bid is not None or shown.ask is not None

    def end_snapshots(self, keys: Iterable[tuple[int, int]]) -> None:
        """Tell the clients that their snapshots are complete (57)."""
        for key in keys:
            del self.snapshots[key]
            watcher, line = self.lines.pop(key)
            watcher.send([57, 1, line.request_id])


class Lines:
    """All market data lines of all clients.

    Parameters
    ----------
    instrument_of
        Finds an instrument with its present hours.
    unsubscribed
        Symbols that the account has no live data of.
    """

    def __init__(
        self,
        instrument_of: Callable[[InstrumentId], Instrument],
        unsubscribed: frozenset[str] = frozenset(),
    ) -> None:
        self.unsubscribed = unsubscribed
        self._instrument_of = instrument_of
        self._feeds: dict[InstrumentId, Feed] = {}
        self._late: dict[InstrumentId, deque[tuple[Quote, float]]] = {}
        """Quotes that are not shown yet, with the size of the last trade; of delayed feeds only."""

    def is_live(self, instrument: Instrument) -> bool:
        """Tell whether the account has live data of an instrument."""
        return instrument.symbol not in self.unsubscribed

    def begin(
        self,
        watcher: Watcher,
        request_id: int,
        instrument: Instrument,
        *,
        quote: Quote | None,
        now_ns: int,
        past: PastBars,
        is_snapshot: bool,
        market_data_type: MarketDataType,
    ) -> None:
        """Send what is known now, and the changes from now on.

        A snapshot ends at once when there is a price, else with the first one or after 11 s.
        """
        feed = self._feed(instrument, quote, now_ns, past)
        line = Line(request_id)
        tick = format(instrument.tick_size.normalize(), "f")
        for message in opening_messages(request_id, tick, market_data_type):
            watcher.send(message)
        watcher.write(line.frames(feed.everything()))
        key = (watcher.client_id, request_id)
        feed.lines[key] = (watcher, line)
        if is_snapshot:
            feed.snapshots[key] = now_ns + SNAPSHOT_NS
            if feed.has_price():
                feed.end_snapshots([key])

    def has(self, client_id: int, request_id: int) -> bool:
        """Tell whether a client has a line of this id."""
        return any((client_id, request_id) in feed.lines for feed in self._feeds.values())

    def requests(self, client_id: int) -> list[tuple[int, str]]:
        """Return the lines of a client: request id and symbol."""
        return [
            (request_id, self._instrument_of(name).symbol)
            for name, feed in self._feeds.items()
            for watcher, request_id in feed.lines
            if watcher == client_id
        ]

    def symbol_of(self, client_id: int, request_id: int) -> str:
        """Return what a line shows; empty when there is no such line."""
        return dict(self.requests(client_id)).get(request_id, "")

    def tell(self, client_id: int, symbol: str, tail: Tail) -> None:
        """Send a client a tick of every line of `symbol`; of all lines if it is empty."""
        for name, feed in self._feeds.items():
            for (watching, _), (watcher, line) in feed.lines.items():
                if watching == client_id and symbol in ("", self._instrument_of(name).symbol):
                    watcher.write(line.frames([tail]))

    def tell_again(self, client_id: int) -> None:
        """Send a client all that its lines show now."""
        for feed in self._feeds.values():
            for (watching, _), (watcher, line) in feed.lines.items():
                if watching == client_id:
                    watcher.write(line.frames(feed.everything()))

    def count(self, client_id: int) -> int:
        """Return how many lines a client has."""
        return sum(key[0] == client_id for feed in self._feeds.values() for key in feed.lines)

    def remove(self, client_id: int, request_id: int) -> bool:
        """Remove a line; tell whether there was one."""
        key = (client_id, request_id)
        for feed in self._feeds.values():
            feed.snapshots.pop(key, None)
            if feed.lines.pop(key, None) is not None:
                return True
        return False

    def remove_client(self, client_id: int) -> None:
        """Remove every line of a client that is gone."""
        for feed in self._feeds.values():
            for key in [key for key in feed.lines if key[0] == client_id]:
                del feed.lines[key]
                feed.snapshots.pop(key, None)

    def on_quote(self, quote: Quote, last_size: float) -> None:
        """Show a quote to whoever watches, now or when it is old enough."""
        feed = self._feeds.get(quote.instrument_id)
        if feed is None:
            return
        late = self._late.get(quote.instrument_id)
        if late is None:
            feed.show(quote, last_size)
        else:
            late.append((quote, last_size))

    def on_time(self, now_ns: int) -> None:
        """Show the delayed quotes that are old enough by now, end snapshots that had none."""
        for feed in self._feeds.values():
            if feed.snapshots:
                late_ones = [key for key, until in feed.snapshots.items() if until <= now_ns]
                feed.end_snapshots(late_ones)
        for instrument_id, late in self._late.items():
            while late and late[0][0].time_ns <= now_ns - DELAY_NS:
                self._feeds[instrument_id].show(*late.popleft())

    def _feed(
        self, instrument: Instrument, quote: Quote | None, now_ns: int, past: PastBars
    ) -> Feed:
        name = instrument.instrument_id
        feed = self._feeds.get(name)
        if feed is not None:
            return feed
        is_live = self.is_live(instrument)
        feed = Feed(LIVE if is_live else DELAYED, lambda: self._instrument_of(name))
        self._feeds[name] = feed
        if is_live:
            feed.shown = quote
            feed.day = day_of(instrument, now_ns, past)
            return feed
        self._late[name] = deque()
        then_ns = now_ns - DELAY_NS
        feed.day = day_of(instrument, then_ns, past)
        bars = past(then_ns, 60, 1)
        if bars and instrument.security_type is not SecurityType.CURRENCY:
            feed.shown = Quote(name, then_ns, last=bars[-1].close)
        return feed
