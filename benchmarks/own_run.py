"""``python -m benchmarks.own_run NAME``: one of our engines, once, told as peers tell it."""

import sys
from collections.abc import Callable
from time import process_time

import msgspec

from benchmarks.compiled import DESK, GRID, pair_series, parameters
from benchmarks.event_driven import NEVER, play_pair
from benchmarks.pair_strategy import LOOKBACK, Z_ENTRY
from benchmarks.pair_tape import MINUTES
from benchmarks.peak_memory import peak_megabytes
from microfutures.research.pair_kernel import run_pair, sweep_pairs

Outcome = tuple[int, float]
"""Round trips, and what they brought, USD."""


def _event_driven(z_entry: float) -> tuple[float, Outcome]:
    result, seconds = play_pair(z_entry)
    return seconds, (len(result.round_trips), float(result.realized - result.commissions))


def _kernel() -> tuple[float, Outcome]:
    series, chosen = pair_series(), parameters(LOOKBACK, Z_ENTRY)
    run_pair(series, chosen, DESK)
    started = process_time()
    run = run_pair(series, chosen, DESK)
    seconds = process_time() - started
    return seconds, (len(run.trades), run.net)


def _sweep() -> tuple[float, Outcome]:
    series, sets = pair_series(), [parameters(*each) for each in GRID]
    sweep_pairs(series, sets[:2], DESK)
    started = process_time()
    sweep_pairs(series, sets, DESK)
    return process_time() - started, (0, 0.0)


RUNS: dict[str, Callable[[], tuple[float, Outcome]]] = {
    "every signal": lambda: _event_driven(Z_ENTRY),
    "no trades": lambda: _event_driven(NEVER),
    "kernel": _kernel,
    "sweep": _sweep,
}


def main() -> None:
    """Run what the command line names."""
    seconds, (trips, profit) = RUNS[sys.argv[1]]()
    line = {
        "events": 2 * MINUTES,
        "combos": len(GRID) if sys.argv[1] == "sweep" else 1,
        "run_cpu": seconds,
        "trips": trips,
        "pnl": profit,
        "rss_mb": peak_megabytes(),
    }
    print(msgspec.json.encode(line).decode())


if __name__ == "__main__":
    main()
