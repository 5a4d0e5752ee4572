"""Market data lines: which client watches what, and the ticks that a change of the book makes."""

import msgspec

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.twsim.wire import Field

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE = 0, 1, 2, 3, 4, 5
HIGH, LOW, VOLUME, CLOSE, OPEN = 6, 7, 8, 9, 14
LAST_TIMESTAMP = 45

NO_PRICE = -1.0


class Line(msgspec.Struct):
    """One market data request, and what was sent of it last."""

    request_id: int
    instrument: Instrument
    last: Quote | None = None


def opening_ticks(line: Line, market_data_type: int) -> list[list[Field]]:
    """Return what TWS sends before the first tick."""
    tick = format(line.instrument.tick_size.normalize(), "f")
    return [
        [81, line.request_id, tick, "9c0001", 3],
        [58, 1, line.request_id, market_data_type],
    ]


def ticks(line: Line, quote: Quote) -> list[list[Field]]:
    """Return the tick messages that lead from what the client knows to `quote`."""
    before, request_id = line.last, line.request_id
    messages: list[list[Field]] = []
    for price_type, size_type, price, size, old_price, old_size in (
        (
            BID,
            BID_SIZE,
            quote.bid,
            quote.bid_size,
            before.bid if before else None,
            before.bid_size if before else -1,
        ),
        (
            ASK,
            ASK_SIZE,
            quote.ask,
            quote.ask_size,
            before.ask if before else None,
            before.ask_size if before else -1,
        ),
    ):
        if price != old_price or (before is None and price is not None):
            # TWS spells a side that nobody quotes as -1 with no size.
            shown = price if price is not None else NO_PRICE
            messages.append(
                [1, 6, request_id, price_type, shown, _size(size if price is not None else 0), 1]
            )
        elif size != old_size and price is not None:
            messages.append([2, 6, request_id, size_type, _size(size)])
    if quote.last is not None and (before is None or quote.volume != before.volume):
        traded = quote.volume - before.volume if before else 0
        messages.append([1, 6, request_id, LAST, quote.last, _size(max(traded, 0)), 0])
        messages.append([2, 6, request_id, VOLUME, _size(quote.volume)])
        messages.append([46, 6, request_id, LAST_TIMESTAMP, quote.time_ns // 1_000_000_000])
    line.last = quote
    return messages


def _size(size: float) -> Field:
    return int(size) if float(size).is_integer() else size


class Lines:
    """All market data lines of all clients, by instrument."""

    def __init__(self) -> None:
        self._by_instrument: dict[InstrumentId, dict[tuple[int, int], Line]] = {}

    def add(self, client_id: int, line: Line) -> None:
        """Add a line of a client."""
        lines = self._by_instrument.setdefault(line.instrument.instrument_id, {})
        lines[client_id, line.request_id] = line

    def remove(self, client_id: int, request_id: int) -> bool:
        """Remove a line; tell whether there was one."""
        return any(
            lines.pop((client_id, request_id), None) is not None
            for lines in self._by_instrument.values()
        )

    def remove_client(self, client_id: int) -> None:
        """Remove every line of a client that is gone."""
        for lines in self._by_instrument.values():
            for key in [key for key in lines if key[0] == client_id]:
                del lines[key]

    def watching(self, instrument_id: InstrumentId) -> list[tuple[int, Line]]:
        """Return client id and line of everybody who watches an instrument."""
        lines = self._by_instrument.get(instrument_id, {})
        return [(client_id, line) for (client_id, _), line in lines.items()]
