"""Quotes: our own lines, values as they arrive, one `Quote` a contract for each socket read."""

import asyncio
from collections.abc import Callable

import msgspec
from ib_async import Contract

from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import price_or_none
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import MarketDataType, Quote
from microfutures.ports.clock import Clock

_BID, _ASK, _LAST = (1, 66), (2, 67), (4, 68)
_BID_SIZE, _ASK_SIZE, _VOLUME = (0, 69), (3, 70), (8, 74)


class Line(msgspec.Struct):
    """The values of one contract as they stand."""

    instrument_id: InstrumentId
    bid: float | None = None
    ask: float | None = None
    bid_size: float = 0.0
    ask_size: float = 0.0
    last: float | None = None
    volume: float = 0.0
    data_type: MarketDataType = MarketDataType.LIVE
    ticked_ns: int | None = None

    def quote(self, time_ns: int) -> Quote:
        """Return the values, frozen."""
        return Quote(
            self.instrument_id,
            time_ns,
            self.bid,
            self.ask,
            self.bid_size,
            self.ask_size,
            self.last,
            self.volume,
            self.data_type,
        )


class MarketDataDesk:
    """Subscribes, takes ticks in order, emits quotes."""

    def __init__(self, clock: Clock, emit: Callable[[Quote], None]) -> None:
        self._clock = clock
        self._emit = emit
        self._lines: dict[int, Line] = {}
        self._requests: dict[InstrumentId, int] = {}
        self._changed: dict[int, Line] = {}
        self.latest: dict[InstrumentId, Quote] = {}

    def subscribe(self, ib: TappedIB, instrument_id: InstrumentId, contract: Contract) -> None:
        """Ask for a stream; a running one of the same contract is ended first."""
        self.unsubscribe(ib, instrument_id)
        request_id = ib.client.getReqId()
        self._lines[request_id] = Line(instrument_id)
        self._requests[instrument_id] = request_id
        ib.client.reqMktData(request_id, contract, "", False, False, [])

    def unsubscribe(self, ib: TappedIB, instrument_id: InstrumentId) -> None:
        """End the stream of a contract, if there is one."""
        request_id = self._requests.pop(instrument_id, None)
        if request_id is not None:
            self._lines.pop(request_id, None)
            ib.client.cancelMktData(request_id)

    def forget(self) -> None:
        """Drop every line: the socket is gone, and its subscriptions with it."""
        self._lines.clear()
        self._requests.clear()
        self._changed.clear()

    def instrument_of(self, request_id: int) -> InstrumentId | None:
        """Return what a request streams."""
        line = self._lines.get(request_id)
        return line.instrument_id if line is not None else None

    def silent_seconds(self, instrument_id: InstrumentId) -> float | None:
        """Return how long nothing was heard of a contract; None before the first tick."""
        request_id = self._requests.get(instrument_id)
        line = self._lines.get(request_id) if request_id is not None else None
        if line is None or line.ticked_ns is None:
            return None
        return (self._clock.now_ns() - line.ticked_ns) / 1e9

    def on_price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        """Take a price and its size."""
        line = self._lines.get(request_id)
        if line is None:
            return
        value = price_or_none(price, size)
        if tick_type in _BID:
            line.bid, line.bid_size = value, size if value is not None else 0.0
        elif tick_type in _ASK:
            line.ask, line.ask_size = value, size if value is not None else 0.0
        elif tick_type in _LAST:
            line.last = value
        else:
            return
        self._touch(request_id, line)

    def on_size(self, request_id: int, tick_type: int, size: float) -> None:
        """Take a size."""
        line = self._lines.get(request_id)
        if line is None:
            return
        if tick_type in _BID_SIZE:
            line.bid_size = size
        elif tick_type in _ASK_SIZE:
            line.ask_size = size
        elif tick_type in _VOLUME:
            line.volume = size
        else:
            return
        self._touch(request_id, line)

    def on_data_type(self, request_id: int, data_type: int) -> None:
        """Take the kind of data of a line."""
        line = self._lines.get(request_id)
        if line is not None:
            line.data_type = MarketDataType(data_type)

    def _touch(self, request_id: int, line: Line) -> None:
        line.ticked_ns = self._clock.now_ns()
        if not self._changed:
            # The decoder works through a whole socket read before this runs.
            asyncio.get_running_loop().call_soon(self._flush)
        self._changed[request_id] = line

    def _flush(self) -> None:
        changed, self._changed = self._changed, {}
        now_ns = self._clock.now_ns()
        for line in changed.values():
            quote = self.latest[line.instrument_id] = line.quote(now_ns)
            self._emit(quote)
