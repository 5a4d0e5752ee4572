"""An asyncio event loop on which time jumps to the next timer and connections are in memory.

The full stack runs on it unchanged, a trading day in seconds, and the same seed gives the same
run: nothing waits for the machine, and ready callbacks keep their order. Servers made with
`create_server` are reached with `create_connection` on the same loop by host and port.
"""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable
from heapq import heappop
from typing import Any, cast

Factory = Callable[[], asyncio.BaseProtocol]

LATENCY_SECONDS = 0.0002
"""One way; a loopback socket is about as quick."""

READ_BYTES = 16_384
"""Handed on at once, as a socket hands out no more than a piece of what came."""
HIGH_WATER_BYTES = 64 * 1024
"""What may be unread before the writer is told to stop, unless set otherwise: asyncio's default."""

TURNS_BETWEEN_LOOKS = 64
"""How often the loop asks the system for what is real: a signal, a control socket."""

MANY_TIMERS = 100
"""Of so many the base sweeps those out that are cancelled."""

_FIRST_EPHEMERAL_PORT = 49152


class _NeverReady(selectors.SelectSelector):
    """A selector that never waits; the loop's clock is moved on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[float], None] = lambda _seconds: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("virtual time stands still: every task waits and no timer is set")
        if timeout > 0:
            self.advance(timeout)
        return super().select(0)


class PipeTransport(asyncio.Transport):
    """One end of an in-memory connection.

    It keeps to the rules of asyncio's own transports. What the other end doesn't read, because it
    paused reading, is this end's write buffer: above the limit its protocol is told to stop
    writing. A protocol that raises while it takes data loses its connection.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, extra: dict[str, object]) -> None:
        super().__init__(extra)
        self._loop = loop
        self._peer: PipeTransport | None = None
        self._protocol: asyncio.Protocol | None = None
        self._closing = False
        self._paused = False
        self._held: deque[bytes | None] = deque()
        """What arrived while reading was paused; None for the end."""
        self._underway: deque[bytes | None] = deque()
        self._high, self._low = HIGH_WATER_BYTES, HIGH_WATER_BYTES // 4
        self._is_told_to_stop = False

    def join(self, peer: "PipeTransport", protocol: asyncio.Protocol) -> None:
        """Connect this end to the other and to its protocol."""
        self._peer, self._protocol = peer, protocol

    # -- writing ------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hand `data` to the other end after the latency."""
        if data and not self._closing and self._peer is not None:
            self._peer.expect(bytes(data))

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the other end has not read because it paused reading."""
        return 0 if self._peer is None else self._peer.held_bytes()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the sizes at which its protocol is told to go on and to stop writing."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the sizes at which its protocol is told to stop and to go on writing."""
        if high is None:
            high = HIGH_WATER_BYTES if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low

    def on_peer_held(self) -> None:
        """Tell the protocol to stop or to go on, after the write buffer grew or shrank."""
        size, protocol = self.get_write_buffer_size(), self._protocol
        if protocol is None:
            return
        if size > self._high and not self._is_told_to_stop:
            self._is_told_to_stop = True
            protocol.pause_writing()
        elif size <= self._low and self._is_told_to_stop:
            self._is_told_to_stop = False
            protocol.resume_writing()

    def write_eof(self) -> None:
        """Do nothing; the close that follows says it all."""

    def can_write_eof(self) -> bool:
        """Return True, like a socket."""
        return True

    # -- reading ------------------------------------------------------------------------------

    def expect(self, data: bytes | None) -> None:
        """Have `data`, None for the end, arrive after the latency and in its turn."""
        # Timers of the same moment fire in any order: each takes the oldest of the queue.
        self._underway.append(data)
        self._loop.call_later(LATENCY_SECONDS, self._arrive)

    def pause_reading(self) -> None:
        """Hold what arrives."""
        self._paused = True

    def resume_reading(self) -> None:
        """Hand on what was held, at the loop's next turn."""
        if self._paused:
            self._paused = False
            self._loop.call_soon(self._release)

    def is_reading(self) -> bool:
        """Tell whether data are handed on."""
        return not self._paused

    def held_bytes(self) -> int:
        """Return the size of what arrived and was not read."""
        return sum(len(data) for data in self._held if data is not None)

    def _arrive(self) -> None:
        data = self._underway.popleft()
        if self._paused or self._held:
            self._held.append(data)
            self._tell_peer()
        else:
            self._receive(data)

    def _release(self) -> None:
        while self._held and not self._paused:
            self._receive(self._held.popleft())
        self._tell_peer()

    def _tell_peer(self) -> None:
        if self._peer is not None:
            self._peer.on_peer_held()

    def _receive(self, data: bytes | None) -> None:
        if self._closing or self._protocol is None:
            return
        if data is None:
            self.close()
            return
        try:
            for start in range(0, len(data), READ_BYTES):
                if not self._closing:
                    self._protocol.data_received(data[start : start + READ_BYTES])
        except BaseException as error:
            # The loop reports it, as it reports whatever a callback raises.
            self._end(error)
            raise

    # -- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        """Close both ends; what was written arrives first."""
        self._end(None)

    def abort(self) -> None:
        """Close both ends; what the other end has not read is lost."""
        if not self._closing and self._peer is not None:
            self._peer.drop()
        self._end(None)

    def drop(self) -> None:
        """Forget what arrived and was not read."""
        self._held.clear()

    def is_closing(self) -> bool:
        """Tell whether it is closed or about to be."""
        return self._closing

    def _end(self, error: BaseException | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._held.clear()
        self._loop.call_soon(self._lose, error)
        if self._peer is not None:
            self._peer.expect(None)

    def _lose(self, error: BaseException | None) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(error if isinstance(error, Exception) else None)


class VirtualServer(asyncio.AbstractServer):
    """What listens on one port of the loop."""

    def __init__(self, loop: "VirtualTimeLoop", port: int) -> None:
        self._loop = loop
        self.port = port
        self.sockets: tuple[object, ...] = ()

    def close(self) -> None:
        """Stop listening."""
        self._loop.stop_listening(self.port)

    async def wait_closed(self) -> None:
        """Return at once."""

    def is_serving(self) -> bool:
        """Tell whether it listens."""
        return self._loop.is_listening(self.port)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop."""
        return self._loop

    async def start_serving(self) -> None:
        """Do nothing; it serves from the start."""

    async def serve_forever(self) -> None:
        """Wait until cancelled."""
        await self._loop.create_future()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps."""

    # What `_run_once` needs of the base.
    _ready: deque[asyncio.Handle]
    _scheduled: list[Any]
    _timer_cancelled_count: int
    _clock_resolution: float
    _debug: bool

    def __init__(self) -> None:
        selector = _NeverReady()
        super().__init__(selector)
        selector.advance = self._advance
        self._now = 0.0
        self._turns = 0
        self._listeners: dict[int, Factory] = {}
        self._next_port = _FIRST_EPHEMERAL_PORT

    def time(self) -> float:
        """Return the virtual time, seconds since the loop was made."""
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds

    def _run_once(self) -> None:
        """Take one turn like the base, which asks the system for news at each; here few do.

        The base has what is rare: real sockets, debugging, many cancelled timers, nothing to do.
        """
        self._turns += 1
        ready, timers = self._ready, self._scheduled
        while timers and timers[0]._cancelled:
            heappop(timers)._scheduled = False
            self._timer_cancelled_count -= 1
        is_rare = self._turns % TURNS_BETWEEN_LOOKS == 0 or self._debug
        if is_rare or len(timers) > MANY_TIMERS or not (ready or timers):
            super()._run_once()  # type: ignore[misc]  # the base's, unknown to its stub
            return
        if not ready and timers[0]._when > self._now:
            self._now = timers[0]._when
        due = self._now + self._clock_resolution
        while timers and timers[0]._when < due:
            timer = heappop(timers)
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            callback = ready.popleft()
            if not callback._cancelled:
                callback._run()

    async def create_server(  # type: ignore[override]  # one of the base's many overloads
        self, protocol_factory: Factory, host: object = None, port: int = 0, **options: object
    ) -> VirtualServer:
        """Listen on a port of this loop; port 0 takes the next free one."""
        port = port or self._free_port()
        if port in self._listeners:
            raise OSError(98, f"port {port} is in use on this virtual loop")
        self._listeners[port] = protocol_factory
        return VirtualServer(self, port)

    async def create_connection(  # type: ignore[override]  # one of the base's many overloads
        self, protocol_factory: Factory, host: object = None, port: int = 0, **options: object
    ) -> tuple[PipeTransport, asyncio.Protocol]:
        """Connect to a server of this loop; refuse as a socket would when nothing listens."""
        listener = self._listeners.get(port)
        if listener is None:
            raise ConnectionRefusedError(111, f"Connect call failed ('virtual', {port})")
        near = PipeTransport(self, {"peername": ("127.0.0.1", port)})
        far = PipeTransport(self, {"peername": ("127.0.0.1", self._free_port())})
        client = cast("asyncio.Protocol", protocol_factory())
        server = cast("asyncio.Protocol", listener())
        near.join(far, client)
        far.join(near, server)
        server.connection_made(far)
        client.connection_made(near)
        return near, client

    def stop_listening(self, port: int) -> None:
        """Free `port`."""
        self._listeners.pop(port, None)

    def is_listening(self, port: int) -> bool:
        """Tell whether `port` is taken."""
        return port in self._listeners

    def _free_port(self) -> int:
        self._next_port += 1
        return self._next_port
