"""The table of other people's engines: what their processes print, or don't."""

import sys
from pathlib import Path

import pytest
from benchmarks.peers import Ran, run, table

KERNEL, BY_HAND = "kernel", "numba by hand"


def ran(run_cpu: float, run_s: float = 0.0) -> Ran:
    return Ran(
        events=1_000_000, run_cpu=run_cpu, run_s=run_s, trips=20_561, pnl=-37_557.76, rss_mb=180
    )


def script(folder: Path, text: str) -> list[str]:
    path = folder / "peer.py"
    path.write_text(text)
    return [sys.executable, str(path)]


def test_the_last_line_of_a_process_counts(tmp_path: Path) -> None:
    line = '{"events": 1000, "run_cpu": 0.5, "trips": 2, "pnl": -1.5, "rss_mb": 60.0, "py": "3"}'
    found = run(script(tmp_path, f"print('compiling ...')\nprint('{line}')"), None)
    assert found == Ran(events=1000, run_cpu=0.5, trips=2, pnl=-1.5, rss_mb=60.0)


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "print('no figures')", ""])
def test_a_process_without_figures_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert run(script(tmp_path, text), None) is None
    assert "peer.py" in capsys.readouterr().err


def test_a_process_that_took_no_processor_time_is_measured_by_the_clock() -> None:
    assert ran(0.0, run_s=0.01).rate == pytest.approx(100e6)
    assert ran(0.02, run_s=0.01).rate == pytest.approx(50e6)


def test_a_row_says_how_many_times_as_fast_ours_is() -> None:
    # Medians: one slow round of three says nothing.
    ours, theirs = [ran(0.02), ran(0.02), ran(9.0)], [ran(0.01), ran(7.0), ran(0.01)]
    _, _, own, peer = table({KERNEL: ours, BY_HAND: theirs})
    assert own.startswith("| **ours, kernel** | 500,000 | 50,000,000 | 0.02 s |  |")
    assert peer.startswith("| numba by hand | 500,000 | 100,000,000 | 0.01 s | 0.50 × | 20,561 |")


def test_a_peer_stands_alone_when_ours_did_not_run() -> None:
    (*_, peer) = table({BY_HAND: [ran(0.01)]})
    assert "|  | 20,561 |" in peer
