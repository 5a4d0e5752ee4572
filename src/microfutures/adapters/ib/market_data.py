"""Quotes: our own lines, values as they arrive, one `Quote` a contract for each socket read."""

from collections.abc import Callable

import msgspec
from ib_async import Contract

from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import price_or_none
from microfutures.model.flaws import Flaw
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import MarketDataType, Quote
from microfutures.ports.clock import Clock

_BID, _ASK, _LAST = (1, 66), (2, 67), (4, 68)
HALTED = 49
"""Above 0 while trading is halted; IB, "Available Tick Types"."""
_BID_SIZE, _ASK_SIZE, _VOLUME = (0, 69), (3, 70), (8, 74)

FARMS = {"FUT": "usfuture", "STK": "usfarm"}
"""What the names of the farms begin with that feed a kind of contract; any may feed other kinds."""
FIRST_DELAYED_TICK = 66
ASK_FOR_DELAYED = 3
"""Market data type of IB: live where subscribed, delayed elsewhere."""

_NO_LIVE_DATA = (354, 10089, 10091, 10168, 10186)


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
    is_halted: bool = False
    is_farm_lost: bool = False
    """Until a tick comes: another farm may have stepped in, under another name."""
    heard_ns: int = 0
    """When the socket read that brought the latest tick ended; of the request before the first."""
    is_ticked: bool = False
    """Whether this socket read brought a tick."""

    def quote(self) -> Quote:
        """Return the values, frozen; as old as the latest tick."""
        return Quote(
            self.instrument_id,
            self.heard_ns,
            self.bid,
            self.ask,
            self.bid_size,
            self.ask_size,
            self.last,
            self.volume,
            self.data_type,
            self.trouble if self.is_halted or self.is_farm_lost else Flaw.NONE,
        )

    @property
    def trouble(self) -> Flaw:
        """Return what TWS said of the line beside its prices."""
        if self.is_halted:
            return Flaw.HALTED
        return Flaw.FARM_LOST if self.is_farm_lost else Flaw.NONE


