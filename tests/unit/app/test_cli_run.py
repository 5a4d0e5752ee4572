"""The command line through to the files of a finished run."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from microfutures.adapters.busy_poll import BusyPollSelector
from microfutures.app import headless
from microfutures.app.arguments import RunOptions, run_options
from microfutures.app.lifecycle import ExitCode
from microfutures.config import Settings
from microfutures.config.loading import load_with_origins

ROOT = Path(__file__).parents[3]
LOGS = ("connection_log", "market_data_log", "order_execution_log")


def run_simulated(cwd: Path, log_dir: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, str(ROOT / "main.py"), "--simulate", "--virtual-time"),
        *("--duration", "3m", "--seed", "4", "--display", "none", "--log-dir", log_dir),
        *arguments,
    ]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_desk_polls_while_ticks_are_close_together_and_never_in_virtual_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = []

    async def look(_settings: Settings, _options: RunOptions) -> ExitCode:
        selector = getattr(asyncio.get_running_loop(), "_selector", None)
        polls.append(isinstance(selector, BusyPollSelector))
        return ExitCode.CLEAN

    monkeypatch.setattr(headless, "_run", look)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    loaded = load_with_origins(None, {"logging.log_dir": str(tmp_path)})
    for virtual_time in (False, True):
        options = run_options(loaded, simulate="demo", virtual_time=virtual_time)
        assert headless.run_from_settings(loaded.settings, options) == 0
    assert polls == [True, False]


@pytest.mark.slow
def test_a_run_leaves_its_logs_and_the_same_run_the_same_journal(tmp_path: Path) -> None:
    journals = []
    for log_dir in ("first", "second"):
        answer = run_simulated(tmp_path, log_dir)
        assert answer.returncode == 0, answer.stderr
        assert answer.stderr == ""
        directory = tmp_path / log_dir
        assert (directory / "trading_system.log").stat().st_size > 0
        for name in LOGS:
            (path,) = directory.glob(f"{name}_*.json")
            document = json.loads(path.read_text())
            assert document["log"] == name
            assert document["count"] == len(document["events"]) > 0
        (journal,) = directory.glob("journal*.sqlite3")
        journals.append(journal.read_bytes())
    assert journals[0] == journals[1]


@pytest.mark.slow
def test_regular_exports_share_the_events_among_them(tmp_path: Path) -> None:
    answer = run_simulated(tmp_path, "logs", "--log-interval", "60")
    assert answer.returncode == 0, answer.stderr
    files = sorted((tmp_path / "logs").glob("market_data_log_*.json"))
    assert len(files) >= 3
    documents = [json.loads(path.read_text()) for path in files]
    sequences = [event["sequence"] for each in documents for event in each["events"]]
    assert sequences == sorted(set(sequences))
