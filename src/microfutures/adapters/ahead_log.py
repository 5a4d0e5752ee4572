"""What is about to be committed to a journal, in a small file that is written in one go.

An order may leave once its intent would outlive the process. A commit of SQLite gives that in
some sixty microseconds, a copy into a mapped file in five; the commit follows when the order is
gone. Not here: when to write and when to commit (`sqlite_journal`).

The file has two halves. Each holds a chain of frames: magic, length and checksum of a body, and the
body, rows in MessagePack. A frame adds the rows that came since the one before it, so that an order
waits for its own rows however long a commit is put off; a death in the middle of one leaves those
before it. After a commit the next chain begins in the other half, and rows that the journal knows
already are passed over. Behind them stands the number of the last row that was committed: a journal
that has fewer was cut.
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

HALF_BYTES = 128 * 1024
"""Room for each chain, laid out beforehand: a full disk does not stand before an order."""

_MARK_AT = 2 * HALF_BYTES
FILE_BYTES = _MARK_AT + _MARK.size

Row = tuple[int, int, str, str, object]
"""Sequence, time (ns), kind, name, payload: bytes, or the text that an earlier version wrote."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


def read_ahead(path: Path) -> list[Row]:
    """Return the rows of the newest chain in a file, ascending; none when there is none."""
    stored = path.read_bytes() if path.is_file() else b""
    chains = _rows_of(stored[:HALF_BYTES]), _rows_of(stored[HALF_BYTES:_MARK_AT])
    return max(chains, key=lambda rows: rows[-1][0] if rows else 0)


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


def _rows_of(half: bytes) -> list[Row]:
    """Return the rows of a chain: of its whole frames, as long as they ascend.

    Behind them may stand what an earlier and longer chain has left.
    """
    rows: list[Row] = []
    start = 0
    while len(half) - start >= _HEAD.size:
        magic, length, checksum = _HEAD.unpack_from(half, start)
        start += _HEAD.size
        body = half[start : start + length]
        if magic != MAGIC or len(body) < length or crc32(body) != checksum:
            break
        added = _decode(body)
        if rows and added[0][0] <= rows[-1][0]:
            break
        rows += added
        start += length
    return rows


def frame_of(rows: list[Row]) -> bytes:
    """Return the frame that holds `rows`."""
    body = _encode(rows)
    return _HEAD.pack(MAGIC, len(body), crc32(body)) + body


class AheadLog:
    """The file at `path`, from now on without a row; one writer.

    Raises
    ------
    OSError
        If the file can't be made, or the disk has no room for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = 0
        """Of the half that is written."""
        self._end = 0
        """Of its last frame, from there."""
        # Whole at once, so that one which is shorter was cut.
        new = path.with_name(path.name + ".new")
        with new.open("w+b") as file:
            # Written, not only made as long: a mapped page without a block would kill the process.
            file.write(bytes(FILE_BYTES))
            file.flush()
            self._map = mmap.mmap(file.fileno(), FILE_BYTES)
        new.replace(path)

    def write(self, rows: list[Row]) -> bool:
        """Add a frame; return False, and leave all as it is, if `rows` don't fit in."""
        frame = frame_of(rows)
        end = self._end + len(frame)
        if end > HALF_BYTES:
            return False
        self._map[self._start + self._end : self._start + end] = frame
        self._end = end
        return True

    def mark(self, sequence: int) -> None:
        """Note that everything up to `sequence` was committed; the next frame begins a chain."""
        _MARK.pack_into(self._map, _MARK_AT, sequence, _checksum(sequence))
        if self._end:
            self._start = HALF_BYTES - self._start
            self._end = 0

    def close(self, *, is_done: bool) -> None:
        """Let go of the file; delete it when all its rows are committed."""
        self._map.close()
        if is_done:
            self._path.unlink(missing_ok=True)
