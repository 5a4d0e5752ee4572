"""Plays the server's side of recorded sessions to clients that ask for the same again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

from microfutures.model.errors import ConfigurationError
from microfutures.ports.clock import Clock
from microfutures.twsim.recording.message import LAST_TEXT_VERSION, RecordedMessage
from microfutures.twsim.recording.names import name_of
from microfutures.twsim.recording.tap import GREETING
from microfutures.twsim.wire import FrameDecoder, WireError, encode, split_fields


class Script(msgspec.Struct, frozen=True):
    """One recorded connection: how TWS greeted, and all that followed, in order."""

    greeting: RecordedMessage
    messages: tuple[RecordedMessage, ...]


def scripts_of(messages: Sequence[RecordedMessage]) -> list[Script]:
    """Return the connections of a recording that have a handshake.

    A file that was added to in several runs counts its connections anew in each; a version range
    of a client begins the next one.
    """
    opened: dict[int, list[RecordedMessage]] = {}
    every: list[list[RecordedMessage]] = []
    for message in messages:
        if message.to == "tws" and message.server_version is None:
            opened[message.connection] = []
            every.append(opened[message.connection])
        elif message.connection in opened:
            opened[message.connection].append(message)
    return [Script(talk[0], tuple(talk[1:])) for talk in every if talk and _is_greeting(talk[0])]


def _is_greeting(message: RecordedMessage) -> bool:
    version = message.server_version
    return message.to == "client" and version is not None and version <= LAST_TEXT_VERSION


class ReplayServer:
    """Serves recorded connections, one after the other and then from the first again.

    What TWS said comes after the client has sent the message that it followed in the recording,
    told by its number, and after the same time. What else the client sends is passed over.

    Parameters
    ----------
    clock
        Paces the replay; a faster clock plays faster.
    """

    def __init__(
        self,
        scripts: Sequence[Script],
        *,
        host: str,
        port: int,
        clock: Clock,
        on_line: Callable[[str], None],
    ) -> None:
        if not scripts:
            raise ConfigurationError("the recording has no whole session, with its handshake")
        self.host = host
        self.port = port
        self._scripts = scripts
        self._clock = clock
        self._on_line = on_line
        self._count = 0
        self._server: asyncio.Server | None = None
        self._sessions: dict[ReplaySession, None] = {}

    async def start(self) -> None:
        """Listen; raise `OSError` when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_session, self.host, self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Disconnect everybody, free the port."""
        if self._server is not None:
            self._server.close()
        for session in list(self._sessions):
            session.close()
        if self._server is not None:
            await self._server.wait_closed()

    def _new_session(self) -> "ReplaySession":
        script = self._scripts[self._count % len(self._scripts)]
        self._count += 1
        session = ReplaySession(script, self._clock, self._on_session_end)
        self._sessions[session] = None
        return session

    def _on_session_end(self, session: "ReplaySession") -> None:
        self._sessions.pop(session, None)
        self._on_line(session.describe())


class ReplaySession(asyncio.Protocol):
    """The server's end of one connection that is played from a script."""

    def __init__(
        self, script: Script, clock: Clock, on_end: Callable[["ReplaySession"], None]
    ) -> None:
        self._script = script
        self._clock = clock
        self._on_end = on_end
        self._frames = FrameDecoder()
        self._greeting = b""
        self._is_greeted = False
        self._heard: Counter[int] = Counter()
        self._changed = asyncio.Event()
        self._played = 0
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the client speaks first."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop playing."""
        if self._task is not None:
            self._task.cancel()
        self._on_end(self)

    def data_received(self, data: bytes) -> None:
        """Count what the client asks for."""
        needed = len(GREETING) - len(self._greeting)
        self._greeting += data[:needed]
        try:
            for frame in self._frames.feed(data[needed:]):
                self._on_frame(frame)
        except WireError:
            self.close()

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def describe(self) -> str:
        """Say how far the script was played."""
        messages = self._script.messages
        if self._played == len(messages):
            return f"replayed all {len(messages)} messages"
        awaited = messages[self._played]
        verb = "waiting for" if awaited.to == "tws" else "before"
        return f"replayed {self._played} of {len(messages)} messages, {verb} {name_of(awaited)}"

    def _on_frame(self, frame: bytes) -> None:
        if not self._is_greeted:
            self._is_greeted = True
            self._send(self._script.greeting)
            self._task = asyncio.create_task(self._play())
            return
        head = (split_fields(frame) or [""])[0]
        if head.isdecimal() and len(head) < 9:
            self._heard[int(head)] += 1
            self._changed.set()

    async def _play(self) -> None:
        awaited: Counter[int] = Counter()
        before = self._script.greeting
        for message in self._script.messages:
            if message.to == "client":
                await self._clock.sleep(_seconds_between(before, message))
                self._send(message)
            elif message.message_id is not None:
                awaited[message.message_id] += 1
                await self._until_heard(message.message_id, awaited[message.message_id])
            self._played += 1
            before = message

    async def _until_heard(self, message_id: int, count: int) -> None:
        while self._heard[message_id] < count:
            self._changed.clear()
            await self._changed.wait()

    def _send(self, message: RecordedMessage) -> None:
        if self._transport is not None and message.fields:
            self._transport.write(encode(message.fields))


def _seconds_between(before: RecordedMessage, after: RecordedMessage) -> float:
    if before.time is None or after.time is None:
        return 0.0
    return max(0.0, (after.time - before.time).total_seconds())
