"""`make run` as a newcomer runs it."""

import json
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_make_run_trades_and_ctrl_c_ends_it_with_zero(tmp_path: Path) -> None:
    if not (ROOT / ".venv" / ".base").exists():
        pytest.skip("needs the virtual environment that make itself made")
    child = pexpect.spawn(
        "make", ["run", f"ARGS=--display plain --log-dir {tmp_path}"], cwd=str(ROOT), timeout=120
    )
    child.expect("connected to", timeout=15)
    child.expect("finished a round trip", timeout=110)
    child.sendintr()
    child.expect(r"ended cleanly \(exit code 0\)", timeout=30)
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0
    assert (tmp_path / "trading_system.log").stat().st_size > 0
    for kind in ("connection_log", "market_data_log", "order_execution_log"):
        (path,) = tmp_path.glob(f"{kind}_*.json")
        assert json.loads(path.read_text())["count"] > 0
