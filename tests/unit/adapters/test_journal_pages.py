"""Market data of past days takes a tenth, and nobody who reads the journal can tell."""

import sqlite3
from pathlib import Path

import pytest

from microfutures.adapters.journal_pages import PACK_RECORDS, PAGE_RECORDS
from microfutures.adapters.sqlite_journal import JournalReader, SqliteJournal
from microfutures.model.errors import JournalError
from microfutures.ports.journal import JournalRecord

COUNT = 6 * PACK_RECORDS + 123
QUOTE = b'{"type":"quote","instrument_id":"MCLF27","time_ns":%d,"bid":70.11,"ask":70.12}'


def written(path: Path, count: int = COUNT) -> list[JournalRecord]:
    """Return what a new journal holds: quotes, one order in fifty records."""
    records = [
        JournalRecord(
            number, number * 10, "order" if number % 50 == 0 else "market", "Name", QUOTE % number
        )
        for number in range(1, count + 1)
    ]
    with SqliteJournal(path) as journal:
        for each in records:
            journal.append(each)
    return records


def pack(path: Path, before_ns: int) -> int:
    with SqliteJournal(path) as journal:
        return sum(1 for _ in journal.pack(before_ns))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.mark.parametrize("after", [0, 1, 499, 500, 501, 1_700, COUNT - 1, COUNT])
@pytest.mark.parametrize("kinds", [None, {"market"}, {"order"}, {"market", "order"}])
def test_packed_records_are_read_as_they_were(
    path: Path, kinds: set[str] | None, after: int
) -> None:
    records = written(path)
    assert pack(path, before_ns=2_000 * 10) == 3
    expected = [r for r in records if r.sequence > after and (kinds is None or r.kind in kinds)]
    with SqliteJournal(path) as journal:
        assert list(journal.read(kinds, after_sequence=after)) == expected
    reader = JournalReader(path)
    assert list(reader.read(kinds, after_sequence=after)) == expected
    reader.close()


def test_packing_takes_old_market_data_alone_and_makes_it_small(path: Path) -> None:
    written(path)
    assert pack(path, before_ns=(COUNT + 1) * 10) == 6
    with sqlite3.connect(path) as database:
        kept = database.execute("SELECT kind, count(*) FROM records GROUP BY kind").fetchall()
        size = database.execute("SELECT sum(length(records)) FROM packed").fetchone()[0]
    database.close()
    assert dict(kept) == {"order": COUNT // 50, "market": COUNT - COUNT // 50 - 6 * PACK_RECORDS}
    assert size < 6 * PACK_RECORDS * len(QUOTE) / 5
    assert pack(path, before_ns=(COUNT + 1) * 10) == 0


def test_a_number_is_never_used_again_though_the_newest_records_are_packed(path: Path) -> None:
    with SqliteJournal(path) as journal:
        for number in range(1, PACK_RECORDS + 1):
            journal.append(JournalRecord(number, number, "market", "Name", b"{}"))
    assert pack(path, before_ns=1_000_000) == 1
    with SqliteJournal(path) as journal:
        assert journal.last_sequence() == PACK_RECORDS
        with pytest.raises(JournalError, match="comes after"):
            journal.append(JournalRecord(PACK_RECORDS, 1, "market", "Name", b"{}"))


def test_who_reads_while_the_desk_packs_misses_nothing(path: Path) -> None:
    records = written(path)
    with SqliteJournal(path) as journal:
        reader = JournalReader(path)
        reading = reader.read()
        seen = [next(reading) for _ in range(PAGE_RECORDS // 2)]
        packing = journal.pack((COUNT + 1) * 10)
        for number, record in enumerate(reading):
            seen.append(record)
            if number % 100 == 0:
                next(packing, None)
        reader.close()
    assert seen == records


def test_packing_broken_off_anywhere_loses_nothing(path: Path, tmp_path: Path) -> None:
    records = written(path)
    journal = SqliteJournal(path)
    for step, _ in enumerate(journal.pack((COUNT + 1) * 10)):
        # What the disk holds at this moment is what a process that dies now leaves behind.
        left = tmp_path / f"left{step}.db"
        for suffix in ("", "-wal"):
            left.with_name(left.name + suffix).write_bytes(
                path.with_name(path.name + suffix).read_bytes()
            )
        with SqliteJournal(left) as survivor:
            assert list(survivor.read()) == records
    journal.close()


def test_a_journal_of_the_first_version_is_read_as_it_is_and_upgraded_by_its_desk(
    path: Path,
) -> None:
    records = written(path)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE packed")
        database.execute("UPDATE schema_version SET version = 1")
    database.close()
    reader = JournalReader(path)
    assert list(reader.read()) == records
    reader.close()
    assert pack(path, before_ns=10_000) == 1
    with SqliteJournal(path) as journal:
        assert list(journal.read()) == records


def test_a_damaged_pack_is_named(path: Path) -> None:
    written(path)
    pack(path, before_ns=10_000)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE packed SET records = substr(records, 1, 100)")
    database.close()
    with SqliteJournal(path) as journal:
        with pytest.raises(JournalError, match=r"market data up to record 510 is damaged"):
            list(journal.read())
        assert len(list(journal.read({"order"}))) == COUNT // 50
