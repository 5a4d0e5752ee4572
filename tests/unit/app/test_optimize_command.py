"""`microfutures optimize` from the command line to its files."""

import csv
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from helpers.studies import write_days
from helpers.waiting import wait_until
from microfutures.app.cli import app
from microfutures.backtest import driver
from microfutures.backtest.driver import Backtest, Watch
from microfutures.backtest.record import BacktestResult
from microfutures.model.errors import ConfigurationError

pytest.importorskip("arch")

ROOT = Path(__file__).parents[3]
GRID = ("--grid", "z_entry=1.5:2.5:0.5", "--grid", "lookback=10,20")
EVENTS = ("--engine", "events")


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_days(tmp_path_factory.mktemp("tapes") / "tape", days=6)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config.json")


def write_config(path: Path, **parameters: object) -> Path:
    chosen = {"max_quote_age_seconds": 65, "cost_multiple": 0, **parameters}
    document = {
        "trading": {"check_interval": 30},
        "strategies": {"MicroCrudeOilArbitrage": {"parameters": chosen}},
    }
    path.write_text(json.dumps(document))
    return path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["optimize", *map(str, arguments)])
    if isinstance(result.exception, ConfigurationError):
        return 2, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_grid_with_a_walk_forward_leaves_every_table(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, text = run(
        "--config", config, "--data", tape, *GRID, *EVENTS, "--jobs", 1, "--objective", "net",
        "--walk-forward", "train=2d,test=1d,purge=1d", "--output", out,
    )  # fmt: skip
    assert code == 0
    assert "best 6 of 6 sets by net" in text
    sets = table(out / "results.csv")
    assert [row["rank"] for row in sets] == ["1", "2", "3", "4", "5", "6"]
    nets = [float(row["net"]) for row in sets]
    assert nets == sorted(nets, reverse=True)
    assert len(set(nets)) > 3
    assert all(int(row["trades"]) > 0 for row in sets)
    folds = table(out / "folds.csv")
    assert [row["test"] for row in folds] == [
        "2026-03-05 to 2026-03-05", "2026-03-06 to 2026-03-06", "2026-03-09 to 2026-03-09",
    ]  # fmt: skip
    days = table(out / "walk_forward.csv")
    assert sum(float(row["profit"]) for row in days) == pytest.approx(
        sum(float(row["net"]) for row in folds)
    )
    facts = json.loads((out / "study.json").read_text())
    assert (facts["trials"], facts["is_complete"]) == (6, True)
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(out / "results.parquet").num_rows == 6


@pytest.mark.slow
def test_table_of_three_long_parameters_is_whole_in_eighty_columns(
    tape: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    axes = ("max_holding_seconds=60", "flatten_before_close_seconds=120", "cooldown_seconds=30")
    _, text = run(
        "--config", config, "--data", tape, "--no-tear-sheet", "--output", tmp_path / "out",
        *(part for axis in axes for part in ("--grid", axis)),
    )  # fmt: skip
    headings = text.split("best 1 of 1 sets")[1].split("──")[0]
    assert "…" not in headings
    for name in ("flatten_", "before_", "max_", "holding_", "cooldown_"):
        assert name in headings.split()
    for name in ("net USD", "Sharpe", "drawdown", "trades", "won", "costs USD"):
        assert name in headings


@pytest.mark.slow
def test_result_of_a_set_is_that_of_the_backtest(tape: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path / "config.json", z_entry=2.0, lookback=20)
    out = tmp_path / "out"
    run("--config", config, "--data", tape, "--grid", "z_entry=2", *EVENTS, "--jobs", 1,
        "--output", out)  # fmt: skip
    (found,) = table(out / "results.csv")
    arguments = ["backtest", "--config", config, "--data", tape, "--bar-path", "closes",
                 "--no-journal", "--output", tmp_path / "backtest"]  # fmt: skip
    CliRunner().invoke(app, [str(each) for each in arguments])
    trips = table(tmp_path / "backtest" / "round_trips.csv")
    assert int(found["trades"]) == len(trips)
    assert float(found["net"]) == pytest.approx(sum(float(each["net"]) for each in trips))


@pytest.mark.slow
def test_kernel_and_events_come_to_the_same_sets_and_folds(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    pytest.importorskip("numba")
    for engine in ("kernel", "events"):
        code, _ = run(
            "--config", config, "--data", tape, *GRID, "--engine", engine, "--objective", "net",
            "--walk-forward", "train=2d,test=1d", "--output", tmp_path / engine,
        )  # fmt: skip
        assert code == 0
    for name, columns in (
        ("results.csv", ("z_entry", "lookback", "net", "trades", "wins", "costs")),
        ("folds.csv", ("train", "test", "z_entry", "lookback", "net", "trades")),
    ):
        ours, theirs = (table(tmp_path / engine / name) for engine in ("kernel", "events"))
        assert len(ours) == len(theirs) > 0
        for mine, other in zip(ours, theirs, strict=True):
            assert [number(mine[each]) for each in columns] == [
                number(other[each]) for each in columns
            ]


@pytest.mark.slow
def test_days_without_a_price_of_the_month_held_are_told_and_stand_on_the_tear_sheet(
    config: Path, tmp_path: Path
) -> None:
    # April's last day is the 19th of March: a desk leaves it after the 10th, the file on the 18th.
    tape = write_days(tmp_path / "strung", days=14)
    arguments = ("--config", config, "--data", tape, "--grid", "z_entry=2", *EVENTS, "--jobs", 1,
                 "--output", tmp_path / "out")  # fmt: skip
    code, text = run(*arguments)
    assert code == 0
    assert "MCL: on 5 of 14 trading days the tape has no price of the month" in text
    page = (tmp_path / "out" / "tear-sheet.html").read_text()
    assert "MCL: on 5 of 14 trading days the tape has no price of the month" in page
    assert "has no price of the month" not in run(*arguments, "--roll-days", 2)[1]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["kernel", "events"])
def test_a_study_in_which_nothing_traded_says_what_stopped_it(
    tape: Path, tmp_path: Path, engine: str
) -> None:
    pytest.importorskip("numba")
    # One round trip costs more than any look promises.
    config = write_config(tmp_path / "config.json", cost_multiple=50)
    arguments = ("--data", tape, "--engine", engine, "--jobs", 1, "--output", tmp_path / "out")
    code, text = run("--config", config, *arguments, "--grid", "z_entry=1.5,2")
    assert code == 0
    assert re.search(r"none: no set traded; entries were stopped by cost \([1-9][\d,]* x\)", text)
    code, text = run("--config", config, *arguments, "--grid", "z_entry=40,50")
    assert code == 0
    assert "none: no set traded; no look at the market was beyond z_entry" in text


def number(text: str) -> float | str:
    """Return a number to the cent, or the text that is none."""
    try:
        return round(float(text), 4)
    except ValueError:
        return text


@pytest.mark.slow
def test_tape_that_the_kernel_cannot_play_is_played_by_events(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    pytest.importorskip("numba")
    arguments = ("--config", config, "--data", tape, "--grid", "z_entry=2", "--bar-path", "ends",
                 "--jobs", 1, "--output", tmp_path / "out")  # fmt: skip
    code, text = run(*arguments)
    assert code == 0
    assert "engine       event-driven, for the kernel can't play this" in text
    code, text = run(*arguments, "--engine", "kernel")
    assert code == 2
    assert "--bar-path closes" in text


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_dask_workers_leave_the_same_files_as_one_process(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    for name, flags in (("one", ("--jobs", 1)), ("two", ("--cluster", "local:2"))):
        code, _ = run(
            "--config", config, "--data", tape, "--to", "2026-03-04", "--grid", "z_entry=1.5,2,2.5",
            *EVENTS, "--output", tmp_path / name, *flags,
        )  # fmt: skip
        assert code == 0
    for name in ("results.csv", "study.json"):
        one, two = (tmp_path / each / name for each in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
def test_study_goes_on_after_a_kill_and_after_ctrl_c(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    grid = ("--grid", "z_entry=1.5:2.9:0.1", "--objective", "net")
    whole, out = tmp_path / "whole", tmp_path / "out"
    run("--config", config, "--data", tape, *grid, *EVENTS, "--jobs", 2, "--output", whole)
    arguments = ["--config", config, "--data", tape, *grid, *EVENTS, "--jobs", 1, "--output", out]
    assert stopped(arguments, out, signal.SIGKILL, 2) == -signal.SIGKILL
    arguments += ["--resume"]
    kept = finished(out)
    assert 2 <= kept < 15
    assert stopped(arguments, out, signal.SIGINT, kept + 2) == 130
    assert finished(out) >= kept + 2
    assert len(table(out / "results.csv")) == finished(out) < 15
    kept = finished(out)
    code, text = run(*arguments)
    assert code == 0
    assert f"computed     {15 - kept} results" in text
    for name in ("results.csv", "study.json"):
        assert (out / name).read_text() == (whole / name).read_text()


def stopped(arguments: list[object], out: Path, by: signal.Signals, results: int) -> int:
    """Run a study, send it a signal when it has so many results, return its exit code."""
    command = [sys.executable, "main.py", "optimize", *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: process.poll() is not None or finished(out) >= results)
        process.send_signal(by)
        return process.wait()


def finished(out: Path) -> int:
    """Return how many results a study's file holds, while it is written too."""
    import sqlite3

    path = out / "study.sqlite3"
    if not path.exists():
        return 0
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(database.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


@pytest.mark.slow
def test_ctrl_c_while_the_tear_sheet_is_played_keeps_all_that_was_found(
    tape: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, play = tmp_path / "out", Backtest.run

    def interrupted(backtest: Backtest, watch: Watch) -> BacktestResult:
        signal.raise_signal(signal.SIGINT)
        return play(backtest, watch)

    arguments = ("--config", config, "--data", tape, "--grid", "z_entry=2", "--output", out)
    assert run(*arguments, *EVENTS, "--jobs", 1, "--no-tear-sheet")[0] == 0
    assert not (out / "tear-sheet.html").exists()
    monkeypatch.setattr(driver, "WATCH_EVERY", 16)
    monkeypatch.setattr(Backtest, "run", interrupted)
    code, text = run(*arguments, *EVENTS, "--jobs", 1, "--resume")
    assert code == 130
    assert "interrupted before it was drawn" in text
    assert table(out / "results.csv")
    assert not (out / "tear-sheet.html").exists()


@pytest.mark.slow
def test_study_of_another_tape_or_other_settings_is_refused(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.sqlite3"
    arguments = ("--data", tape, "--grid", "z_entry=2", *EVENTS, "--jobs", 1, "--study", study,
                 "--output", tmp_path / "out")  # fmt: skip
    assert run("--config", config, *arguments)[0] == 0
    code, text = run("--config", config, *arguments)
    assert code == 2
    assert "is there already; add --resume" in text
    assert run("--config", config, *arguments, "--resume")[0] == 0
    # Other values of parameters are other sets of the same study.
    other = write_config(tmp_path / "other.json", z_exit=0.25)
    code, text = run("--config", other, *arguments, "--resume")
    assert code == 0
    assert json.loads((tmp_path / "out" / "study.json").read_text())["trials"] == 2
    for more in (["--capital", 3000], ["--latency", 0.5], ["--to", "2026-03-05"], ["--cash", 9e4]):
        code, text = run("--config", config, *arguments, "--resume", *more)
        assert code == 2, more
        assert "is one of other data or settings" in text
    changed = write_days(tmp_path / "changed", days=6)
    file = changed / "USO_1m.csv"
    file.write_text(file.read_text().replace(",9000", ",9001", 1))
    code, text = run("--config", config, "--data", changed, *arguments[2:], "--resume")
    assert code == 2
    assert "is one of other data or settings" in text


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--grid", "z_entri=1"], "did you mean 'z_entry'?"),
        (["--grid", "z_entry=3:1:1"], "goes up by steps above 0"),
        ([*GRID, "--objective", "luck"], "--objective must be one of sharpe"),
        ([*GRID, "--optuna", "0"], "--optuna must be at least 1"),
        ([*GRID, "--jobs", "0"], "--jobs must be 1 to 1024, was 0"),
        ([*GRID, "--jobs", "2", "--cluster", "local:2"], "leave one out"),
        ([*GRID, "--engine", "magic"], "--engine must be one of auto, kernel, events"),
        ([*GRID, "--strategy", "Gold"], "--strategy 'Gold' is none of the configuration's"),
        ([*GRID, "--walk-forward", "train=60d,test=20d"], "there are 6"),
        ([*GRID, "--walk-forward", "train=2d"], "lacks test"),
        ([*GRID, "--walk-forward", "train=2d,test=1d", "--k-fold", "folds=3"], "choose one"),
        ([*GRID, "--k-fold", "folds=9"], "folds must be 2 to the 6 trading days, were 9"),
        ([*GRID, "--from", "2026-03-07", "--to", "2026-03-08"], "no trading day on which"),
        ([*GRID, "--latency", "99"], "--latency must be 0 to 60"),
        ([*GRID, "--cash", "-1"], "--cash must be above 0"),
        ([*GRID, "--bar-path", "middle"], "--bar-path must be one of"),
        ([*GRID, "--data", "nowhere"], "no such directory"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_computed(
    tape: Path, config: Path, tmp_path: Path, flags: list[str], said: str
) -> None:
    code, text = run("--config", config, "--data", tape, "--output", tmp_path / "out", *flags)
    assert code == 2
    assert said in text
    assert not (tmp_path / "out" / "results.csv").exists()


def test_several_active_strategies_need_a_name(tape: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    one = {"class": "MicroCrudeOilArbitrage", "allocation": 50}
    config.write_bytes(msgspec.json.encode({"strategies": {"slow": one, "fast": one}}))
    code, text = run("--config", config, "--data", tape, *GRID, "--output", tmp_path / "out")
    assert code == 2
    assert "2 strategies are active; name the one to study with --strategy: slow, fast" in text


def test_file_cut_short_is_named_before_anything_is_computed(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    folder = write_days(tmp_path / "cut", days=1)
    file = folder / "MCL_1m.csv"
    file.write_text(file.read_text()[:-12])
    code, text = run("--config", config, "--data", folder, *GRID, "--output", tmp_path / "out")
    assert code == 2
    assert text.startswith(str(file))
