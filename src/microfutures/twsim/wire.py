"""Frames and fields: a 4-byte big-endian length, then NUL-terminated text fields."""

import re
import struct
from collections.abc import Iterable, Sequence
from decimal import Decimal

from microfutures.model.errors import MicroFuturesError

MAX_FRAME_BYTES = 16 * 1024 * 1024 - 1
"""What TWS's own clients refuse to read; more is nonsense or an attack."""

MAX_FIELDS = 100_000
"""In one message. Fields of nothing cost eight times their byte when they are told apart."""

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = "2147483647"
UNSET_LONG = "9223372036854775807"

MAX_NUMBER_LETTERS = 40
MAX_EXPONENT = 18

UNSET = ("", UNSET_DOUBLE, "1.7976931348623157E+308", UNSET_INTEGER, "INFINITY", "INFINITE")
TRUE = ("1", "true", "True")
_WHOLE = re.compile(r"[+-]?[0-9]+")

Field = str | int | float | Decimal | bool | None


class WireError(MicroFuturesError):
    """Bytes that are no message; the client that sent them is disconnected."""


class FrameDecoder:
    """Cuts a byte stream, split or merged as it may come, into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and return every complete frame; raise `WireError` on a bad length."""
        self._buffer += data
        frames: list[bytes] = []
        while len(self._buffer) >= 4:
            (length,) = struct.unpack_from(">I", self._buffer)
            if length > MAX_FRAME_BYTES:
                raise WireError(f"frame of {length} bytes, at most {MAX_FRAME_BYTES}")
            if len(self._buffer) < 4 + length:
                break
            frames.append(bytes(self._buffer[4 : 4 + length]))
            del self._buffer[: 4 + length]
        return frames


def split_fields(frame: bytes) -> list[str]:
    """Return the fields of a frame; the last NUL ends the last field.

    Raises
    ------
    WireError
        If there are more than `MAX_FIELDS`.
    """
    count = frame.count(b"\0")
    if count > MAX_FIELDS:
        raise WireError(f"message of {count} fields, at most {MAX_FIELDS}")
    text = frame.decode("utf-8", errors="replace")
    fields = text.split("\0")
    if fields and fields[-1] == "":
        fields.pop()
    return fields


def encode(fields: Iterable[Field]) -> bytes:
    """Return the frame of a message."""
    return frame(spelled(fields))


def spelled(fields: Iterable[Field]) -> bytes:
    """Return fields, each with its NUL."""
    # Most are text already, and a NUL in one is found in all of them at once.
    texts = [field if type(field) is str else spell(field) for field in fields]
    texts.append("")
    text = "\0".join(texts)
    if text.count("\0") >= len(texts):
        text = "\0".join([each.replace("\0", "") for each in texts])
    return text.encode()


def frame(body: bytes) -> bytes:
    """Return a message body with its length in front."""
    return len(body).to_bytes(4, "big") + body


def escaped(text: str) -> str:
    """Return a text as TWS sends names and errors: ASCII, the rest as escapes of Python and Java.

    Clients undo it with ``unicode-escape``.
    """
    return text.encode("unicode_escape").decode("ascii")


def spell(field: Field) -> str:
    """Return a field as TWS writes it: 1 and 0 for booleans, empty for nothing."""
    match field:
        case None:
            return ""
        case str():
            return field.replace("\0", "")
        case bool():
            return "1" if field else "0"
        case Decimal():
            return format(field, "f")
        case _:
            return str(field)


def read_number(text: str, place: int) -> Decimal | None:
    """Return the number that field `place` spells; None when it is empty or the unset marker."""
    if text.upper() in UNSET:
        return None
    wrong = f"field {place} must be a number below 1E+{MAX_EXPONENT}, was {text[:40]!r}"
    if len(text) > MAX_NUMBER_LETTERS:
        raise WireError(wrong)
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise WireError(wrong) from None
    # Arithmetic on a number with a huge exponent would fail, or never end.
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
        raise WireError(wrong)
    return value


class FieldReader:
    """Reads the fields of a request in order; what is missing or malformed raises `WireError`."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._at = 0

    def text(self) -> str:
        """Return the next field."""
        if self._at >= len(self._fields):
            raise WireError(f"message ends after {len(self._fields)} fields, more were expected")
        self._at += 1
        return self._fields[self._at - 1]

    def integer(self) -> int:
        """Return the next field as a whole number; empty is 0."""
        text = self.text()
        if not text:
            return 0
        if len(text) <= MAX_NUMBER_LETTERS and _WHOLE.fullmatch(text):
            return int(text)
        raise WireError(f"field {self._at} must be a whole number, was {text[:40]!r}")

    def count(self) -> int:
        """Return the next field as the length of a list that follows."""
        count = self.integer()
        if not 0 <= count <= len(self._fields):
            raise WireError(f"field {self._at} must be the length of a list, was {count}")
        return count

    def texts(self, count: int) -> Sequence[str]:
        """Return the next `count` fields."""
        self.skip(count)
        return self._fields[self._at - count : self._at]

    def decimal(self) -> Decimal | None:
        """Return the next field as a number; None when it is empty or the unset marker."""
        return read_number(self.text(), self._at)

    def flag(self) -> bool:
        """Return the next field as a yes or no."""
        return self.text() in TRUE

    def skip(self, count: int) -> None:
        """Pass over `count` fields."""
        if count > self.rest:
            raise WireError(f"message ends after {len(self._fields)} fields, more were expected")
        self._at += count

    @property
    def place(self) -> int:
        """Return the number of the next field; the first is 1."""
        return self._at + 1

    @property
    def rest(self) -> int:
        """Return how many fields are left."""
        return len(self._fields) - self._at
