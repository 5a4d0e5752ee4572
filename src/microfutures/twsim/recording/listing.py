"""A recording as lines that people read."""

from collections.abc import Iterable, Iterator

from microfutures.twsim.recording.message import RecordedMessage
from microfutures.twsim.recording.names import name_of


def readable_lines(messages: Iterable[RecordedMessage]) -> Iterator[str]:
    """Yield a line a message: time, client, direction, name, fields."""
    greeted: set[int] = set()
    for message in messages:
        is_greeting = message.to == "client" and message.connection not in greeted
        if message.to == "tws" and message.server_version is None:
            greeted.discard(message.connection)
        elif message.to == "client":
            greeted.add(message.connection)
        is_greeting = is_greeting and _is_version(message)
        yield _line(message, "handshake" if is_greeting else name_of(message))


def _is_version(message: RecordedMessage) -> bool:
    return message.server_version is not None and message.fields[:1] == (
        str(message.server_version),
    )


def _line(message: RecordedMessage, name: str) -> str:
    time = "" if message.time is None else f"{message.time:%Y-%m-%d %H:%M:%S.%f}"[:-3] + "  "
    who = "?" if message.client is None else str(message.client)
    arrow = "->" if message.to == "tws" else "<-"
    if message.binary_bytes is not None:
        return f"{time}client {who:>3} {arrow} {name} {message.binary_bytes} bytes"
    head = 0 if name == "handshake" else 1
    shown = " ".join(_field(field) for field in message.fields[head:])
    return f"{time}client {who:>3} {arrow} {name} {shown}".rstrip()


def _field(field: str) -> str:
    """Return a field that is seen when it is empty and stays on its line."""
    if not field or " " in field:
        return f'"{_plain(field)}"'
    return _plain(field)


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
