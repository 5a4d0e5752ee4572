"""What is about to be committed to a journal, in a small file that is written in one go.

An order may leave once its intent would outlive the process. A commit of SQLite gives that in
some sixty microseconds, one write into a file in ten; the commit follows when the order is gone.
Not here: when to write and when to commit (`sqlite_journal`).

The file holds one frame, always at its beginning: magic, length and checksum of a body, and the
body, the rows in MessagePack. A newer frame overwrites it, which is allowed once the rows of the
older one are committed: rows that the journal knows already are passed over.
"""

import os
import struct
from pathlib import Path
from zlib import crc32

import msgspec

MAGIC = b"MFA1"
_HEAD = struct.Struct(">4sII")

ROOM_BYTES = 64 * 1024
"""Laid out beforehand, so that a full disk does not stand between an intent and its order."""

Row = tuple[int, int, str, str, str]
"""Sequence, time (ns), kind, name, payload."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


def read_ahead(path: Path) -> list[Row]:
    """Return the rows of the frame in a file; none when there is none, or it was torn."""
    stored = path.read_bytes() if path.is_file() else b""
    if len(stored) < _HEAD.size:
        return []
    magic, length, checksum = _HEAD.unpack_from(stored)
    body = stored[_HEAD.size : _HEAD.size + length]
    if magic != MAGIC or len(body) < length or crc32(body) != checksum:
        return []
    return _decode(body)


class AheadLog:
    """The file at `path`, from now on without a frame; one writer.

    Raises
    ------
    OSError
        If the disk fails; from every method.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.pwrite(self._descriptor, bytes(ROOM_BYTES), 0)

    def write(self, rows: list[Row]) -> None:
        """Replace the frame."""
        body = _encode(rows)
        frame = _HEAD.pack(MAGIC, len(body), crc32(body)) + body
        if os.pwrite(self._descriptor, frame, 0) < len(frame):
            raise OSError(f"{self._path} was written in part only")

    def close(self, *, is_done: bool) -> None:
        """Let go of the file; delete it when all its rows are committed."""
        os.close(self._descriptor)
        if is_done:
            self._path.unlink(missing_ok=True)
