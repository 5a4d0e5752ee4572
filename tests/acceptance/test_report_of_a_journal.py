"""A tear sheet of a journal says what the account says, to the cent."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from helpers.run import Result, run_virtually
from microfutures.adapters.sqlite_journal import JournalReader, SqliteJournal
from microfutures.app.cli import app
from microfutures.app.journal.sheet import sheet_of_journal
from microfutures.app.lifecycle import Lifecycle
from microfutures.app.wiring import System
from microfutures.model.errors import ConfigurationError, JournalError
from microfutures.reports.tear_sheet_input import TearSheetInput

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run whose line is cut while a position is on: executions are told twice."""
    folder = tmp_path_factory.mktemp("logs")

    async def unplug(system: System, lifecycle: Lifecycle) -> None:
        assert system.simulation is not None
        while not system.engine.portfolio.positions:
            await system.manager.clock.sleep(0.001)
        system.simulation.server.kill_connections()

    return run_virtually(folder, seconds=300, meddle=unplug)


@pytest.fixture(scope="module")
def sheet(run: Result) -> TearSheetInput:
    return sheet_of_journal(run.journal)


def test_net_of_the_trades_is_what_the_account_earned(run: Result, sheet: TearSheetInput) -> None:
    assert len(sheet.trades) > 2
    assert sum(trade.net for trade in sheet.trades) == pytest.approx(float(run.earned), abs=0.005)
    assert sheet.equity[-1] - sheet.equity[0] == pytest.approx(float(run.earned), abs=0.005)
    assert sheet.costs["commissions"] == pytest.approx(sum(trade.costs for trade in sheet.trades))
    assert sheet.costs["slippage"] > 0


def test_trades_swing_around_their_results(sheet: TearSheetInput) -> None:
    for trade in sheet.trades:
        assert trade.worst is not None
        assert trade.best is not None
        assert trade.worst <= 0 <= trade.best
        assert trade.notional > 10_000
        assert trade.instrument.startswith("MCL")
    assert all(later > earlier for earlier, later in pairwise(sheet.times_ns[1:-1]))


def test_z_scores_are_those_that_the_strategy_acted_on(run: Result, sheet: TearSheetInput) -> None:
    assert sheet.pair is not None
    seen = dict(zip(sheet.pair.times_ns, sheet.pair.z, strict=True))
    reader = JournalReader(run.journal)
    signals = [
        json.loads(record.payload)
        for record in reader.read({"decision"})
        if record.name == "Signal"
    ]
    reader.close()
    entries = [signal for signal in signals if signal["kind"].startswith("enter")] or signals
    assert len(entries) > 2
    for signal in entries:
        assert seen[signal["time_ns"]] == pytest.approx(signal["z_score"], rel=1e-9)
    assert np.nanmax(np.abs(sheet.pair.z)) >= sheet.pair.z_entry


def test_command_writes_the_page_and_prints_the_summary(run: Result, tmp_path: Path) -> None:
    out = tmp_path / "sheet.html"
    words = ["report", "--journal", str(run.journal), "--output", str(out), "--title", "A day"]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    assert "A day" in answer.output
    assert "<title>A day</title>" in out.read_text()
    nowhere = CliRunner().invoke(app, [*words[:4], str(tmp_path / "no" / "x.html")])
    assert isinstance(nowhere.exception, ConfigurationError)
    assert "No such file or directory" in str(nowhere.exception)


def test_journal_without_a_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    SqliteJournal(path).close()
    with pytest.raises(ConfigurationError, match="no run was ever started in this journal"):
        sheet_of_journal(path)
    with pytest.raises(JournalError, match="no such file"):
        sheet_of_journal(tmp_path / "none.sqlite3")
