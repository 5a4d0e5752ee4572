"""`microfutures data download`: past bars from IB into the store, to be taken up where it stopped.

Backwards from the end, one request at a time; each answer is stored before the next is asked for.
What is known is never asked again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from microfutures.adapters.ib import IBManager
from microfutures.adapters.ib.archive import stretch_ns
from microfutures.adapters.store.coverage import Coverage
from microfutures.adapters.store.findings import shown
from microfutures.adapters.store.series import Kind, Series, dated_name, seconds_of
from microfutures.adapters.store.store import MarketStore, Merge, OnConflict
from microfutures.adapters.store.tidy import to_table
from microfutures.app.data.views import parse_moment
from microfutures.model import catalog
from microfutures.model.errors import (
    BrokerRequestError,
    BrokerUnavailableError,
    ConfigurationError,
    InvalidValueError,
)
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, from_datetime, to_datetime

ATTEMPTS = 4
PAUSE_SECONDS = 30.0
"""After a time-out or a word about the pace."""

SAME_CONTRACT_SECONDS = 0.5
"""IB takes fewer than six requests for bars of one contract in two seconds (its pacing rules)."""

PACING = "pacing"
AGAIN = "run it again: it goes on where it stopped"

Say = Callable[[str], None]
T = TypeVar("T")


class DownloadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted, as flags say it."""

    symbols: tuple[str, ...]
    store: Path
    resolution: str = "1m"
    start_ns: int | None = None
    """None means as far back as IB goes."""
    end_ns: int | None = None
    """None means now."""


def request_of(
    symbols: Sequence[str], store: Path, resolution: str, start: str | None, end: str | None
) -> DownloadRequest:
    """Return what the flags ask for."""
    begins, ends = parse_moment("--from", start), parse_moment("--to", end)
    for symbol in symbols:
        catalog.spec(symbol)
    return DownloadRequest(
        symbols=tuple(symbols),
        store=store,
        resolution=resolution,
        start_ns=None if begins is None else from_datetime(begins),
        end_ns=None if ends is None else from_datetime(ends),
    )


def run_download(
    request: DownloadRequest, *, host: str, port: int, client_id: int, say: Say
) -> None:
    """Download from the TWS at an address.

    Raises
    ------
    BrokerUnavailableError
        If it can't be reached, or doesn't answer any more; what came is stored.
    BrokerRequestError
        If it refused.
    ConfigurationError
        If IB makes no bars of this length.
    """
    manager = IBManager(host, port, client_id, symbols=request.symbols, port_given=True)
    asyncio.run(download(manager, request, say=say))


async def download(manager: IBManager, request: DownloadRequest, *, say: Say) -> None:
    """Connect, bring in what is missing of every symbol, disconnect."""
    bar_seconds = _bar_seconds(request.resolution)
    if not await manager.connect_async():
        raise BrokerUnavailableError(
            "no connection to TWS or IB Gateway; start it, or check --host and --port"
        )
    try:
        for symbol in request.symbols:
            instrument = manager.instrument(Symbol(symbol))
            if instrument is None:
                raise BrokerUnavailableError(f"{symbol} was not resolved; try again")
            await _Series(manager, request, instrument.instrument_id, bar_seconds, say).fetch()
    finally:
        await manager.stop()


