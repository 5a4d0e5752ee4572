"""An intent that was written ahead outlives the process, whenever it dies, and comes back once."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from microfutures.adapters.ahead_log import HALF_BYTES, AheadLog, Row, read_ahead
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.ports.journal import JournalRecord

SOURCES = Path(__file__).parents[3] / "src"

ROWS: list[Row] = [(1, 10, "market", "Quote", "{}"), (2, 11, "order", "OrderApproved", '{"a":1}')]

DESK = """
import os, sys
from pathlib import Path
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.ports.journal import JournalRecord
journal = SqliteJournal(Path(sys.argv[1]))
def add(count):
    for _ in range(count):
        sequence = journal.last_sequence() + 1
        journal.append(JournalRecord(sequence, sequence, "order", "OrderApproved", b"{}"))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def ahead_of(path: Path) -> Path:
    return path.with_name(path.name + "-ahead")


def run_and_die(path: Path, deeds: str) -> None:
    """Let another process write `path`, and leave it as one that is killed leaves it."""
    subprocess.run(
        [sys.executable, "-c", f"{DESK}\n{deeds}\nos._exit(0)", str(path)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        check=True,
        timeout=30,
    )


def sequences(path: Path) -> list[int]:
    with SqliteJournal(path) as journal:
        return [record.sequence for record in journal.read()]


@pytest.mark.parametrize(
    ("deeds", "kept"),
    [
        ("add(3)", 0),
        ("add(3); journal.write_ahead()", 3),
        ("add(3); journal.write_ahead(); journal.commit()", 3),
        ("add(3); journal.write_ahead(); add(2)", 3),
        # Each frame adds what the one before it did not hold.
        ("add(3); journal.write_ahead(); add(2); journal.write_ahead()", 5),
        ("\nfor _ in range(40): add(2); journal.write_ahead()", 80),
        ("\nfor _ in range(40): add(2); journal.write_ahead()\njournal.commit(); add(1)", 80),
        ("\nfor _ in range(9):\n add(1); journal.write_ahead()\n journal.commit()", 9),
        ("add(3); journal.write_ahead(); journal.commit(); add(2); journal.write_ahead()", 5),
        ("add(2); journal.keep(); add(2); journal.keep(); add(1); journal.write_ahead()", 5),
        ("add(1); journal.commit(); add(2); journal.write_ahead(); journal.write_ahead()", 3),
        ("add(3); journal.write_ahead(); journal.keep(); journal.flush()", 3),
    ],
)
def test_what_was_written_ahead_is_there_at_the_next_start(
    path: Path, deeds: str, kept: int
) -> None:
    run_and_die(path, deeds)
    assert sequences(path) == list(range(1, kept + 1))
    assert sequences(path) == list(range(1, kept + 1))


def test_texts_that_an_earlier_version_wrote_ahead_are_taken(path: Path) -> None:
    run_and_die(path, "add(1); journal.commit()")
    log = AheadLog(ahead_of(path))
    log.write([(2, 12, "order", "Name", '{"is": "a text"}')])
    log.close(is_done=False)
    with SqliteJournal(path) as journal:
        *_, last = journal.read()
    assert last == JournalRecord(2, 12, "order", "Name", b'{"is": "a text"}')


def test_what_is_rehearsed_is_kept_nowhere(path: Path) -> None:
    records = [JournalRecord(each, each, "order", "OrderApproved", b"{}") for each in (1, 2)]
    with SqliteJournal(path) as journal:
        before = ahead_of(path).read_bytes()
        journal.rehearse(records)
        assert ahead_of(path).read_bytes() == before
        journal.append(records[0])
        journal.write_ahead()
        journal.rehearse(records)
        assert [row[0] for row in read_ahead(ahead_of(path))] == [1]
    assert sequences(path) == [1]


def frames(path: Path, *written: list[Row]) -> bytes:
    log = AheadLog(path)
    for rows in written:
        assert log.write(rows)
    log.close(is_done=False)
    return path.read_bytes()


def test_a_torn_frame_is_none_and_a_whole_one_is_all(path: Path) -> None:
    whole = frames(path, ROWS).rstrip(b"\0")
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_ahead(path) == []
    path.write_bytes(whole)
    assert read_ahead(path) == ROWS


def test_a_torn_frame_leaves_those_before_it(path: Path) -> None:
    first = len(frames(path, ROWS[:1]).rstrip(b"\0"))
    whole = frames(path, ROWS[:1], ROWS[1:]).rstrip(b"\0")
    for length in range(first, len(whole)):
        path.write_bytes(whole[:length])
        assert read_ahead(path) == ROWS[:1]
    path.write_bytes(whole)
    assert read_ahead(path) == ROWS


def test_what_an_earlier_chain_has_left_is_passed_over(path: Path) -> None:
    log = AheadLog(path)
    row = ROWS[0][1:]
    for sequence in range(1, 8):
        assert log.write([(sequence, *row)])
    for sequence in (8, 9):
        log.mark(sequence - 1)
        assert log.write([(sequence, *row)])
    # Frames of the same length: behind 9 stands 2.
    assert read_ahead(path) == [(9, *row)]
    log.close(is_done=False)


def test_every_damaged_byte_is_found(path: Path) -> None:
    whole = frames(path, ROWS).rstrip(b"\0")
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        assert read_ahead(path) == []


def test_a_frame_that_has_no_room_is_not_begun(path: Path) -> None:
    log = AheadLog(path)
    log.write(ROWS)
    assert not log.write([(3, 12, "system", "Large", "x" * HALF_BYTES)])
    assert read_ahead(path) == ROWS
    log.close(is_done=True)
    assert not path.exists()


def test_what_has_no_room_ahead_is_committed_instead(path: Path) -> None:
    large = 'journal.append(JournalRecord(2, 2, "system", "Large", b"x" * 200_000))'
    run_and_die(path, f"add(1); journal.write_ahead(); {large}; journal.write_ahead()")
    assert sequences(path) == [1, 2]


def test_a_journal_that_was_moved_away_takes_its_intents_with_it(path: Path) -> None:
    run_and_die(path, "add(3); journal.commit(); add(1); journal.write_ahead()")
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        each.unlink()
    assert sequences(path) == []


def test_a_journal_that_was_closed_leaves_nothing_ahead(path: Path) -> None:
    run_and_die(path, "add(3); journal.write_ahead(); journal.close()")
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "journal.db",
        "journal.db.lock",
    ]


def test_a_disk_without_room_is_told_at_the_start(path: Path) -> None:
    start = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({HALF_BYTES}, {HALF_BYTES}))"
    program = f"import resource\n{start}\n{DESK}"
    run = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert "JournalError" in run.stderr
    assert "check it and its free space" in run.stderr


def test_what_was_written_ahead_is_committed_with_what_comes_next(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.append(JournalRecord(1, 1, "order", "Name", b"{}"))
        journal.write_ahead()
        journal.keep()
        assert committed(path) == 0
        journal.append(JournalRecord(2, 2, "order", "Name", b"{}"))
        journal.keep()
        assert committed(path) == 2


def committed(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM records").fetchone()[0])
