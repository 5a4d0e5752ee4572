"""One connected client: handshake, requests in, messages out."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol, cast

from microfutures.model.errors import MicroFuturesError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import MarketDataType
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.account import messages as account_messages
from microfutures.twsim.errors import SYSTEM_NOTICES, wording
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.rate import MAX_VIOLATIONS, MessageRate
from microfutures.twsim.subscriptions import Subscriptions
from microfutures.twsim.wire import (
    Field,
    FieldReader,
    FrameDecoder,
    WireError,
    encode,
    escaped,
    split_fields,
)

MIN_VERSION, MAX_VERSION = 157, 178
MAX_UNSENT_BYTES = 32 * 1024 * 1024
"""A client that doesn't read for so long is disconnected."""

START_API = 71
PACE_OPTION = "+PACEAPI"
"""A connect option: slow a client that sends too fast down, rather than refuse its messages."""

MAX_WAITING_FRAMES = 1_000
"""With so many requests waiting, a paced client is not read until it has half as many."""

_GREETING = b"API\0"
_MAX_VERSION_DIGITS = 6

Handler = Callable[["Session", FieldReader], None]


class Tap(Protocol):
    """Stands between a session and its socket, to make faults."""

    def outgoing(self, session: "Session", frames: bytes) -> list[bytes]:
        """Return what is written in place of `frames`, one packet each."""
        ...

    def takes(self, session: "Session", frame: bytes) -> bool:
        """Tell whether a request reaches the session."""
        ...