class _Series:
    """One contract's download."""

    def __init__(
        self,
        manager: IBManager,
        request: DownloadRequest,
        instrument_id: InstrumentId,
        bar_seconds: int,
        say: Say,
    ) -> None:
        self._manager = manager
        self._request = request
        self._instrument_id = instrument_id
        self._bar_seconds = bar_seconds
        self._say = say
        self._store = MarketStore(request.store)
        name = dated_name(instrument_id, to_datetime(manager.now_ns()).year)
        self._series = Series(name, Kind.BARS, request.resolution)
        self._coverage = Coverage(request.store / self._series.folder)
        self._total = Merge()

    async def fetch(self) -> None:
        """Bring in everything that is missing, latest first."""
        start_ns, end_ns = await self._bounds()
        missing = self._coverage.missing(start_ns, end_ns)
        if not missing:
            self._say(f"{self._series}: everything to {shown(end_ns)} is there")
            return
        self._say(f"{self._series}: from {shown(start_ns)} to {shown(end_ns)}")
        for first, last in reversed(missing):
            await self._fetch_stretch(first, last)
        total = self._total
        self._say(
            f"{self._series}: {total.added:,} rows added, {total.known:,} known, "
            f"{total.replaced:,} replaced"
        )

    async def _bounds(self) -> tuple[int, int]:
        """Return from when to when, the unfinished bar left out."""
        length_ns = self._bar_seconds * NANOSECONDS_PER_SECOND
        now_ns = self._manager.now_ns()
        end_ns = min(self._request.end_ns or now_ns, now_ns) // length_ns * length_ns
        head_ns = await self._ask(partial(self._manager.head_ns, self._instrument_id))
        if head_ns is None:
            raise ConfigurationError(f"IB has no trades of {self._instrument_id}")
        start_ns = max(self._request.start_ns or head_ns, head_ns)
        if start_ns >= end_ns:
            raise ConfigurationError(
                f"{self._series}: IB's bars reach from {shown(head_ns)} to {shown(now_ns)}, and "
                f"none of that is asked for by --from and --to"
            )
        return start_ns, end_ns

    async def _fetch_stretch(self, first_ns: int, last_ns: int) -> None:
        end_ns = last_ns
        while end_ns > first_ns:
            ask = self._manager.bars_before
            bars = await self._ask(partial(ask, self._instrument_id, end_ns, self._bar_seconds))
            wanted = [bar for bar in bars if bar.start_ns >= first_ns]
            begin_ns = end_ns - stretch_ns(self._bar_seconds)
            if bars:
                # A day of IB's is one of trading: its first bar may lie further back.
                begin_ns = bars[0].start_ns
            begin_ns = max(begin_ns, first_ns)
            self._keep(wanted)
            self._coverage.add(begin_ns, end_ns)
            self._say(f"  {shown(begin_ns)}  {len(wanted):,} bars")
            end_ns = begin_ns

    def _keep(self, bars: Sequence[Bar]) -> None:
        if not bars:
            return
        names = ("open", "high", "low", "close", "volume")
        moments = np.array([bar.start_ns for bar in bars], dtype=np.int64)
        columns = {name: np.array([getattr(bar, name) for bar in bars]) for name in names}
        table = to_table(Kind.BARS, moments, columns)
        # IB restates bars now and then: its latest word counts.
        merge = self._store.merge(self._series, table, OnConflict.REPLACE)
        self._total = self._total.plus(merge)

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Return the answer, asked for again after a time-out or a word about the pace."""
        for attempt in range(1, ATTEMPTS + 1):
            await self._manager.clock.sleep(SAME_CONTRACT_SECONDS)
            try:
                return await question()
            except TimeoutError:
                reason = "no answer"
            except BrokerRequestError as error:
                if PACING not in str(error).lower():
                    raise
                reason = str(error)
            except ConnectionError as error:
                raise BrokerUnavailableError(
                    f"{str(error) or 'the line is lost'}; {AGAIN}"
                ) from error
            if attempt < ATTEMPTS:
                self._say(f"  {reason}; asking again in {PAUSE_SECONDS:.0f} s")
                await self._manager.clock.sleep(PAUSE_SECONDS)
        raise BrokerUnavailableError(f"{reason}, {ATTEMPTS} times; {AGAIN}")


def _bar_seconds(resolution: str) -> int:
    try:
        seconds = seconds_of(resolution)
        stretch_ns(seconds)
    except InvalidValueError as error:
        raise ConfigurationError(f"--resolution {resolution}: {error}") from error
    return seconds
