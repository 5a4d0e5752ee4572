"""Run a folder of other people's notebooks, unchanged but for host and port, cell by cell.

``make notebooks DIR=...``; the public examples of ib_async are such a folder. What a cell raises
is a failure. The notebooks run in an environment and in a folder of their own.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from microfutures.twsim.testing import a_gateway

SYMBOLS = (
    *("MCL", "USO", "SPY", "AMD", "INTC", "TSLA", "SPX"),
    *("EUR.USD", "GBP.USD", "AUD.USD", "USD.JPY", "USD.CHF", "USD.CAD"),
)
"""What the examples of ib_async ask for."""

CASH = 100_000
SECONDS = 300
PROGRAM = Path(__file__).parent / "notebook_program.py"
PYTHON = Path(sys.prefix) / "notebooks" / "bin" / "python"


def run_notebook(path: Path, port: int) -> list[tuple[int, str]]:
    """Return the number of each cell of code, and what it raised or an empty text."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [PYTHON, PROGRAM, path.resolve(), str(port), "outcome.json"],
            cwd=folder,
            env={**os.environ, "BROWSER": "true", "MPLBACKEND": "Agg"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=SECONDS,
        )
        outcome = Path(folder) / "outcome.json"
        if not outcome.exists():
            return [(0, f"the notebook's process ended with code {done.returncode}")]
        return [(number, error) for number, error in json.loads(outcome.read_text())]


def main(folder: Path) -> int:
    """Run every notebook of a folder, print what failed, and return how many cells did."""
    failed = 0
    for path in sorted(folder.glob("*.ipynb")):
        with a_gateway(symbols=SYMBOLS, cash=CASH) as gateway:
            cells = run_notebook(path, gateway.port)
        wrong = [(number, error) for number, error in cells if error]
        print(f"{path.name:30} {len(cells) - len(wrong)} of {len(cells)} cells", flush=True)
        for number, error in wrong:
            print(f"    cell {number}: {error}", flush=True)
        failed += len(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
