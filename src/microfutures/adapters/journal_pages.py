"""Reads a journal a page at a time, and packs the market data of past days.

Nineteen of twenty records are quotes. Packed they take a tenth: a desk that runs for months must
not fill its disk. Who reads a journal sees no difference, and nothing is ever let go of.
"""

import json
import sqlite3
import zlib
from collections.abc import Collection, Generator, Iterator

import msgspec

from microfutures.adapters.journal_schema import Transaction
from microfutures.model.errors import JournalError
from microfutures.ports.journal import JournalRecord

MARKET = "market"
PAGE_RECORDS = 1_000
PACK_RECORDS = 500
"""Packed in one go, in a few milliseconds: the desk trades in between."""

_Row = tuple[int, int, str, str, str]
"""Sequence, time (ns), kind, name, payload."""
_Page = tuple[list[_Row] | None, int]
"""Its records, None beyond the last one, and up to where it goes."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Row]).decode

_RECORDS = """
SELECT sequence, time_ns, kind, name, payload FROM records
WHERE sequence > ?1 AND (?2 IS NULL OR kind IN (SELECT value FROM json_each(?2)))
AND sequence <= ?4 ORDER BY sequence LIMIT ?3
"""
_PAGE_BUT_MARKET = """
SELECT sequence, time_ns, kind, name, payload FROM records INDEXED BY records_but_market
WHERE sequence > ?1 AND kind <> 'market' AND kind IN (SELECT value FROM json_each(?2))
ORDER BY sequence LIMIT ?3
"""
_NEXT_PACK = """
SELECT last_sequence, records FROM packed WHERE last_sequence > ? ORDER BY last_sequence LIMIT 1
"""
_OLDEST_MARKET = """
SELECT sequence, time_ns, kind, name, payload FROM records
WHERE kind = 'market' AND sequence > (SELECT coalesce(max(last_sequence), 0) FROM packed)
ORDER BY sequence LIMIT ?
"""
_HAS_PACKS = "SELECT 1 FROM sqlite_master WHERE name = 'packed'"
ALL = -1
NO_END = (1 << 63) - 1


def read_pages(
    database: sqlite3.Connection, kinds: Collection[str] | None, after_sequence: int
) -> Iterator[JournalRecord]:
    """Yield the committed records above `after_sequence`, ascending; of `kinds` only, if given.

    Raises
    ------
    sqlite3.Error
        If the file can't be read.
    JournalError
        If packed records are damaged.
    """
    wanted = None if kinds is None else json.dumps(sorted(kinds))
    page = _page if kinds is None or MARKET in kinds else _page_but_market
    rows: list[_Row] | None = []
    while rows is not None:
        rows, after_sequence = page(database, wanted, after_sequence)
        for sequence, time_ns, kind, name, payload in rows or ():
            yield JournalRecord(sequence, time_ns, kind, name, payload.encode())


def pack_market(database: sqlite3.Connection, before_ns: int) -> Generator[None]:
    """Pack the market data from before a moment, some of it a step; whole packs only."""
    while True:
        rows: list[_Row] = database.execute(_OLDEST_MARKET, (PACK_RECORDS,)).fetchall()
        if len(rows) < PACK_RECORDS or rows[-1][1] >= before_ns:
            return
        first, last = rows[0][0], rows[-1][0]
        with Transaction(database):
            database.execute(
                "INSERT INTO packed VALUES (?, ?)", (last, zlib.compress(_encode(rows)))
            )
            database.execute(
                "DELETE FROM records WHERE kind = 'market' AND sequence BETWEEN ? AND ?",
                (first, last),
            )
        yield


def last_sequence(database: sqlite3.Connection) -> int:
    """Return the number of the latest record; 0 before the first."""
    latest = "SELECT max(sequence) FROM records UNION SELECT max(last_sequence) FROM packed"
    return max(int(number or 0) for (number,) in database.execute(latest))


def _page_but_market(database: sqlite3.Connection, wanted: str | None, after: int) -> _Page:
    rows = database.execute(_PAGE_BUT_MARKET, (after, wanted, PAGE_RECORDS)).fetchall()
    return (rows, rows[-1][0]) if rows else (None, after)


def _page(database: sqlite3.Connection, wanted: str | None, after: int) -> _Page:
    """Return a pack and what lies between its records; or, beyond the last pack, plain records.

    All of it is read at one moment: the desk may be packing what follows.
    """
    database.execute("BEGIN")
    try:
        last, packed = _next_pack(database, after) or (NO_END, None)
        limit = PAGE_RECORDS if packed is None else ALL
        rows = database.execute(_RECORDS, (after, wanted, limit, last)).fetchall()
    finally:
        database.execute("COMMIT")
    if packed is None:
        return (rows, rows[-1][0]) if rows else (None, after)
    try:
        market = _decode(zlib.decompress(packed))
    except (zlib.error, msgspec.DecodeError) as error:
        raise JournalError(
            f"the journal's market data up to record {last} is damaged ({error}); restore a copy"
        ) from None
    return sorted(rows + [row for row in market if row[0] > after]), last


def _next_pack(database: sqlite3.Connection, after: int) -> tuple[int, bytes] | None:
    if not database.execute(_HAS_PACKS).fetchone():
        return None  # A reader does not bring an older journal up to date.
    found: tuple[int, bytes] | None = database.execute(_NEXT_PACK, (after,)).fetchone()
    return found
