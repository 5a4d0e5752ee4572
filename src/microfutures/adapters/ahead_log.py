"""What is about to be committed to a journal, in a small file that is written in one go.

An order may leave once its intent would outlive the process. A commit of SQLite gives that in
some sixty microseconds, a copy into a mapped file in five; the commit follows when the order is
gone. Not here: when to write and when to commit (`sqlite_journal`).

The file holds two frames: magic, length and checksum of a body, and the body, the rows in
MessagePack. They are written in turn, and each holds every row that is not committed: a death in
the middle of one leaves the other, and rows that the journal knows already are passed over.
Behind them stands the number of the last row that was committed: a journal that has fewer was cut.
"""

import mmap
import struct
from pathlib import Path
from zlib import crc32

import msgspec

from microfutures.model.errors import JournalError

MAGIC = b"MFA1"
_HEAD = struct.Struct(">4sII")
_MARK = struct.Struct(">QI")
"""A sequence and its checksum."""

FRAME_BYTES = 128 * 1024
"""Room for each frame, laid out beforehand: a full disk does not stand before an order."""

_MARK_AT = 2 * FRAME_BYTES
FILE_BYTES = _MARK_AT + _MARK.size

Row = tuple[int, int, str, str, str]
"""Sequence, time (ns), kind, name, payload."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


def read_ahead(path: Path) -> list[Row]:
    """Return the rows of the newest whole frame in a file; none when there is none."""
    stored = path.read_bytes() if path.is_file() else b""
    frames = _rows_of(stored[:FRAME_BYTES]), _rows_of(stored[FRAME_BYTES:_MARK_AT])
    return max(frames, key=lambda rows: rows[-1][0] if rows else 0)


def read_mark(path: Path) -> int:
    """Return the last row that was committed while this file was written; 0 for none known.

    Raises
    ------
    JournalError
        If the file was cut.
    """
    stored = path.read_bytes() if path.is_file() else b""
    if 0 < len(stored) < FILE_BYTES:
        raise JournalError(
            f"{path}: {len(stored):,} bytes of {FILE_BYTES:,} are left of it, and what was written "
            f"there last may be lost; delete it, then compare positions in TWS before `resume`"
        )
    if not stored:
        return 0
    sequence, checksum = _MARK.unpack_from(stored, _MARK_AT)
    return int(sequence) if checksum == _checksum(sequence) else 0


def _checksum(sequence: int) -> int:
    return crc32(sequence.to_bytes(8, "big"))


def _rows_of(stored: bytes) -> list[Row]:
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
        If the file can't be made, or the disk has no room for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = 0
        # Whole at once, so that one which is shorter was cut.
        new = path.with_name(path.name + ".new")
        with new.open("w+b") as file:
            # Written, not only made as long: a mapped page without a block would kill the process.
            file.write(bytes(FILE_BYTES))
            file.flush()
            self._map = mmap.mmap(file.fileno(), FILE_BYTES)
        new.replace(path)

    def write(self, rows: list[Row]) -> bool:
        """Write the next frame; return False, and leave all as it is, if `rows` don't fit in."""
        body = _encode(rows)
        end = _HEAD.size + len(body)
        if end > FRAME_BYTES:
            return False
        start = self._turn * FRAME_BYTES
        self._map[start : start + end] = _HEAD.pack(MAGIC, len(body), crc32(body)) + body
        self._turn = 1 - self._turn
        return True

    def mark(self, sequence: int) -> None:
        """Note that everything up to `sequence` was committed."""
        _MARK.pack_into(self._map, _MARK_AT, sequence, _checksum(sequence))

    def close(self, *, is_done: bool) -> None:
        """Let go of the file; delete it when all its rows are committed."""
        self._map.close()
        if is_done:
            self._path.unlink(missing_ok=True)
