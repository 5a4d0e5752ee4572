"""Keeps one connection up: tries, waits, serves, tries again."""

import asyncio
from collections.abc import Sequence
from random import Random

from microfutures.adapters.ib.connection import Backoff, ConnectionSettings
from microfutures.adapters.ib.link import Link
from microfutures.adapters.ib.parts import Parts
from microfutures.adapters.ib.previews import failed
from microfutures.model.errors import BrokerUnavailableError
from microfutures.model.events import ConnectionState
from microfutures.model.identifiers import InstrumentId, IntentId
from microfutures.model.intents import TargetLeg
from microfutures.model.market import Bar

CONNECT_ATTEMPTS = 3


class Supervisor:
    """Owns the link that is up, if one is."""

    def __init__(self, settings: ConnectionSettings, parts: Parts) -> None:
        self._settings = settings
        self._parts = parts
        self._backoff = Backoff(Random(settings.client_id))  # noqa: S311 - jitter, not a secret
        self._link: Link | None = None
        self._stopping = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Tell whether the line is up and synchronised."""
        return self._parts.voice.state is ConnectionState.CONNECTED

    @property
    def reason_against_orders(self) -> str:
        """Return why no order can be sent now; empty when it can."""
        if self._link is None:
            return "not connected"
        return "TWS has lost IB's servers" if self._link.is_upstream_lost else ""

    async def connect(self) -> bool:
        """Try a few times to connect; return whether it worked."""
        self._stopping.clear()
        for attempt in range(1, CONNECT_ATTEMPTS + 1):
            if self._link is not None or await self._open(attempt):
                return True
            if attempt < CONNECT_ATTEMPTS:
                await self._pause()
        return False

    async def run(self) -> None:
        """Connect, and connect again whenever the line is lost, until `stop`."""
        self._stopping.clear()
        async with self._parts.crew.on_duty():
            attempt = 0
            while not self._stopping.is_set():
                attempt += 1
                if self._link is not None or await self._open(attempt):
                    attempt = 0
                    await self._serve()
                if not self._stopping.is_set():
                    await self._pause()

    async def stop(self) -> None:
        """Disconnect and let `run` end."""
        self._stopping.set()
        was_open = self._link is not None
        self._close_link()
        if was_open or self.is_connected:
            self._parts.voice.change(ConnectionState.DISCONNECTED, "disconnected")

    async def _open(self, attempt: int) -> bool:
        settings, voice = self._settings, self._parts.voice
        voice.change(
            ConnectionState.CONNECTING,
            f"connecting to {settings.target} as client {settings.client_id}, attempt {attempt}",
            attempt=attempt,
        )
        link = Link(settings, self._parts)
        problem: str | None = "given up"
        try:
            problem = await link.open()
        finally:
            if problem is not None or self._stopping.is_set():
                link.close()
        if problem is not None:
            voice.change(ConnectionState.DISCONNECTED, problem, attempt=attempt)
            return False
        if self._stopping.is_set():
            voice.change(ConnectionState.DISCONNECTED, "disconnected")
            return False
        self._link = link
        return True

    async def _serve(self) -> None:
        """Return when the line is lost or `stop` was called."""
        link = self._link
        if link is None:
            return
        self._backoff.succeed()
        reason = await link.wait_lost()
        if self._link is link:
            self._close_link()
            self._parts.voice.change(ConnectionState.DISCONNECTED, reason)

    async def _pause(self) -> None:
        """Wait before the next attempt; `stop` cuts it short."""
        delay = self._backoff.fail()
        self._parts.voice.detail(f"trying again in {delay:.0f} s")
        sleeping = asyncio.ensure_future(self._parts.clock.sleep(delay))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()

    def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    # -- asking -------------------------------------------------------------------------------

    def preview(self, intent_id: IntentId, trades: Sequence[TargetLeg]) -> None:
        """Ask what each trade would cost in margin; say at once when nobody can be asked."""
        for trade in trades:
            if self._link is not None:
                self._link.preview(intent_id, trade)
            else:
                error = "not connected"
                self._parts.emit(failed(trade, error, intent_id, self._parts.clock))

    def request_state(self, *, with_completed: bool = True) -> None:
        """Ask for executions, positions and open orders; a new connection tells by itself."""
        if self._link is not None:
            self._link.request_state(with_completed=with_completed)

    def request_history(self, instrument_id: InstrumentId) -> None:
        """Ask for the warm-up bars again; a new connection loads them by itself."""
        if self._link is not None:
            self._link.request_history(instrument_id)

    async def head_ns(self, instrument_id: InstrumentId) -> int | None:
        """Return the first moment of which there are trades; None if there are none."""
        return await self._up().head_ns(instrument_id)

    async def bars_before(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int
    ) -> tuple[Bar, ...]:
        """Return one request's worth of bars that end by `end_ns`."""
        return await self._up().bars_before(instrument_id, end_ns, bar_seconds)

    def _up(self) -> Link:
        if self._link is None:
            raise BrokerUnavailableError("not connected")
        return self._link
