"""A journal cut at any byte: every record is there, or the start refuses, or it says what is gone.

Nothing that was acknowledged is missing without a word. The files are those that a process leaves
that is killed, and those of one that closed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from microfutures.adapters.ahead_log import FILE_BYTES
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.app.engine_making import build_engine
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.config import Settings
from microfutures.model.errors import JournalError
from microfutures.ports.journal import JournalRecord, RecordsLost

SOURCES = Path(__file__).parents[3] / "src"
PAGE = 4_096
RECORDS = 60

DESK = """
import os, sqlite3, sys
from pathlib import Path
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.ports.journal import JournalRecord
path = Path(sys.argv[1])
journal = SqliteJournal(path)
def add(count):
    for _ in range(count):
        sequence = journal.last_sequence() + 1
        journal.append(JournalRecord(sequence, sequence, "order", "X", b'{"x": "%d"}' % sequence))
        journal.commit()
def fold():
    other = sqlite3.connect(path)
    other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    other.close()
"""


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: no disk is on trial, and its flushes take minutes."""
    memory = Path("/dev/shm")  # noqa: S108  (a folder of random name is made in it)
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as name:
        yield Path(name)


def left_by(folder: Path, deeds: str) -> Path:
    """Return the journal that a process leaves that does `deeds` and is gone."""
    path = folder / "journal.db"
    subprocess.run(
        [sys.executable, "-c", f"{DESK}\n{deeds}\nos._exit(0)", str(path)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        check=True,
        timeout=60,
    )
    return path


def cut_copies(whole: Path, name: str, folder: Path, lengths: range) -> Iterator[Path]:
    """Yield a copy of all files of `whole` for each length to which the one with `name` is cut."""
    kept = {
        each.name: each.read_bytes()
        for each in whole.parent.iterdir()
        if not each.name.endswith(("-shm", ".lock"))
    }
    for length in lengths:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for each, content in kept.items():
            (folder / each).write_bytes(content[:length] if each == name else content)
        yield folder / whole.name


def what_is_found(path: Path) -> str:
    """Open a journal; return ``all``, ``refused`` or ``told``; anything else is a loss."""
    try:
        with SqliteJournal(path) as journal:
            records = [*journal.read()]
    except JournalError as error:
        return "refused" if str(path) in str(error) else f"a riddle: {error}"
    told = records[-1:] if records and records[-1].name == RecordsLost.__name__ else []
    kept = len(records) - len(told)
    assert [each.sequence for each in records[:kept]] == [*range(1, kept + 1)]
    assert all(each.payload == b'{"x": "%d"}' % each.sequence for each in records[:kept])
    if told:
        return "told"
    return "all" if kept == RECORDS else f"silently {kept}"


def last_page(path: Path) -> range:
    size = path.stat().st_size
    return range(size - PAGE, size)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_closed_journal_cut_anywhere_in_its_last_page_loses_nothing_silently(
    quick_path: Path,
) -> None:
    whole = left_by(quick_path, f"add({RECORDS}); journal.close()")
    copies = cut_copies(whole, whole.name, quick_path / "cut", last_page(whole))
    # Some pages end in nothing at all.
    assert {what_is_found(each) for each in copies} <= {"all", "refused"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_file_cut_anywhere_in_its_last_page_beside_its_log_loses_nothing_silently(
    quick_path: Path,
) -> None:
    whole = left_by(quick_path, f"add({RECORDS - 2}); fold(); add(2)")
    copies = cut_copies(whole, whole.name, quick_path / "cut", last_page(whole))
    assert {what_is_found(each) for each in copies} <= {"all", "refused"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_write_ahead_log_cut_anywhere_in_its_last_page_is_told(quick_path: Path) -> None:
    whole = left_by(quick_path, f"add({RECORDS})")
    log = whole.with_name(whole.name + "-wal")
    copies = cut_copies(whole, log.name, quick_path / "cut", last_page(log))
    assert {what_is_found(each) for each in copies} == {"told"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_log_ahead_that_was_cut_is_refused(quick_path: Path) -> None:
    whole = left_by(quick_path, f"add({RECORDS})")
    ahead = whole.with_name(whole.name + "-ahead")
    assert ahead.stat().st_size == FILE_BYTES
    copies = cut_copies(whole, ahead.name, quick_path / "cut", range(1, FILE_BYTES, 5_003))
    assert {what_is_found(each) for each in copies} == {"refused"}
    assert what_is_found(whole) == "all"


@pytest.mark.parametrize("gone", ["-wal", ""])
def test_a_journal_whose_log_or_content_is_gone_is_never_taken_for_a_new_one(
    tmp_path: Path, gone: str
) -> None:
    whole = left_by(tmp_path, f"add({RECORDS})")
    whole.with_name(whole.name + "-shm").unlink()
    whole.with_name(whole.name + gone).write_bytes(b"")
    assert what_is_found(whole) in ("told", "refused")


def test_a_loss_halts_the_next_start_until_it_is_resumed(tmp_path: Path) -> None:
    whole = left_by(tmp_path, f"add({RECORDS})")
    log = whole.with_name(whole.name + "-wal")
    os.truncate(log, log.stat().st_size - 1)
    for _ in range(2):  # it is remembered, too
        engine = build_engine(Settings(), "t")
        with SqliteJournal(whole) as journal:
            recover(engine, journal.read(RECOVERED_KINDS))
        assert f"lost its records {RECORDS} to {RECORDS}" in engine.state.pause_reason


def test_a_record_that_can_not_be_read_stops_the_start(tmp_path: Path) -> None:
    engine = build_engine(Settings(), "t")
    damaged = JournalRecord(7, 7, "order", "FillReceived", b"{\0\0\0")
    with pytest.raises(JournalError, match=r"record 7 \(FillReceived\) can't be read"):
        recover(engine, [damaged])
