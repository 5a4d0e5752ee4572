"""Journals replayed: the same decisions, or the first difference."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.run import run_virtually
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.app.journal.replay import ALL_TIME, day_bounds, replay
from microfutures.app.lifecycle import Lifecycle
from microfutures.app.wiring import System
from microfutures.model.errors import JournalError
from microfutures.model.timestamp import to_datetime

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def changed(journal: Path, name: str, before: str, after: str) -> int:
    """Change the first record `name` that holds `before`; return its number."""
    database = sqlite3.connect(journal)
    sequence: int
    (sequence,) = database.execute(
        "SELECT min(sequence) FROM records WHERE name = ? AND instr(payload, ?)", (name, before)
    ).fetchone()
    database.execute(
        "UPDATE records SET payload = replace(payload, ?, ?) WHERE sequence = ?",
        (before, after, sequence),
    )
    database.commit()
    database.close()
    return sequence


def test_replay_of_two_runs_with_a_lost_line_gives_the_same_answers(tmp_path: Path) -> None:
    async def unplug(system: System, lifecycle: Lifecycle) -> None:
        assert system.simulation is not None
        while not system.engine.portfolio.positions:
            await system.manager.clock.sleep(0.001)
        system.simulation.server.kill_connections()

    run_virtually(tmp_path, seconds=120, meddle=unplug)
    result = run_virtually(tmp_path, seconds=120)
    report = replay(result.journal)
    assert report.difference is None
    assert (report.runs, report.unwritten) == (2, 0)
    assert report.events > 1_000
    assert report.answers > 20


def test_a_journal_whose_market_data_was_packed_replays_as_before(tmp_path: Path) -> None:
    path = run_virtually(tmp_path, seconds=120).journal
    before = replay(path)
    with SqliteJournal(path) as journal:
        assert list(journal.pack(ALL_TIME[1]))
    assert replay(path) == before
    assert before.difference is None


def test_replay_shows_the_first_decision_that_was_made_otherwise(tmp_path: Path) -> None:
    journal = run_virtually(tmp_path, seconds=120).journal
    sequence = changed(journal, "OrderApproved", '"quantity":1,', '"quantity":2,')
    difference = replay(journal).difference
    assert difference is not None
    assert difference.sequence == sequence
    assert '"quantity":2,' in difference.journal
    assert '"quantity":1,' in difference.replay


def test_replay_notices_an_event_that_was_changed(tmp_path: Path) -> None:
    journal = run_virtually(tmp_path, seconds=120).journal
    changed(journal, "FillReceived", '"price":"70.', '"price":"71.')
    difference = replay(journal).difference
    assert difference is not None
    assert difference.journal.startswith("RoundTripFinished")


def test_replay_tells_what_a_killed_process_had_not_written(tmp_path: Path) -> None:
    journal = run_virtually(tmp_path, seconds=120).journal
    database = sqlite3.connect(journal)
    (last,) = database.execute(
        "SELECT max(sequence) FROM records WHERE name = 'RoundTripFinished'"
    ).fetchone()
    database.execute("DELETE FROM records WHERE sequence >= ?", (last,))
    database.commit()
    database.close()
    report = replay(journal)
    assert report.difference is None
    assert report.unwritten > 0


def test_replay_of_another_day_finds_no_run(tmp_path: Path) -> None:
    result = run_virtually(tmp_path, seconds=60)
    day = to_datetime(result.outcome.snapshot.time_ns).date()
    assert replay(result.journal, day_bounds(day)).events > 100
    assert replay(result.journal, day_bounds(day.replace(year=day.year - 1))).runs == 0


def test_replay_refuses_a_journal_without_the_start_of_a_run(tmp_path: Path) -> None:
    journal = run_virtually(tmp_path, seconds=60).journal
    database = sqlite3.connect(journal)
    database.execute("DELETE FROM records WHERE name = 'RunStarted'")
    database.commit()
    database.close()
    with pytest.raises(JournalError, match="no start of a run"):
        replay(journal)


def test_replay_command_answers_in_words_and_exit_codes(tmp_path: Path) -> None:
    journal = run_virtually(tmp_path, seconds=60).journal
    (code, out, _) = command("--journal", str(journal))
    assert code == 0
    assert "1 run(s): " in out
    assert "the same again, byte for byte" in out
    changed(journal, "OrderApproved", '"quantity":1,', '"quantity":2,')
    (code, out, _) = command("--journal", str(journal))
    assert code == 1
    assert "differs:\n  journal: OrderApproved" in out
    assert command("yesterday", "--journal", str(journal))[::2] == (
        2,
        "error: 'yesterday' is no day; write it like 2026-11-23\n",
    )
    (code, _, error) = command("--journal", str(tmp_path / "none"))
    assert code == 1
    assert "no such file; name the log directory of a run" in error


def command(*arguments: str) -> tuple[int, str, str]:
    answer = subprocess.run(
        [sys.executable, "-m", "microfutures", "replay", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return answer.returncode, answer.stdout, answer.stderr