class Session(asyncio.Protocol):
    """The server's end of one connection.

    Parameters
    ----------
    max_messages_per_second
        What TWS takes from a client before it refuses; None for no limit.
    on_lost
        Called with the session when its connection has ended.
    """

    def __init__(
        self,
        exchange: Exchange,
        handlers: dict[int, Handler],
        *,
        max_messages_per_second: int | None = None,
        on_lost: Callable[["Session"], None] = lambda _: None,
        tap: Tap | None = None,
    ) -> None:
        self.exchange = exchange
        self.client_id = -1
        self.version = 0
        self.market_data_type = MarketDataType.LIVE
        self.wants = Subscriptions()
        self._handlers = handlers
        self._on_lost = on_lost
        self._tap = tap
        self._rate = MessageRate(max_messages_per_second)
        self._is_paced = False
        self._waiting: deque[bytes] = deque()
        """Frames of a paced client that come too fast."""
        self._frames = FrameDecoder()
        self._greeting = bytearray()
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        """Messages of this turn of the loop; written in one go at its end."""

    # -- asyncio ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the client speaks first."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client; its orders stay."""
        self._transport = None
        self._waiting.clear()
        self._unsent.clear()
        self.wants.end(self.exchange.growing)
        if self.exchange.clients.get(self.client_id) is self:
            del self.exchange.clients[self.client_id]
            self.exchange.remove_client(self.client_id)
            self.exchange.groups.remove_client(self.client_id)
        self._on_lost(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a client that sends nonsense is told and disconnected."""
        try:
            for frame in self._frames.feed(self._after_greeting(data)):
                self._on_frame(frame)
        except WireError as error:
            if self.version:
                self.error(-1, 320, wording(320, detail=str(error)))
            self.close()

    def _after_greeting(self, data: bytes) -> bytes:
        if len(self._greeting) >= len(_GREETING):
            return data
        needed = len(_GREETING) - len(self._greeting)
        self._greeting += data[:needed]
        if not _GREETING.startswith(self._greeting):
            raise WireError("the connection does not begin with the API greeting")
        return data[needed:]

    def _on_frame(self, frame: bytes) -> None:
        if self._is_closing() or (self._tap is not None and not self._tap.takes(self, frame)):
            return
        if not self.version:
            self._negotiate(frame)
        elif self.client_id < 0:
            self._start(FieldReader(split_fields(frame)))
        elif self._waiting:
            self._waiting.append(frame)
            if len(self._waiting) == MAX_WAITING_FRAMES and self._transport is not None:
                self._transport.pause_reading()
        else:
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        """Answer a request, unless it came too fast; end the connection if that goes on."""
        violation = self._rate.count(self.exchange.clock.now_ns())
        if violation is None:
            self._dispatch(frame)
        elif self._is_paced and self._rate.limit is not None:
            self._waiting.append(frame)
            asyncio.get_running_loop().call_later(1 / self._rate.limit, self._take_waiting)
        else:
            rate, number = violation
            self.error(-1, 100, wording(100, limit=self._rate.limit, rate=rate, number=number))
            if number >= MAX_VIOLATIONS:
                self.close()

    def _take_waiting(self) -> None:
        """Answer the oldest request of a paced client; the next one has its own turn."""
        if self._waiting and self._rate.limit is not None:
            self._dispatch(self._waiting.popleft())
            if len(self._waiting) == MAX_WAITING_FRAMES // 2 and self._transport is not None:
                self._transport.resume_reading()
        if self._waiting and self._rate.limit is not None:
            asyncio.get_running_loop().call_later(1 / self._rate.limit, self._take_waiting)

    def _dispatch(self, frame: bytes) -> None:
        """Hand a request to its handler; one that can't be read is refused, nothing else ends."""
        reader = FieldReader(split_fields(frame))
        try:
            handler = self._handlers.get(reader.integer())
            if handler is None:
                self.error(-1, 505, wording(505))
            else:
                handler(self, reader)
        except WireError as error:
            self.error(-1, 320, wording(320, detail=str(error)))
        except MicroFuturesError as error:
            self.error(-1, 322, wording(322, tag="b", detail=str(error)))

    def in_turns(self, work: Iterator[None]) -> None:
        """Answer a request that takes long, a step at a time; not to a client that is gone."""
        self.exchange.turns.begin(self._guarded(work))

    def _guarded(self, work: Iterator[None]) -> Iterator[None]:
        try:
            for _ in work:
                yield
                if self._is_closing():
                    return
        except MicroFuturesError as error:
            self.error(-1, 322, wording(322, tag="b", detail=str(error)))

    # -- handshake ----------------------------------------------------------------------------

    def _negotiate(self, frame: bytes) -> None:
        """Answer ``v157..187 options`` with our version and the time."""
        text, _, options = frame.decode("ascii", errors="replace").rstrip("\0").partition(" ")
        low, _, high = text.removeprefix("v").partition("..")
        high = high or low
        if not text.startswith("v") or not _is_version(low) or not _is_version(high):
            raise WireError(f"no version range: {text[:40]!r}")
        if int(high) < MIN_VERSION or int(low) > MAX_VERSION:
            self.close()
            return
        self.version = min(int(high), MAX_VERSION)
        self._is_paced = PACE_OPTION in options.upper()
        moment = exchange_time(self.exchange.clock.now_ns(), pattern="%Y%m%d %H:%M:%S EST")
        self.send([self.version, moment])

    def _start(self, reader: FieldReader) -> None:
        message_id = reader.integer()
        if message_id != START_API:
            raise WireError(f"message {message_id} before the API was started")
        reader.skip(1)
        client_id = reader.integer()
        if client_id < 0:
            raise WireError(f"a client id is 0 or above, was {client_id}")
        if client_id in self.exchange.clients:
            self.error(-1, 326, wording(326))
            self.close()
            return
        self.client_id = client_id
        self.exchange.clients[client_id] = self
        self.send([15, 1, ",".join(self.exchange.accounts)])
        self.send([9, 1, self.exchange.desk.next_order_id(client_id)])
        for code, text in SYSTEM_NOTICES:
            self.error(-1, code, text)

    # -- out ----------------------------------------------------------------------------------

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        self.write(encode(fields))

    def write(self, frames: bytes) -> None:
        """Write messages that are spelled already, together with all others of this turn."""
        if self._is_closing():
            return
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(frames)

    def error(self, request_id: int, code: int, text: str) -> None:
        """Write an error message (4)."""
        tail: list[Field] = [""] if self.version >= 166 else []
        self.send([4, 2, request_id, code, escaped(text), *tail])

    def deliver(self, frames: bytes) -> None:
        """Write messages at once that a tap has held back."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frames)

    def read(self, is_reading: bool) -> None:
        """Stop taking bytes from the socket, or go on."""
        if self._transport is not None and not self._transport.is_closing():
            if is_reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def abort(self) -> None:
        """End the connection; what was written in this turn is not sent."""
        self._unsent.clear()
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End the connection; what was written is still sent."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        transport = self._transport
        if not unsent or transport is None or transport.is_closing():
            return
        frames = b"".join(unsent)
        for packet in [frames] if self._tap is None else self._tap.outgoing(self, frames):
            transport.write(packet)
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            transport.abort()

    def _is_closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    # -- what is refreshed --------------------------------------------------------------------

    def on_account_change(self, account: str, changed: frozenset[InstrumentId]) -> None:
        """Refresh what the client subscribed to of an account whose positions changed."""
        account_messages.send_changes(self, self.wants, account, changed)

    def on_beat(self, count: int) -> None:
        """Send what TWS refreshes on its own; called every second."""
        account_messages.send_profits(self, self.wants)
        if count % account_messages.REFRESH_SECONDS == 0:
            account_messages.send_refresh(self, self.wants)


def _is_version(text: str) -> bool:
    return text.isdigit() and len(text) <= _MAX_VERSION_DIGITS
