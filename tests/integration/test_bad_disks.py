"""A real desk on a disk that is full, on one that can only be read, with a journal in use."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.children import ROOT, Child
from campaign.kill_audit import audit
from campaign.kill_stage import Stage

from microfutures.adapters.sqlite_journal import SqliteJournal

MEGABYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextmanager
def filled(place: Path) -> Iterator[None]:
    """Leave no room on a disk meanwhile."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (MEGABYTE, 4_096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    yield
    filler.unlink()


@pytest.mark.slow
def test_a_desk_whose_disk_is_full_stops_and_the_next_one_knows_everything(
    tmp_path: Path, small_disk: Path
) -> None:
    stage = Stage(tmp_path, seed=1, log_dir=small_disk / "logs")
    try:
        stage.start_gateway()
        desk = stage.start_desk()
        stage.wait_until_it_trades()
        with filled(small_disk):
            assert desk.wait(60) == 1
            assert "the disk is full; free some space and start again" in desk.said()
            assert "Traceback" not in desk.said()
            again = stage.start_desk()
            assert again.wait(60) == 1
            assert "disk" in again.said()
            assert "Traceback" not in again.said()
        stage.start_desk()
        stage.wait_until_quiet()
        assert audit(stage) == []
    finally:
        stage.end()


def a_desk(log_dir: Path, folder: Path) -> Child:
    """A desk that nobody answers."""
    words = ("--port", "1", "--log-dir", str(log_dir), "--display", "none")
    return Child(str(ROOT / "main.py"), *words, directory=folder, log="desk.log")


@pytest.mark.slow
def test_a_disk_that_can_only_be_read_is_named_before_anything_begins(
    tmp_path: Path, small_disk: Path
) -> None:
    log_dir = small_disk / "logs"
    log_dir.mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    child = a_desk(log_dir, tmp_path)
    assert child.wait(30) == 2
    assert f"no permission to write in {log_dir}" in child.said()
    assert [*log_dir.iterdir()] == []


@pytest.mark.slow
def test_a_journal_that_another_program_has_locked_is_named(tmp_path: Path) -> None:
    log_dir = tmp_path / "logs"
    log_dir.mkdir()
    path = log_dir / "journal.sqlite3"
    SqliteJournal(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    child = a_desk(log_dir, tmp_path)
    assert child.wait(30) == 1
    assert "another program has locked it; close that program" in child.said()
    other.close()
