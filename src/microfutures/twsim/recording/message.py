"""One message of a recorded session, and the file of them: a line of JSON each.

The lines have the form of the project's captures of real sessions, with the time, the number of
the connection and the client id besides.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from microfutures.model.errors import ConfigurationError

LAST_TEXT_VERSION = 200
"""From the next server version on messages are protocol buffers."""


class RecordedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What one side said to the other.

    The first message of a connection in either direction is the handshake: a version range from
    the client; server version and time from TWS.
    """

    kind: str = "recorded"
    time: datetime | None = None
    connection: int = 1
    """Counts the connections of a file."""
    client: int | None = None
    """Client id; None until the client has said it."""
    server_version: int | None = None
    to: Literal["tws", "client"]
    fields: tuple[str, ...]
    """Without their ends; empty if the message is no text."""
    binary_bytes: int | None = None
    """Length of a message that is no text, which is not recorded otherwise."""

    @property
    def message_id(self) -> int | None:
        """Return IB's number of the message; None if it has none."""
        head = self.fields[0] if self.fields else ""
        return int(head) if head.isdecimal() and head.isascii() and len(head) <= 9 else None


def moment(time_ns: int) -> datetime:
    """Return a moment of a recording, in UTC."""
    return datetime.fromtimestamp(time_ns / 1_000_000_000, tz=UTC)


def read_recording(path: Path) -> list[RecordedMessage]:
    """Return the messages of a file; a last line that was cut short is left out.

    Raises
    ------
    ConfigurationError
        If the file can't be read or is no recording.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{str(path)!a} can't be read: {error.strerror or error}"
        ) from None
    lines = content.split(b"\n")
    torn = len(lines)
    decoder = msgspec.json.Decoder(RecordedMessage)
    messages: list[RecordedMessage] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            messages.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if number == torn and messages:
                break
            raise ConfigurationError(
                f"{str(path)!a} is no recording: line {number}: {error}"
            ) from None
    if not messages:
        raise ConfigurationError(f"{str(path)!a} is no recording: it is empty")
    return messages
