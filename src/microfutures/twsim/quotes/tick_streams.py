"""Streams of single ticks (message 99): every trade, every quote, or every midpoint."""

from typing import Protocol

from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.twsim.history.tick_tape import SECOND, Trade
from microfutures.twsim.wire import Field

TICK_TYPES = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}
"""IB's names and numbers."""

_TRADED = ("Last", "AllLast")


class Receiver(Protocol):
    """What a stream needs of its client."""

    client_id: int

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...


class Stream:
    """One tick-by-tick request of one client."""

    def __init__(
        self, client: Receiver, request_id: int, kind: str, exchange: str, *, ignores_size: bool
    ) -> None:
        self.client = client
        self.request_id = request_id
        self._kind = kind
        self._exchange = exchange
        self._ignores_size = ignores_size
        self._shown: tuple[float | None, ...] | None = None

    def on_trade(self, trade: Trade) -> None:
        """Send a trade if trades are what it shows."""
        if self._kind in _TRADED:
            self._send(trade.time_ns, trade.price, size_text(trade.size), 0, self._exchange, "")

    def on_quote(self, quote: Quote) -> None:
        """Send a quote or midpoint if that is what it shows, and it changed."""
        if self._kind in _TRADED or not quote.is_two_sided:
            return
        shown: tuple[float | None, ...] = (quote.mid,)
        if self._kind == "BidAsk":
            sizes = () if self._ignores_size else (quote.bid_size, quote.ask_size)
            shown = (quote.bid, quote.ask, *sizes)
        if shown == self._shown:
            return
        self._shown = shown
        if self._kind == "MidPoint":
            self._send(quote.time_ns, quote.mid)
        else:
            sizes_text = (size_text(quote.bid_size), size_text(quote.ask_size))
            self._send(quote.time_ns, quote.bid, quote.ask, *sizes_text, 0)

    def _send(self, time_ns: int, *values: Field) -> None:
        head = (99, self.request_id, TICK_TYPES[self._kind], time_ns // SECOND)
        self.client.send([*head, *values])


class Identified(Protocol):
    """A client by its id."""

    client_id: int


class Listener(Protocol):
    """One request that follows trades and quotes."""

    request_id: int

    @property
    def client(self) -> Identified:
        """Return whose request it is."""
        ...

    def on_trade(self, trade: Trade) -> None:
        """Take a trade."""
        ...

    def on_quote(self, quote: Quote) -> None:
        """Take a quote."""
        ...


class TickStreams:
    """All requests of one kind that follow trades and quotes, of all clients, by instrument."""

    def __init__(self) -> None:
        self._streams: dict[InstrumentId, dict[tuple[int, int], Listener]] = {}

    def add(self, name: InstrumentId, stream: Listener) -> None:
        """Feed a stream from now on."""
        key = (stream.client.client_id, stream.request_id)
        self._streams.setdefault(name, {})[key] = stream

    def has(self, client_id: int, request_id: int) -> bool:
        """Tell whether a client has a stream of this id."""
        return any((client_id, request_id) in streams for streams in self._streams.values())

    def count(self, client_id: int) -> int:
        """Return how many streams a client has."""
        return sum(key[0] == client_id for streams in self._streams.values() for key in streams)

    def remove(self, client_id: int, request_id: int) -> bool:
        """End a stream; tell whether there was one."""
        key = (client_id, request_id)
        return any(streams.pop(key, None) is not None for streams in self._streams.values())

    def remove_client(self, client_id: int) -> None:
        """End every stream of a client that is gone."""
        for streams in self._streams.values():
            for key in [key for key in streams if key[0] == client_id]:
                del streams[key]

    def on_trade(self, name: InstrumentId, trade: Trade) -> None:
        """Show a trade to whoever watches."""
        for stream in list(self._streams.get(name, {}).values()):
            stream.on_trade(trade)

    def on_quote(self, quote: Quote) -> None:
        """Show a quote to whoever watches."""
        for stream in list(self._streams.get(quote.instrument_id, {}).values()):
            stream.on_quote(quote)


def size_text(size: float) -> str:
    """Return a size as TWS writes it, whole where it is whole."""
    return str(int(size)) if float(size).is_integer() else repr(size)
