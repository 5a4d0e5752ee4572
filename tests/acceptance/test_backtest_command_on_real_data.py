"""The backtest's command on real prices: the README's line, and the month in which oil was free."""

import csv
import json
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from microfutures.app.cli import main

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"
APRIL: dict[str, object] = {
    "trading": {"check_interval": 600, "initial_capital": 100_000},
    "risk": {"max_quote_age_seconds": 90_000},
    "strategies": {
        "MicroCrudeOilArbitrage": {
            "parameters": {
                "lookback": 3, "z_entry": 0.7, "z_exit": 0.2, "stop_sigma": 10,
                "sample_seconds": 86_400, "max_jump_percent": 60, "max_quote_age_seconds": 90_000,
                "max_holding_seconds": 20 * 86_400, "flatten_before_close_seconds": 0,
                "cost_multiple": 0, "max_loss_percent": 100,
            }
        }
    },
}  # fmt: skip


def run(words: Sequence[object]) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def charts(page: Path) -> set[str]:
    return set(re.findall(r'data-chart="(\w+)"', page.read_text()))


def test_command_of_the_readme_prints_a_result_and_writes_a_tear_sheet(
    tmp_path: Path,
    shared_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [shared_dir / f"data/micro_2026/{symbol}_1m.csv" for symbol in ("MCL", "USO")]
    assert run(["data", "import", *files, "--yes"]) == 0
    (line,) = re.findall(r"^microfutures (backtest [^#\n]+)", README.read_text(), re.MULTILINE)
    assert run(shlex.split(line)) == 0
    said = capsys.readouterr().out
    assert "The backtest ran to its end" in said
    # Honest on real minutes: the default strategy would earn less than it costs.
    assert "no trade" in said
    assert "x cost: " in said
    assert {"equity", "pair"} <= charts(tmp_path / "backtest-result" / "tear-sheet.html")


def test_april_2020_goes_through_without_a_nan_or_a_phantom_profit(
    tmp_path: Path, shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = tmp_path / "april.json", tmp_path / "out"
    config.write_text(json.dumps(APRIL))
    oil = shared_dir / "data/RTL_CL_daily/CL_by_contract_1to4.csv"
    fund = shared_dir / "data/daily_etf/USO_alphavantage_raw.csv"
    code = run(
        ["backtest", "--config", config, "--data", f"MCL={oil}", "--data", f"USO={fund}",
         "--from", "2020-04-01", "--to", "2020-05-08", "--cash", 100_000, "--output", out]
    )  # fmt: skip
    said = capsys.readouterr().out
    assert code == 0
    assert "still open" not in said
    assert "holes" not in said
    page = re.sub(r"<(style|script).*?</\1>", "", (out / "tear-sheet.html").read_text(), flags=re.S)
    assert not re.search(r"\bnan\b|\binf\b", said + page, re.IGNORECASE)
    with (out / "round_trips.csv").open() as file:
        trips = list(csv.DictReader(file))
    assert len(trips) >= 3
    # A split of 1:8 taken for a gain would be 45,000 USD, a roll across 25 USD of contango 2,500.
    assert all(abs(float(trip["gross"])) < 1_500 for trip in trips)
    with (out / "equity.csv").open() as file:
        equity = [float(row["equity"]) for row in csv.DictReader(file)]
    assert equity[-1] - 100_000 == pytest.approx(sum(float(trip["net"]) for trip in trips))
    assert max(abs(after - before) for before, after in pairwise(equity)) < 1_500
    with (out / "trades.csv").open() as file:
        assert {"USO"} < {row["instrument"] for row in csv.DictReader(file)}
