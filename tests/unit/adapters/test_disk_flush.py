import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from helpers.waiting import wait_until
from microfutures.adapters.disk_flush import FOLD_AFTER, LOWEST_PRIORITY, DiskFlusher
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.model.errors import JournalError
from microfutures.ports.journal import JournalRecord


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(tmp_path / "journal.db") as journal:
        yield journal


def add(journal: SqliteJournal, kind: str = "order") -> None:
    sequence = journal.last_sequence() + 1
    journal.append(JournalRecord(sequence, sequence, kind, "Name", b"{}"))
    journal.commit()


def add_until_it_fails(journal: SqliteJournal) -> None:
    while True:
        add(journal)
        journal.flush()


def records_without_log(path: Path) -> int:
    """Return what another machine would find if only the file itself were carried over."""
    alone = path.with_name("alone.db")
    copyfile(path, alone)
    database = sqlite3.connect(alone)
    try:
        return int(database.execute("SELECT count(*) FROM records").fetchone()[0])
    finally:
        database.close()


def test_log_is_folded_into_the_file_after_many_flushes(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    path = tmp_path / "journal.db"
    flusher = DiskFlusher(path)
    for _ in range(FOLD_AFTER):
        add(journal)
        flusher.ask()
    flusher.close()
    assert records_without_log(path) == FOLD_AFTER


def test_flush_that_failed_is_told_at_the_next_one(journal: SqliteJournal, tmp_path: Path) -> None:
    flusher = DiskFlusher(tmp_path / "no-such-journal.db")
    flusher.ask()
    flusher.close()
    with pytest.raises(FileNotFoundError):
        flusher.ask()


def test_journal_tells_of_a_flush_that_failed_in_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with SqliteJournal(path) as journal:
        path.with_name(path.name + "-wal").unlink()
        add(journal)
        journal.flush()
        with pytest.raises(JournalError, match="disk refused"):
            add_until_it_fails(journal)


def test_journal_of_ticks_alone_asks_for_no_flush(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with SqliteJournal(path) as journal:
        path.with_name(path.name + "-wal").unlink()
        for _ in range(3):
            add(journal, "market")
            journal.flush()
        assert journal.last_sequence() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows a thread's own priority")
def test_flush_leaves_the_processor_to_orders(journal: SqliteJournal) -> None:
    before, main = set(threading.enumerate()), threading.main_thread().native_id or 0
    priority = os.getpriority(os.PRIO_PROCESS, main)
    add(journal)
    journal.flush()
    (flush,) = set(threading.enumerate()) - before
    assert flush.native_id is not None
    wait_until(lambda: os.getpriority(os.PRIO_PROCESS, flush.native_id or 0) == LOWEST_PRIORITY)
    assert os.getpriority(os.PRIO_PROCESS, main) == priority < LOWEST_PRIORITY
