"""`microfutures data` as a person types it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from microfutures.app.cli import app

ROOT = Path(__file__).parents[3]
HEADER = "ts_utc,open,high,low,close,volume\n"


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    path = tmp_path / "MCL_1m.csv"
    path.write_text(
        HEADER
        + "".join(
            f"2026-03-26 14:{minute:02d}:00,95.0,95.1,94.9,95.0{minute % 10},40\n"
            for minute in range(30)
        )
    )
    return path


def data(tmp_path: Path, *words: str) -> Result:
    return CliRunner().invoke(
        app, ["data", *words, "--store", str(tmp_path / "store")], env={"COLUMNS": "200"}
    )


def test_import_shows_the_guess_and_counts_the_rows(tmp_path: Path, bars: Path) -> None:
    first = data(tmp_path, "import", str(bars), "--yes")
    assert first.exit_code == 0, first.output
    assert "time is ts_utc; by name: open high low close volume" in first.output
    assert "MCL/bars_1m: 30 rows added\n" in first.output
    again = data(tmp_path, "import", str(bars), "--yes")
    assert "MCL/bars_1m: 0 rows added, 30 known\n" in again.output


def test_import_without_anybody_to_confirm_stores_nothing(tmp_path: Path, bars: Path) -> None:
    refused = data(tmp_path, "import", str(bars))
    assert refused.exit_code != 0
    assert "say --yes" in str(refused.exception)
    assert "nothing here" in data(tmp_path, "list").output


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--time-zone", "Mars"], "--time-zone must be a zone like America/New_York, was 'Mars'"),
        (["--column", "close"], "--column is written ROLE=NAME"),
        (["--column", "closing=last"], "--column closing=… names no role"),
        (["--column", "close=last"], "there is no column last"),
        (["--resolution", "1x"], "--resolution: a resolution is written like 1m"),
        (["--stamp", "middle"], "--stamp must be one of start, end"),
        (["--on-conflict", "maybe"], "--on-conflict must be one of refuse, keep, replace"),
        (["--instrument", "../etc"], "an instrument is written in capitals and digits"),
    ],
)
def test_wrong_flag_is_named(tmp_path: Path, bars: Path, flags: list[str], words: str) -> None:
    refused = data(tmp_path, "import", str(bars), "--yes", *flags)
    assert refused.exit_code != 0
    assert words in str(refused.exception)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("library", "words", "extra"),
    [
        ("duckdb", ["data", "list"], "research"),
        ("statsmodels", ["data", "pair", "MCL/bars_1m", "MCL/bars_1m"], "research"),
        ("matplotlib", ["report"], "reports"),
    ],
)
def test_missing_library_is_told_with_the_extra_that_brings_it(
    tmp_path: Path, bars: Path, library: str, words: list[str], extra: str
) -> None:
    store = ["--store", str(tmp_path / "store")] if words[0] == "data" else []
    rows = [f"2026-03-26 15:{minute:02d}:00,95,99,94,{95 + minute % 4},4" for minute in range(59)]
    bars.write_text(HEADER + "\n".join(rows) + "\n")
    data(tmp_path, "import", str(bars), "--yes")
    program = (
        f"import sys; sys.modules['{library}'] = None; "
        f"from microfutures.app.cli import main; main({[*words, *store]!r})"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, timeout=60,
    )  # fmt: skip
    assert answer.returncode == 2
    assert f"needs {library}; install microfutures[{extra}]" in answer.stderr


def test_list_and_inspect_show_what_is_stored(tmp_path: Path, bars: Path) -> None:
    data(tmp_path, "import", str(bars), "--yes")
    listed = data(tmp_path, "list").output
    assert "MCL/bars_1m" in listed
    assert "2026-03-26 14:00  2026-03-26 14:29" in listed
    shown = data(tmp_path, "inspect", "MCL/bars_1m", "--rows", "2", "--to", "2026-03-26T14:20")
    assert "MCL/bars_1m: 20 rows" in shown.output
    assert "95 to 95.09, median 95.045" in shown.output
    assert shown.output.count("2026-03-26 14:") == 4
    unknown = data(tmp_path, "inspect", "USO/bars_1m")
    assert "the store has no USO/bars_1m; it has MCL/bars_1m" in str(unknown.exception)


def test_check_reports_the_hole_in_a_file(tmp_path: Path, bars: Path) -> None:
    lines = bars.read_text().splitlines(keepends=True)
    bars.write_text("".join(lines[:11] + lines[21:]))
    data(tmp_path, "import", str(bars), "--yes")
    shown = data(tmp_path, "check")
    assert shown.exit_code == 0, shown.output
    assert "MCL/bars_1m: 20 rows, 20 of 30 expected" in shown.output
    assert "gap       2026-03-26 14:10  10 bars missing to 2026-03-26 14:20" in shown.output


def test_months_are_joined_and_shares_adjusted_into_series_of_their_own(tmp_path: Path) -> None:
    chain = tmp_path / "chain.csv"
    chain.write_text(
        "date,contract,settle\n"
        "2020-04-17,CLK20,18.27\n2020-04-17,CLM20,25.03\n"
        "2020-04-20,CLK20,-37.63\n2020-04-20,CLM20,20.43\n"
    )
    fund = tmp_path / "USO_1d.csv"
    fund.write_text(
        "date,open,high,low,close,volume,split_coefficient\n"
        "2020-04-28,2.1,2.2,2.0,2.13,80,1\n2020-04-29,17,19,16,18,10,0.125\n"
    )
    data(tmp_path, "import", str(chain), str(fund), "--yes")
    joined = data(tmp_path, "continuous", "CL/prices_1d", "--roll-days", "1")
    assert "CL~difference/prices_1d: 2 rows of 2 months, rolled 1 business" in joined.output
    assert "2020-04-17 00:00  CLK20 18.27 to CLM20 25.03: +6.76" in joined.output
    adjusted = data(tmp_path, "adjust", "USO/bars_1d")
    assert "2020-04-29 00:00  split 0.125" in adjusted.output
    shown = data(tmp_path, "inspect", "USO~adjusted/bars_1d").output
    assert "17.04 to 18" in shown
    refused = data(tmp_path, "continuous", "USO/bars_1d")
    assert "USO is no product with contract months" in str(refused.exception)


@pytest.mark.slow
def test_pair_tells_what_holds_two_series_together(tmp_path: Path) -> None:
    pytest.importorskip("statsmodels")
    random = np.random.default_rng(3)
    oil = 70 + np.cumsum(random.normal(0, 0.05, 240))
    for name, prices in (("MCL", oil), ("USO", 8 + 0.9 * oil + random.normal(0, 0.05, 240))):
        rows = [
            f"2026-03-26 {13 + minute // 60}:{minute % 60:02d}:00,{','.join([f'{price:.4f}'] * 4)}"
            for minute, price in enumerate(prices)
        ]
        path = tmp_path / f"{name}_1m.csv"
        path.write_text("ts_utc,open,high,low,close\n" + "\n".join(rows) + "\n")
        data(tmp_path, "import", str(path), "--yes")
    shown = data(tmp_path, "pair", "MCL/bars_1m", "USO/bars_1m")
    assert shown.exit_code == 0, shown.output
    assert "240 common rows, 2026-03-26 13:00 to 2026-03-26 16:59" in shown.output
    assert "  verdict             cointegrated" in shown.output
    few = data(tmp_path, "pair", "MCL/bars_1m", "USO/bars_1m", "--to", "2026-03-26T13:20")
    assert "a pair needs 40 common rows, had 20 and 20" in str(few.exception)
