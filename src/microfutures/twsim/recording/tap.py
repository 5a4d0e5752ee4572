"""Listens to the bytes of one connection and puts the messages in them on a tape."""

from typing import Literal

from microfutures.ports.clock import Clock
from microfutures.twsim.recording.masks import AccountMasks
from microfutures.twsim.recording.message import LAST_TEXT_VERSION, RecordedMessage, moment
from microfutures.twsim.recording.tape import Tape
from microfutures.twsim.wire import FrameDecoder, WireError

GREETING = b"API\0"
START_API = "71"
MANAGED_ACCOUNTS = "15"


class ConnectionTap:
    """Both directions of one connection; bytes that are no messages end the recording of theirs."""

    def __init__(self, number: int, *, tape: Tape, masks: AccountMasks, clock: Clock) -> None:
        self._number = number
        self._tape = tape
        self._masks = masks
        self._clock = clock
        self._client: int | None = None
        self._version: int | None = None
        self._greeting = b""
        self._to_tws: FrameDecoder | None = FrameDecoder()
        self._to_client: FrameDecoder | None = FrameDecoder()

    def from_client(self, data: bytes) -> None:
        """Record what the client sends."""
        if self._to_tws is None:
            return
        try:
            for frame in self._to_tws.feed(self._after_greeting(data)):
                self._record("tws", frame)
        except WireError:
            self._to_tws = None

    def from_server(self, data: bytes) -> None:
        """Record what TWS sends."""
        if self._to_client is None:
            return
        try:
            for frame in self._to_client.feed(data):
                self._record("client", frame)
        except WireError:
            self._to_client = None

    def _after_greeting(self, data: bytes) -> bytes:
        needed = len(GREETING) - len(self._greeting)
        self._greeting += data[:needed]
        if not GREETING.startswith(self._greeting):
            raise WireError("the connection does not begin with the API greeting")
        return data[needed:]

    def _record(self, to: Literal["tws", "client"], frame: bytes) -> None:
        is_text = self._version is None or self._version <= LAST_TEXT_VERSION
        fields = _fields_of(frame) if is_text else ()
        if fields:
            self._learn(to, fields)
        message = RecordedMessage(
            time=moment(self._clock.now_ns()),
            connection=self._number,
            client=self._client,
            server_version=self._version,
            to=to,
            fields=self._masks.hide(fields) if fields else (),
            binary_bytes=None if is_text else len(frame),
        )
        self._tape.append(message)

    def _learn(self, to: Literal["tws", "client"], fields: tuple[str, ...]) -> None:
        """Take server version, client id and accounts from the messages that say them."""
        if to == "client":
            if self._version is None and fields[0].isdecimal():
                self._version = int(fields[0][:6])
            elif fields[0] == MANAGED_ACCOUNTS and len(fields) > 2:
                self._masks.learn(fields[2])
        elif fields[0] == START_API and len(fields) > 2 and self._client is None:
            self._client = int(fields[2]) if fields[2].isdecimal() and len(fields[2]) < 12 else None


def _fields_of(frame: bytes) -> tuple[str, ...]:
    """Return the fields of a frame; bytes that are no text are spelled as escapes."""
    fields = frame.decode("utf-8", errors="backslashreplace").split("\0")
    if len(fields) > 1 and fields[-1] == "":
        fields.pop()
    return tuple(fields)
