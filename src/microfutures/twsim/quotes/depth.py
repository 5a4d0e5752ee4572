"""Market depth: a book of several levels around the venue's touch, and who watches it.

The venue knows the touch only. What lies behind it is made: each price has a size of its own that
follows from the instrument and the price alone, so the book moves as a whole when the touch does.
"""

from typing import Protocol
from zlib import crc32

import msgspec

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.twsim.quotes.tick_streams import size_text
from microfutures.twsim.wire import Field

INSERT, UPDATE, DELETE = 0, 1, 2
ASK, BID = 0, 1
LARGEST_LEVEL = 40
"""Lots that a level behind the touch holds at most."""


class Level(msgspec.Struct, frozen=True):
    """One row of one side of the book."""

    price: float
    size: float
    market_maker: str = ""


class Receiver(Protocol):
    """What depth needs of its client."""

    client_id: int

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...


def levels(
    instrument: Instrument, quote: Quote, side: int, rows: int, makers: tuple[str, ...] = ("",)
) -> list[Level]:
    """Return one side of the book, best price first; empty where nobody quotes."""
    price, size = (quote.bid, quote.bid_size) if side == BID else (quote.ask, quote.ask_size)
    if price is None:
        return []
    step = -1 if side == BID else 1
    lot = 100 if instrument.multiplier == 1 else 1
    best = instrument.ticks_at_or_below(price)
    found = [Level(price, size, makers[best % len(makers)])]
    for row in range(1, rows):
        ticks = best + step * row
        mix = crc32(f"{instrument.instrument_id}/{side}/{ticks}".encode())
        lots = 1 + mix % LARGEST_LEVEL
        found.append(
            Level(instrument.float_price(ticks), float(lots * lot), makers[ticks % len(makers)])
        )
    return found


class Watch:
    """One depth request of one client.

    ``makers`` are the exchanges whose names stand in the rows; none for the book of one exchange.
    """

    def __init__(
        self,
        client: Receiver,
        request_id: int,
        instrument: Instrument,
        *,
        rows: int,
        makers: tuple[str, ...] = (),
        is_smart: bool = False,
    ) -> None:
        self.client = client
        self.request_id = request_id
        self.instrument = instrument
        self._rows = rows
        self._makers = makers
        self._is_smart = is_smart
        self._shown: dict[int, list[Level]] = {ASK: [], BID: []}

    def show(self, quote: Quote) -> None:
        """Send the rows that differ from what was sent before."""
        for side in (ASK, BID):
            new = levels(self.instrument, quote, side, self._rows, self._makers or ("",))
            old, self._shown[side] = self._shown[side], new
            for row, level in enumerate(new):
                if row >= len(old):
                    self._send(row, INSERT, side, level)
                elif level != old[row]:
                    self._send(row, UPDATE, side, level)
            for row in range(len(old) - 1, len(new) - 1, -1):
                self._send(row, DELETE, side, Level(0.0, 0.0, old[row].market_maker))

    def _send(self, row: int, operation: int, side: int, level: Level) -> None:
        tail: list[Field] = [operation, side, level.price, size_text(level.size)]
        if not self._makers:
            self.client.send([12, 1, self.request_id, row, *tail])
            return
        maker: list[Field] = [level.market_maker]
        self.client.send([13, 1, self.request_id, row, *maker, *tail, self._is_smart])


class Depth:
    """All depth requests of all clients, by instrument."""

    def __init__(self) -> None:
        self._watches: dict[InstrumentId, dict[tuple[int, int], Watch]] = {}

    def add(self, watch: Watch) -> None:
        """Feed a request from now on."""
        name = watch.instrument.instrument_id
        key = (watch.client.client_id, watch.request_id)
        self._watches.setdefault(name, {})[key] = watch

    def has(self, client_id: int, request_id: int) -> bool:
        """Tell whether a client has a request of this id."""
        return any((client_id, request_id) in watches for watches in self._watches.values())

    def count(self, client_id: int) -> int:
        """Return how many books a client watches."""
        return sum(key[0] == client_id for watches in self._watches.values() for key in watches)

    def remove(self, client_id: int, request_id: int) -> bool:
        """End a request; tell whether there was one."""
        key = (client_id, request_id)
        return any(watches.pop(key, None) is not None for watches in self._watches.values())

    def remove_client(self, client_id: int) -> None:
        """End every request of a client that is gone."""
        for watches in self._watches.values():
            for key in [key for key in watches if key[0] == client_id]:
                del watches[key]

    def on_quote(self, quote: Quote) -> None:
        """Show a change of the touch to whoever watches."""
        for watch in list(self._watches.get(quote.instrument_id, {}).values()):
            watch.show(quote)
