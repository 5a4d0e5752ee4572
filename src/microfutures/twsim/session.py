"""One connected client: handshake, requests in, messages out."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from microfutures.model.instrument import Instrument
from microfutures.model.timestamp import exchange_time
from microfutures.twsim import account_messages
from microfutures.twsim.errors import SYSTEM_NOTICES, wording
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.wire import (
    Field,
    FieldReader,
    FrameDecoder,
    WireError,
    encode,
    split_fields,
)

MIN_VERSION, MAX_VERSION = 157, 178
MAX_MESSAGES_PER_SECOND = 50
MAX_UNSENT_BYTES = 32 * 1024 * 1024
"""A client that doesn't read for so long is disconnected."""

_GREETING = b"API\0"

Handler = Callable[["Session", FieldReader], None]


class Session(asyncio.Protocol):
    """The server's end of one connection."""

    def __init__(self, exchange: Exchange, handlers: dict[int, Handler]) -> None:
        self.exchange = exchange
        self.client_id = -1
        self.version = 0
        self.market_data_type = 1
        self.wants_positions = False
        self.account_updates: str | None = None
        self.summaries: dict[int, tuple[str, ...]] = {}
        self.pnl: dict[int, str] = {}
        self.pnl_single: dict[int, tuple[str, int]] = {}
        self.real_time_bars: dict[int, Instrument] = {}
        self._handlers = handlers
        self._frames = FrameDecoder()
        self._greeting = bytearray()
        self._transport: asyncio.Transport | None = None
        self._received: deque[int] = deque()

    # -- asyncio ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the client speaks first."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client; its orders stay."""
        self._transport = None
        if self.exchange.clients.get(self.client_id) is self:
            del self.exchange.clients[self.client_id]
            self.exchange.lines.remove_client(self.client_id)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a client that sends nonsense is told and disconnected."""
        try:
            for frame in self._frames.feed(self._after_greeting(data)):
                self._on_frame(frame)
        except WireError as error:
            if self.version:
                self.error(-1, 320, f"Error reading request: {error}")
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
        if self._transport is None or self._transport.is_closing():
            return
        if not self.version:
            self._negotiate(frame)
            return
        fields = split_fields(frame)
        if not fields:
            raise WireError("an empty message")
        reader = FieldReader(fields)
        message_id = reader.integer()
        if self.client_id < 0 and message_id != 71:
            raise WireError(f"message {message_id} before the API was started")
        if message_id == 71:
            self._start(reader)
        elif not self._is_too_fast():
            self._dispatch(message_id, reader)

    def _dispatch(self, message_id: int, reader: FieldReader) -> None:
        handler = self._handlers.get(message_id)
        if handler is None:
            self.error(-1, 505, wording(505))
            return
        handler(self, reader)

    # -- handshake ----------------------------------------------------------------------------

    def _negotiate(self, frame: bytes) -> None:
        """Answer ``v157..187 options`` with our version and the time."""
        text = frame.decode("ascii", errors="replace").split(" ")[0].rstrip("\0")
        low, _, high = text.removeprefix("v").partition("..")
        if not text.startswith("v") or not low.isdigit() or not (high or low).isdigit():
            raise WireError(f"no version range: {text[:40]!r}")
        if int(high or low) < MIN_VERSION or int(low) > MAX_VERSION:
            self.close()
            return
        self.version = min(int(high or low), MAX_VERSION)
        moment = exchange_time(self.exchange.clock.now_ns(), pattern="%Y%m%d %H:%M:%S EST")
        self.send([self.version, moment])

    def _start(self, reader: FieldReader) -> None:
        reader.integer()
        client_id = reader.integer()
        if client_id in self.exchange.clients:
            self.error(-1, 326, wording(326))
            self.close()
            return
        self.client_id = client_id
        self.exchange.clients[client_id] = self
        self.send([15, 1, ",".join(self.exchange.accounts)])
        self.send([9, 1, self.exchange.next_order_id(client_id)])
        for code, text in SYSTEM_NOTICES:
            self.error(-1, code, text)

    def _is_too_fast(self) -> bool:
        now_ns = self.exchange.clock.now_ns()
        received = self._received
        received.append(now_ns)
        while received and received[0] <= now_ns - 1_000_000_000:
            received.popleft()
        if len(received) <= MAX_MESSAGES_PER_SECOND:
            return False
        self.error(-1, 100, wording(100, rate=len(received)))
        return True

    # -- out ----------------------------------------------------------------------------------

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(encode(fields))
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            transport.abort()

    def error(self, request_id: int, code: int, text: str) -> None:
        """Write an error message (4)."""
        tail: list[Field] = [""] if self.version >= 166 else []
        self.send([4, 2, request_id, code, text, *tail])

    def close(self) -> None:
        """End the connection; what was written is still sent."""
        if self._transport is not None:
            self._transport.close()

    def on_account_change(self) -> None:
        """Refresh what the client subscribed to of the account."""
        if self.wants_positions:
            account_messages.send_positions(self, with_end=False)
        if self.account_updates is not None:
            account_messages.send_account(self, self.account_updates, with_end=False)

    def on_beat(self, count: int) -> None:
        """Send what TWS refreshes on its own; called every second."""
        for request_id, account in self.pnl.items():
            account_messages.send_pnl(self, request_id, account)
        for request_id, (account, con_id) in self.pnl_single.items():
            account_messages.send_pnl_single(self, request_id, account, con_id)
        if count % account_messages.REFRESH_SECONDS == 0:
            self.on_account_change()
            for request_id, tags in self.summaries.items():
                account_messages.send_summary(self, request_id, tags, with_end=False)
