"""Ticks: the messages that a change of a quote makes, spelled once for everybody who watches."""

import msgspec

from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.twsim.wire import Field, frame

PRICE, SIZE, GENERIC, STRING = 0, 1, 2, 3
"""Kinds of tick messages; places in `HEADS`."""

HEADS = (b"1\x006\x00", b"2\x006\x00", b"45\x006\x00", b"46\x006\x00")
"""Message id and version, in the order of the kinds; the request id follows."""

NO_PRICE = -1.0
CAN_AUTO_EXECUTE = 1

Tail = tuple[int, bytes]
"""Kind of a tick message and all that follows its request id."""


class TickIds(msgspec.Struct, frozen=True):
    """IB's numbers of the ticks of one feed."""

    bid_size: int
    bid: int
    ask: int
    ask_size: int
    last: int
    last_size: int
    high: int
    low: int
    volume: int
    close: int
    open: int
    last_timestamp: int
    halted: int | None


LIVE = TickIds(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 45, 49)
DELAYED = TickIds(69, 66, 67, 70, 68, 71, 72, 73, 74, 75, 76, 88, None)


class Line:
    """One market data request of one client."""

    __slots__ = ("_heads", "request_id")

    def __init__(self, request_id: int) -> None:
        self.request_id = request_id
        name = b"%d\x00" % request_id
        self._heads = tuple(head + name for head in HEADS)

    def frames(self, tails: list[Tail]) -> bytes:
        """Return the messages that bring `tails` to this request."""
        return b"".join([frame(self._heads[kind] + tail) for kind, tail in tails])


def opening_messages(request_id: int, tick_size: str, market_data_type: int) -> list[list[Field]]:
    """Return what TWS sends before the first tick."""
    return [
        [81, request_id, tick_size, "9c0001", 3],
        [58, 1, request_id, market_data_type],
    ]


def changes(ids: TickIds, before: Quote | None, quote: Quote, last_size: float) -> list[Tail]:
    """Return the ticks that lead from `before`, None at first, to `quote`."""
    tails: list[Tail] = []
    old = before or _NOTHING
    if quote.bid != old.bid:
        tails.append(_price(ids.bid, quote.bid, quote.bid_size))
    elif quote.bid_size != old.bid_size and quote.bid is not None:
        tails.append(size_tick(ids.bid_size, quote.bid_size))
    if quote.ask != old.ask:
        tails.append(_price(ids.ask, quote.ask, quote.ask_size))
    elif quote.ask_size != old.ask_size and quote.ask is not None:
        tails.append(size_tick(ids.ask_size, quote.ask_size))
    if quote.last is not None and (quote.last, quote.volume) != (old.last, old.volume):
        tails.append(price_tick(ids.last, quote.last, last_size))
        tails.append(size_tick(ids.last_size, last_size))
        tails.append(size_tick(ids.volume, quote.volume))
        moment = quote.time_ns // 1_000_000_000
        tails.append((STRING, b"%d\x00%d\x00" % (ids.last_timestamp, moment)))
    return tails


def price_tick(tick_id: int, price: float, size: float = 0.0, *, attributes: int = 0) -> Tail:
    """Return a tick price message."""
    return PRICE, f"{tick_id}\0{price!r}\0{_plain(size)}\0{attributes}\0".encode()


def size_tick(tick_id: int, size: float) -> Tail:
    """Return a tick size message."""
    return SIZE, f"{tick_id}\0{_plain(size)}\0".encode()


def halted_tick(tick_id: int, *, is_on: bool = False) -> Tail:
    """Return the tick that says whether trading is halted."""
    return GENERIC, b"%d\x00%d\x00" % (tick_id, is_on)


def _price(tick_id: int, price: float | None, size: float) -> Tail:
    # TWS spells a side that nobody quotes as -1 with no size.
    if price is None:
        return price_tick(tick_id, NO_PRICE, attributes=CAN_AUTO_EXECUTE)
    return price_tick(tick_id, price, size, attributes=CAN_AUTO_EXECUTE)


def _plain(size: float) -> str:
    return str(int(size)) if float(size).is_integer() else repr(size)


_NOTHING = Quote(InstrumentId(""), 0)
