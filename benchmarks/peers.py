"""``python -m benchmarks.peers FOLDER PYTHON``: other engines and ours on the same 500,000 minutes.

`FOLDER` has a script for each peer that runs the pair once and prints one line of JSON, and a
generator of the prices; `PYTHON` is an interpreter that has the peers (``make bench-peers``). Every
engine runs in a process of its own, one after another, in rounds; processor time of the run alone,
medians.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.own_run import RUNS

ROUNDS = 3
GENERATOR = "gen_data.py"
SILENT_SECONDS = 900


class Ran(msgspec.Struct):
    """What a process printed of its run; whatever else it says is left aside."""

    events: int
    run_cpu: float
    """Processor seconds; 0 if the process only looked at the clock."""
    trips: int
    pnl: float
    rss_mb: float
    run_s: float = 0.0
    """Seconds by the clock; for what runs on one processor the same."""
    combos: int = 1
    """Parameter sets in one run."""

    @property
    def seconds(self) -> float:
        """Return how long the run took."""
        return self.run_cpu or self.run_s

    @property
    def rate(self) -> float:
        """Return bar events a second."""
        return self.events * self.combos / self.seconds


class Row(msgspec.Struct, frozen=True):
    """An engine's run: its script, and what ours is measured against it."""

    name: str
    script: str
    flags: tuple[str, ...]
    against: str


NO_TRADES = ("--z", "1000")
SHORT = ("--n", "100000")
ROWS = (
    Row("pure Python floor", "ref_purepy.py", (), "every signal"),
    Row("backtesting.py", "peer_backtesting.py", (), "every signal"),
    Row("NautilusTrader, Rust-native", "peer_nautilus_rs.py", (), "every signal"),
    Row("backtrader", "peer_backtrader.py", ("--variant", "lean", *SHORT), "every signal"),
    Row("NautilusTrader, no trades", "peer_nautilus_rs.py", NO_TRADES, "no trades"),
    Row(
        "backtrader, no trades",
        "peer_backtrader.py",
        ("--variant", "lean", *SHORT, *NO_TRADES),
        "no trades",
    ),
    Row("numba by hand", "ref_numba.py", ("--variant", "single"), "kernel"),
    Row("vectorbt, signals", "peer_vectorbt.py", ("--variant", "signals"), "kernel"),
    Row("numba by hand, 100 sets", "ref_numba.py", ("--variant", "sweep1"), "sweep"),
    Row("vectorbt, 100 sets", "peer_vectorbt.py", ("--variant", "sweep"), "sweep"),
)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("python", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if not (options.folder / GENERATOR).is_file():
        parser.error(
            f"{options.folder} has no {GENERATOR}: name the folder with the peers' scripts "
            "(make bench-peers DIR=their-folder)"
        )
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(options.folder, copy, dirs_exist_ok=True)
        subprocess.run(
            [options.python.absolute(), GENERATOR], cwd=copy, check=True, capture_output=True
        )
        ran: dict[str, list[Ran]] = {}
        for _ in range(options.rounds):
            for name, command, folder in _commands(str(options.python.absolute()), copy):
                found = run(command, folder)
                if found is not None:
                    ran.setdefault(name, []).append(found)
    print(*table(ran), sep="\n")
    return 0 if len(ran) == len(RUNS) + len(ROWS) else 1


def _commands(python: str, copy: str) -> Iterator[tuple[str, list[str], str | None]]:
    """Yield name, command and working folder of every run of a round."""
    for name in RUNS:
        yield name, [sys.executable, "-m", "benchmarks.own_run", name], None
    for row in ROWS:
        yield row.name, [python, "-W", "ignore", row.script, *row.flags], copy


def run(command: list[str], folder: str | None) -> Ran | None:
    """Return what a process measured; say why there is nothing."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=SILENT_SECONDS, check=True
        )
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=Ran)
    except (subprocess.SubprocessError, IndexError, msgspec.DecodeError) as error:
        print(f"{' '.join(command)}: {error!r}", file=sys.stderr)
        return None


def table(ran: dict[str, list[Ran]]) -> Iterator[str]:
    """Yield a Markdown table; ``ours`` is how many times as fast ours is at the same work."""
    yield "| engine | minutes | bar events/s | run | ours | round trips | P&L | peak memory |"
    yield "|---|---|---|---|---|---|---|---|"
    against = {row.name: row.against for row in ROWS}
    for name, runs in ran.items():
        rate, own = median(each.rate for each in runs), ran.get(against.get(name, ""))
        times = f"{median(each.rate for each in own) / rate:.2f} ×" if own else ""
        label = name if name in against else f"**ours, {name}**"
        latest = runs[-1]
        yield (
            f"| {label} | {latest.events // 2:,} | {rate:,.0f} | "
            f"{median(each.seconds for each in runs):.3g} s | {times} | {latest.trips:,} | "
            f"{latest.pnl:,.2f} | {latest.rss_mb:,.0f} MB |"
        )


if __name__ == "__main__":
    sys.exit(main())