class MarketDataDesk:
    """Subscribes, takes ticks in order, emits quotes."""

    def __init__(self, clock: Clock, emit: Callable[[Quote], None]) -> None:
        self._clock = clock
        self._emit = emit
        self._lines: dict[int, Line] = {}
        self._requests: dict[InstrumentId, int] = {}
        self._contracts: dict[InstrumentId, Contract] = {}
        self._changed: dict[int, Line] = {}
        self._lost_farms: set[str] = set()
        self._fell_back: set[InstrumentId] = set()
        self.latest: dict[InstrumentId, Quote] = {}

    def subscribe(self, ib: TappedIB, instrument_id: InstrumentId, contract: Contract) -> None:
        """Ask for a stream; a running one of the same contract is ended first."""
        self.unsubscribe(ib, instrument_id)
        request_id = ib.client.getReqId()
        self._contracts[instrument_id] = contract
        self._lines[request_id] = Line(
            instrument_id,
            is_farm_lost=self._is_without_farm(instrument_id),
            heard_ns=self._clock.now_ns(),
        )
        self._requests[instrument_id] = request_id
        ib.client.reqMktData(request_id, contract, "", False, False, [])

    def unsubscribe(self, ib: TappedIB, instrument_id: InstrumentId) -> None:
        """End the stream of a contract, if there is one."""
        request_id = self._requests.pop(instrument_id, None)
        if request_id is not None:
            self._lines.pop(request_id, None)
            ib.client.cancelMktData(request_id)

    def renew(self, ib: TappedIB, instrument_id: InstrumentId) -> None:
        """End a running stream and ask for it again."""
        self.subscribe(ib, instrument_id, self._contracts[instrument_id])

    def renew_doubtful(self, ib: TappedIB) -> None:
        """Ask anew for what is halted or not live: such a state is told once, its end as well."""
        for line in list(self._lines.values()):
            if line.is_halted or line.data_type is not MarketDataType.LIVE:
                self.renew(ib, line.instrument_id)

    def forget(self) -> None:
        """Drop every line: the socket is gone, and its subscriptions with it."""
        self._lines.clear()
        self._requests.clear()
        self._lost_farms.clear()
        self._changed.clear()
        self._fell_back.clear()

    @property
    def subscribed(self) -> tuple[InstrumentId, ...]:
        """Return what is streamed."""
        return tuple(self._requests)

    def instrument_of(self, request_id: int) -> InstrumentId | None:
        """Return what a request streams."""
        line = self._lines.get(request_id)
        return line.instrument_id if line is not None else None

    def silent_seconds(self, instrument_id: InstrumentId) -> float | None:
        """Return since when nothing was heard of a stream; None for what isn't streamed."""
        line = self._lines.get(self._requests.get(instrument_id, -1))
        return None if line is None else (self._clock.now_ns() - line.heard_ns) / 1e9

    def fall_back(self, ib: TappedIB, request_id: int, code: int) -> bool:
        """Ask for delayed data instead, once, if `code` says that live data are not to be had.

        Delayed quotes are marked as such, and such quotes are never traded on.
        """
        line = self._lines.get(request_id)
        if line is None or code not in _NO_LIVE_DATA or line.instrument_id in self._fell_back:
            return False
        self._fell_back.add(line.instrument_id)
        ib.client.reqMarketDataType(ASK_FOR_DELAYED)
        self.renew(ib, line.instrument_id)
        return True

    def on_price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        """Take a price and its size."""
        line = self._lines.get(request_id)
        if line is None:
            return
        value = price_or_none(price, size)
        if tick_type >= FIRST_DELAYED_TICK and line.data_type is MarketDataType.LIVE:
            line.data_type = MarketDataType.DELAYED
        if tick_type in _BID:
            line.bid, line.bid_size = value, size if value is not None else 0.0
        elif tick_type in _ASK:
            line.ask, line.ask_size = value, size if value is not None else 0.0
        elif tick_type in _LAST:
            line.last = value
        else:
            return
        line.is_ticked, line.is_farm_lost = True, False
        self._changed[request_id] = line

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
        line.is_ticked, line.is_farm_lost = True, False
        self._changed[request_id] = line

    def on_generic(self, request_id: int, tick_type: int, value: float) -> None:
        """Take a halt, or its end."""
        line = self._lines.get(request_id)
        if line is None or tick_type != HALTED:
            return
        if line.is_halted is not (value > 0):
            line.is_halted = value > 0
            self._changed[request_id] = line

    def on_farm(self, farm: str, *, is_lost: bool) -> None:
        """Take the loss of a data farm, or its return: it feeds some contracts and not others."""
        (self._lost_farms.add if is_lost else self._lost_farms.discard)(farm)
        for request_id, line in self._lines.items():
            is_without = self._is_without_farm(line.instrument_id)
            if line.is_farm_lost is not is_without:
                line.is_farm_lost = is_without
                self._changed[request_id] = line

    def _is_without_farm(self, instrument_id: InstrumentId) -> bool:
        start = FARMS.get(self._contracts[instrument_id].secType)
        return any(start is None or farm.startswith(start) for farm in self._lost_farms)

    def on_data_type(self, request_id: int, data_type: int) -> None:
        """Take the kind of data of a line."""
        line = self._lines.get(request_id)
        if line is None:
            return
        # A kind that nobody documented is not traded on.
        is_known = data_type in MarketDataType.__members__.values()
        kind = MarketDataType(data_type) if is_known else MarketDataType.DELAYED
        if kind is not line.data_type:
            line.data_type = kind
            self._changed[request_id] = line

    def on_read(self) -> None:
        """Emit what the socket read that just ended has changed."""
        if not self._changed:
            return
        changed, self._changed = self._changed, {}
        now_ns = self._clock.now_ns()
        for line in changed.values():
            if line.is_ticked:
                line.heard_ns, line.is_ticked = now_ns, False
            quote = self.latest[line.instrument_id] = line.quote()
            self._emit(quote)
