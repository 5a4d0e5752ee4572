"""ib_async's client, at a pace of our own: what is above IB's limit waits for its turn.

The base would start a timer for every message that waits, each of them again and again until the
clock has moved; a clock that jumps from timer to timer never does. And it copies what is left of
a socket read for each message in it, so that long reads take ever longer.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from ib_async.client import Client
from ib_async.connection import Connection

from microfutures.ports.broker import MOST_MESSAGES_A_SECOND

SECOND = 1.0
PREFIX_BYTES = 4
"""Before each message: its length, big-endian."""


class _Line(Connection):
    """Hands what came to its reader; what that one fails on ends the line.

    The base does so by way of an event, which keeps quiet about failures: what was read with it
    would be lost, and nobody told.
    """

    def __init__(self, read: Callable[[bytes], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._read = read

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        self._read(data)


class PacedClient(Client):
    """Sends at once while it may, then in order as fast as it may."""

    def __init__(self, wrapper: object) -> None:
        super().__init__(wrapper)  # type: ignore[no-untyped-call]
        self.conn = _Line(self._onSocketHasData)
        self.conn.disconnected += self._onSocketDisconnected
        self._sent_at: deque[float] = deque()
        self._waiting: deque[str] = deque()
        self._turn: asyncio.TimerHandle | None = None
        self._data = b""

    def _onSocketHasData(self, data: bytes) -> None:
        """Read what came: the greetings of a new connection by the base, the rest here."""
        if not self._apiReady:
            read: Callable[[bytes], None] = super()._onSocketHasData
            read(data)
            return
        if self._data:
            data = self._data + data
        interpret: Callable[[list[str]], None] = self.decoder.interpret
        start, length = 0, len(data)
        while length - start > PREFIX_BYTES:
            begin = start + PREFIX_BYTES
            end = begin + int.from_bytes(data[start:begin])
            if end > length:
                break
            start = end
            fields = data[begin:end].decode(errors="backslashreplace").split("\0")
            fields.pop()
            interpret(fields)
            if not self._apiReady:
                # This message ended the connection; the base keeps nothing of it either.
                return
        self._data = data[start:]
        self.wrapper.tcpDataProcessed()

    def sendMsg(self, msg: str) -> None:
        """Send a message, or have it wait behind those that wait already."""
        self._waiting.append(msg)
        if self._turn is None:
            self._send_waiting()

    def _send_waiting(self) -> None:
        self._turn = None
        sent, waiting, transport = self._sent_at, self._waiting, self.conn.transport
        if transport is None:
            waiting.clear()
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        while sent and now >= sent[0] + SECOND:
            sent.popleft()
        while waiting and len(sent) < MOST_MESSAGES_A_SECOND:
            body = waiting.popleft().encode()
            transport.write(len(body).to_bytes(PREFIX_BYTES) + body)
            sent.append(now)
        if waiting:
            self._turn = loop.call_at(sent[0] + SECOND, self._send_waiting)
