"""Warm-up bars."""

from itertools import pairwise

from ib_async import Contract, RequestError
from msgspec.structs import replace

from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.pacing import SAME_REQUEST_SECONDS, Pacer
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import bar_of
from microfutures.model.bar_sizes import SIZES
from microfutures.model.errors import BrokerRequestError, InvalidValueError
from microfutures.model.events import HistoryLoaded
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Bar
from microfutures.model.timestamp import seconds
from microfutures.ports.clock import Clock

REQUEST_SECONDS = 15.0


def duration(bars: int, bar_seconds: int) -> str:
    """Return IB's spelling of a span that holds `bars` bars, closed hours included."""
    needed = bars * bar_seconds
    if needed <= 4 * 3600:
        return f"{max(2 * needed, 1800)} S"
    return f"{min(-(-needed // (6 * 3600)) + 1, 365)} D"


class HistoryDesk:
    """Loads warm-up bars at the pace IB allows."""

    def __init__(self, *, clock: Clock, pacer: Pacer, bar_seconds: int, bars: int) -> None:
        self._clock = clock
        self._pacer = pacer
        self._bar_seconds = bar_seconds
        self._bars = bars
        self._loaded: dict[InstrumentId, HistoryLoaded] = {}

    def latest(self, instrument_id: InstrumentId) -> tuple[Bar, ...]:
        """Return the bars loaded last; empty before any were."""
        loaded = self._loaded.get(instrument_id)
        return loaded.bars if loaded is not None else ()

    @property
    def pacer(self) -> Pacer:
        """Return what counts the requests for bars."""
        return self._pacer

    async def load(self, ib: TappedIB, resolved: Resolved) -> HistoryLoaded:
        """Return past bars of trades, ascending, thin hours included, the unfinished one left out.

        Raises
        ------
        BrokerRequestError
            If the broker refused.
        InvalidValueError
            If its bars make no sense.
        TimeoutError
            If it did not answer.
        """
        instrument_id = resolved.instrument.instrument_id
        loaded = self._loaded.get(instrument_id)
        now_ns = self._clock.now_ns()
        if loaded is not None and now_ns - loaded.time_ns < seconds(SAME_REQUEST_SECONDS):
            # IB refuses the same request twice in 15 seconds: a line that flaps gets the same bars.
            return replace(loaded, time_ns=now_ns)
        await self._pacer.wait_turn(f"bars {instrument_id}")
        bars = await self._ask(ib, resolved.contract)
        loaded = HistoryLoaded(time_ns=self._clock.now_ns(), instrument_id=instrument_id, bars=bars)
        self._loaded[instrument_id] = loaded
        return loaded

    async def _ask(self, ib: TappedIB, contract: Contract) -> tuple[Bar, ...]:
        try:
            answer = await ib.reqHistoricalDataAsync(
                contract,
                "",
                duration(self._bars, self._bar_seconds),
                SIZES[self._bar_seconds],
                "TRADES",
                useRTH=False,
                formatDate=2,
                timeout=REQUEST_SECONDS,
            )
        except RequestError as error:
            raise BrokerRequestError(error.code, error.message) from error
        if not answer:
            # ib_async turns its time-out into an empty list; TWS says 162 where there is nothing.
            raise TimeoutError
        bars = tuple(bar_of(bar, self._bar_seconds) for bar in answer)
        if any(later.start_ns <= earlier.start_ns for earlier, later in pairwise(bars)):
            raise InvalidValueError(
                f"the broker's bars of {contract.localSymbol} are not ascending"
            )
        finished_by = self._clock.now_ns() - seconds(self._bar_seconds)
        return tuple(bar for bar in bars if bar.start_ns <= finished_by)
