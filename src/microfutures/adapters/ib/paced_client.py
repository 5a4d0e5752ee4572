"""ib_async's client, at a pace of our own: what is above IB's limit waits for its turn.

The base would start a timer for every message that waits, each of them again and again until the
clock has moved; a clock that jumps from timer to timer never does.
"""

import asyncio
import struct
from collections import deque

from ib_async.client import Client
from ib_async.util import getLoop

from microfutures.ports.broker import MOST_MESSAGES_A_SECOND

SECOND = 1.0


class PacedClient(Client):
    """Sends at once while it may, then in order as fast as it may."""

    def __init__(self, wrapper: object) -> None:
        super().__init__(wrapper)  # type: ignore[no-untyped-call]
        self._sent_at: deque[float] = deque()
        self._waiting: deque[str] = deque()
        self._turn: asyncio.TimerHandle | None = None

    def sendMsg(self, msg: str) -> None:
        """Send a message, or have it wait behind those that wait already."""
        self._waiting.append(msg)
        if self._turn is None:
            self._send_waiting()

    def _send_waiting(self) -> None:
        self._turn = None
        loop = getLoop()
        now, sent, waiting = loop.time(), self._sent_at, self._waiting
        while sent and now >= sent[0] + SECOND:
            sent.popleft()
        if not self.conn.isConnected():
            waiting.clear()
        while waiting and len(sent) < MOST_MESSAGES_A_SECOND:
            body = waiting.popleft().encode()
            self.conn.sendMsg(struct.pack(">I", len(body)) + body)
            sent.append(now)
        if waiting:
            self._turn = loop.call_at(sent[0] + SECOND, self._send_waiting)
