"""`microfutures backtest` from the command line to its files."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers.waiting import wait_until
from microfutures.app.backtest import command
from microfutures.app.cli import app
from microfutures.app.journal.replay import replay
from microfutures.model.errors import ConfigurationError

OPEN = datetime(2026, 3, 26, 13, 30, tzinfo=UTC)
HEADER = "ts_utc,open,high,low,close,volume"
ROOT = Path(__file__).parents[3]


def rows(minutes: int, price: Callable[[int], float], start: datetime = OPEN) -> list[str]:
    """Return bars of a minute; each opens where the one before closed."""
    lines = [HEADER]
    before = round(price(0), 2)
    for place in range(minutes):
        now = round(price(place), 2)
        moment = (start + timedelta(minutes=place)).strftime("%Y-%m-%dT%H:%M:00Z")
        lines.append(f"{moment},{before},{max(before, now)},{min(before, now)},{now},600")
        before = now
    return lines


def oil(place: int) -> float:
    return 70 + 0.3 * sin(place / 9) + 0.02 * (place % 3)


def fund(place: int) -> float:
    return 75 + 0.2 * sin(place / 31)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    folder = tmp_path / "tape"
    folder.mkdir()
    (folder / "MCL_1m.csv").write_text("\n".join(rows(150, oil)) + "\n")
    (folder / "USO_1m.csv").write_text("\n".join(rows(150, fund)) + "\n")
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    parameters = {"max_quote_age_seconds": 65, "cost_multiple": 0}
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps(
            {
                "trading": {"check_interval": 30},
                "strategies": {"MicroCrudeOilArbitrage": {"parameters": parameters}},
            }
        )
    )
    return path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["backtest", *map(str, arguments)])
    if isinstance(result.exception, ConfigurationError):
        return 2, str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def order_list(output: str) -> str:
    (line,) = [each for each in output.splitlines() if "order list" in each]
    return line.split()[-1]


@pytest.mark.slow
def test_result_statistics_and_files_of_a_run(tape: Path, config: Path, tmp_path: Path) -> None:
    code, output = run("--config", config, "--data", tape, "--output", tmp_path / "out")
    assert code == 0
    assert "round trips  " in output
    assert "net profit, USD" in output
    names = {each.name for each in (tmp_path / "out").iterdir()}
    assert names >= {
        "orders.csv", "trades.csv", "round_trips.csv", "equity.csv", "journal.sqlite3",
        "tear-sheet.html",
    }  # fmt: skip
    trips = (tmp_path / "out" / "round_trips.csv").read_text().splitlines()[1:]
    assert len(trips) >= 3
    page = (tmp_path / "out" / "tear-sheet.html").read_text()
    assert order_list(output) in page
    assert "Spread and z-score" in page


@pytest.mark.slow
def test_journal_is_like_a_live_days_and_replays_to_the_same_decisions(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    run("--config", config, "--data", tape, "--output", tmp_path / "out")
    replayed = replay(tmp_path / "out" / "journal.sqlite3")
    assert replayed.events > 600
    assert replayed.difference is None


@pytest.mark.slow
def test_orders_are_the_same_with_and_without_a_journal(
    tape: Path, config: Path, tmp_path: Path
) -> None:
    arguments = ("--config", config, "--data", tape, "--output", tmp_path / "out")
    _, first = run(*arguments)
    _, second = run(*arguments, "--no-journal")
    assert order_list(first) == order_list(second)
    assert not (tmp_path / "out" / "journal.sqlite3").exists()
    assert "mean MAE" in second


@pytest.mark.slow
def test_stretch_of_the_tape_is_what_is_played(tape: Path, config: Path, tmp_path: Path) -> None:
    arguments = ("--config", config, "--data", tape, "--output", tmp_path / "out")
    code, output = run(*arguments, "--from", "2026-03-26T14:30", "--to", "2026-03-26T15:00")
    assert code == 0
    assert "2026-03-26T14:30:00.000Z to 2026-03-26T15:00:00.000Z" in output


@pytest.mark.slow
def test_single_files_are_a_tape_too(tape: Path, config: Path, tmp_path: Path) -> None:
    output = ("--output", tmp_path / "out", "--no-journal")
    files = [f"--data={each}={tape / f'{each}_1m.csv'}" for each in ("MCL", "USO")]
    _, of_folder = run("--config", config, "--data", tape, *output)
    _, of_files = run("--config", config, *files, *output)
    assert order_list(of_folder) == order_list(of_files)


@pytest.mark.slow
def test_wider_spread_costs_more(tape: Path, config: Path, tmp_path: Path) -> None:
    arguments = ("--config", config, "--data", tape, "--output", tmp_path / "out", "--no-journal")

    def net(output: str) -> float:
        (line,) = [each for each in output.splitlines() if each.startswith("  net ")]
        return float(line.split()[1].replace(",", ""))

    assert net(run(*arguments, "--spread-ticks", 5)[1]) < net(run(*arguments)[1])


@pytest.mark.slow
def test_hole_in_a_tape_is_told(tape: Path, config: Path, tmp_path: Path) -> None:
    lines = (tape / "USO_1m.csv").read_text().splitlines()
    (tape / "USO_1m.csv").write_text("\n".join(lines[:40] + lines[70:]) + "\n")
    _, output = run("--config", config, "--data", tape, "--output", tmp_path / "out")
    assert "USO: 30 of 150 bars of its liquid hours are missing" in output
    page = (tmp_path / "out" / "tear-sheet.html").read_text()
    assert "USO: 30 of 150 bars of its liquid hours are missing" in page


def test_one_price_a_day_is_no_hole(config: Path, tmp_path: Path) -> None:
    days = [f"2020-04-{day:02},CLK20,{20 + day / 7:.2f}" for day in (6, 7, 8, 9)]
    oil_file, fund_file = tmp_path / "oil.csv", tmp_path / "fund.csv"
    oil_file.write_text("\n".join(["date,contract,settle", *days]) + "\n")
    bars = [f"2020-04-{day:02},5.1,5.2,5.0,5.1,1000" for day in (6, 7, 8, 9)]
    fund_file.write_text("\n".join(["date,open,high,low,close,volume", *bars]) + "\n")
    files = (f"--data=MCL={oil_file}", f"--data=USO={fund_file}")
    code, output = run("--config", config, *files, "--output", tmp_path / "out")
    assert code == 0
    assert "holes" not in output


Spoil = Callable[[list[str]], str]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: "\n".join([lines[0], lines[2], lines[1], *lines[3:]]), "line 3: the time"),
        (lambda lines: "\n".join([*lines[:3], lines[2]]), "line 4: the time of the row before"),
        (lambda _: "", "the file is empty"),
        (lambda lines: lines[0], "a header and no rows"),
        (lambda lines: "\n".join(lines).replace("close", "shut"), "no column for the close"),
        (lambda lines: "\n".join([*lines[:9], lines[9][:30]]), "line 10: 3 fields where"),
        (lambda lines: "\n".join(lines).replace(",600", ",x", 1), "column volume must be a number"),
        (
            lambda lines: "\n".join(lines).replace("ts_utc", "time").replace("00Z", "00", 2),
            "line 2: column time is no moment with a time zone",
        ),
        (lambda lines: "\n".join(lines) + "\n\0", "fields where the header has"),
    ],
    ids=["unsorted", "repeated", "empty", "no rows", "column", "cut", "no number", "zone", "nul"],
)
def test_file_that_cannot_be_trusted_is_named(
    tape: Path, config: Path, tmp_path: Path, spoil: Spoil, said: str
) -> None:
    file = tape / "MCL_1m.csv"
    file.write_text(spoil(file.read_text().splitlines()))
    code, output = run("--config", config, "--data", tape, "--output", tmp_path / "out")
    assert code == 2
    assert output.startswith(str(file))
    assert said in output


@pytest.mark.parametrize("name", ["MCL_1m.csv", "MCL_1m.parquet"])
def test_file_of_another_kind_is_named(tape: Path, config: Path, tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow")
    (tape / "MCL_1m.csv").unlink()
    (tape / name).write_bytes(b"\xff\xd8\xff\xe0" * 40)
    code, output = run("--config", config, "--data", tape, "--output", tmp_path / "out")
    assert code == 2
    assert output.startswith(str(tape / name))


def test_a_journal_that_takes_much_of_a_disk_is_told(
    tape: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LARGE_JOURNAL_BYTES", 1)
    arguments = ("--config", config, "--data", tape, "--output", tmp_path / "out")
    assert "MB, --no-journal writes none" in run(*arguments)[1]
    assert "--no-journal" not in run(*arguments, "--no-journal")[1]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--latency", "-1"], "--latency must be 0 to 60"),
        (["--cash", "0"], "--cash must be above 0"),
        (["--spread-ticks", "0"], "--spread-ticks must be at least 1"),
        (["--roll-days", "0"], "--roll-days must be 1 to 15 business days, was 0"),
        (["--bar-size", "7m"], "--bar-size must be one of"),
        (["--bar-path", "middle"], "--bar-path must be one of ends, closes, extremes"),
        (["--time-zone", "Mars"], "--time-zone must be a zone"),
        (["--data", "ES=x.csv"], "no active strategy trades ES"),
        (["--data", "nowhere"], "no such directory"),
        (["--from", "soon"], "--from must be a date"),
        (["--from", "2026-03-27", "--to", "2026-03-26"], "is empty; choose a later end"),
    ],
)
def test_flag_that_cannot_be_meant_is_refused(
    tape: Path, config: Path, tmp_path: Path, flags: list[str], said: str
) -> None:
    output = ("--output", tmp_path / "out")
    code, text = run("--config", config, "--data", tape, *output, *flags)
    assert code == 2
    assert said in text


def test_nothing_heavy_is_loaded_before_the_tape_runs() -> None:
    heavy = ["matplotlib", "pandas", "pyarrow", "duckdb", "scipy", "numba", "statsmodels"]
    code = (
        "import sys; import microfutures.app.backtest.command; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_done(config: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "long", tmp_path / "out"
    folder.mkdir()
    for name, price in (("MCL", oil), ("USO", fund)):
        # Four weeks of minutes around the clock: far more than is played before the signal.
        (folder / f"{name}_1m.csv").write_text("\n".join(rows(40_000, price)) + "\n")
    arguments = ["--config", config, "--data", folder, "--output", out]
    command = [sys.executable, "main.py", "backtest", *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        journal = out / "journal.sqlite3-wal"
        wait_until(
            lambda: (
                process.poll() is not None or (journal.exists() and journal.stat().st_size > 10**6)
            )
        )
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    assert process.returncode == 130
    assert "was interrupted; this is what it did" in output
    assert len((out / "equity.csv").read_text().splitlines()) > 2
    assert replay(out / "journal.sqlite3").difference is None
    assert (out / "tear-sheet.html").exists()
