import asyncio
import logging
import shutil
import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace

import pytest

from microfutures.adapters.journal_pages import PACK_RECORDS
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.app.housekeeping import (
    LITTLE_ROOM_BYTES,
    PACKED_AFTER_SECONDS,
    ROUND_SECONDS,
    Housekeeping,
)
from microfutures.ports.journal import JournalRecord

DAY_NS = round(PACKED_AFTER_SECONDS * 1e9)


def in_virtual_time(test: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(test)


async def keep_house(
    log_dir: Path, journal: SqliteJournal, is_quiet: Callable[[], bool], rounds: int = 1
) -> None:
    clock = SimulatedClock(2 * DAY_NS)
    house = Housekeeping(journal=journal, log_dir=log_dir, clock=clock, is_quiet=is_quiet)
    task = asyncio.create_task(house.run())
    await clock.sleep((rounds + 0.5) * ROUND_SECONDS)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def unpacked(log_dir: Path) -> int:
    """Return how many records a plain look into the file shows."""
    with sqlite3.connect(log_dir / "journal.db") as database:
        found: int = database.execute("SELECT count(*) FROM records").fetchone()[0]
    database.close()
    return found


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    """Return one with two packs' worth of the day before yesterday, and as much of today."""
    made = SqliteJournal(tmp_path / "journal.db")
    for number in range(1, 4 * PACK_RECORDS + 1):
        time_ns = number if number <= 2 * PACK_RECORDS else 2 * DAY_NS + number
        made.append(JournalRecord(number, time_ns, "market", "Quote", b"{}"))
    made.commit()
    return made


def test_days_gone_by_are_packed_and_today_is_not(tmp_path: Path, journal: SqliteJournal) -> None:
    with journal:
        in_virtual_time(keep_house(tmp_path, journal, lambda: True))
        assert unpacked(tmp_path) == 2 * PACK_RECORDS
        assert len(list(journal.read())) == 4 * PACK_RECORDS


def test_a_busy_desk_is_not_kept(tmp_path: Path, journal: SqliteJournal) -> None:
    with journal:
        in_virtual_time(keep_house(tmp_path, journal, lambda: False, rounds=3))
        assert unpacked(tmp_path) == 3 * PACK_RECORDS  # the one pack at which it was seen busy


def test_little_room_is_told_once_then_at_half_of_it(
    tmp_path: Path,
    journal: SqliteJournal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # How full the disk of the machine is can't be chosen; only the figure is made up.
    free = iter(
        [LITTLE_ROOM_BYTES + 1, 900_000_000, 800_000_000, 400_000_000, 3_000_000_000, 900_000_000]
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=next(free)))
    with journal, caplog.at_level(logging.WARNING):
        in_virtual_time(keep_house(tmp_path, journal, lambda: True, rounds=6))
    told = [line.split(" MB")[0] for line in caplog.messages]
    assert told == ["only 900", "only 400", "only 900"]
    assert "free some space" in caplog.text
