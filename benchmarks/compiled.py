"""The compiled kernel: one run and a sweep of 100 sets, beside the least compiled code there is.

Processor time, the best of some: what else the machine does at the moment divides out of the
ratios as far as it can. The sweep's memory is that of a process of its own.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from time import perf_counter, process_time

import numpy as np

from benchmarks.compiled_floor import CASH_PER_POINT, FEE, floor_run, floor_sweep
from benchmarks.pair_strategy import LOOKBACK, Z_ENTRY, Z_EXIT
from benchmarks.pair_tape import FIRST_DAY, MINUTES, minute_starts, pair_prices
from benchmarks.peak_memory import peak_megabytes
from microfutures.adapters.tapes.paths import DISPLAYED_SECONDS
from microfutures.config.risk_limits import RiskLimits
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model import catalog
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.research.leg_series import LegSeries, Months
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_kernel import run_pair, sweep_pairs
from microfutures.research.pair_series import PairSeries

GRID = tuple(product(range(10, 110, 10), np.linspace(1.0, 3.25, 10).tolist()))
EVENTS = 2 * MINUTES
VOLUME, MINUTE_SECONDS = 10_000, 60
CAPITAL, FAR = 1e7, 1e9
DESK = PairDesk(
    initial_capital=CAPITAL,
    cash=CAPITAL,
    limits=RiskLimits(
        max_quote_age_seconds=120,
        max_strategy_notional=FAR,
        max_family_notional=FAR,
        max_family_net_notional=FAR,
    ),
)


def compiled() -> Iterator[str]:
    """Yield the rates of the kernel and of its floor, and their ratios."""
    first, second = pair_prices()
    series = pair_series()
    run_pair(series, parameters(LOOKBACK, Z_ENTRY), DESK)  # compiles, if need be

    def floor() -> tuple[float, int]:
        logs = np.log(first) - np.log(second)
        ran: tuple[float, int] = floor_run(
            first, second, logs, LOOKBACK, Z_ENTRY, Z_EXIT, CASH_PER_POINT, FEE
        )
        return ran

    least, _ = best_of(floor, 15), floor()
    run = run_pair(series, parameters(LOOKBACK, Z_ENTRY), DESK)
    taken = best_of(lambda: run_pair(series, parameters(LOOKBACK, Z_ENTRY), DESK), 15)
    yield _line("kernel, floor", least, EVENTS)
    yield f"{_line('kernel, one run', taken, EVENTS)}  {len(run.trades):6,} round trips  " + (
        f"{taken / least:.2f} x the floor"
    )
    yield from _sweeps(series, first, second)
    words = subprocess.run(
        [sys.executable, "-m", "benchmarks.compiled"], check=True, capture_output=True, text=True
    ).stdout
    yield f"kernel, memory of a process that sweeps 100, 1,000 sets  {words.strip()} MB"


def _sweeps(series: PairSeries, first: np.ndarray, second: np.ndarray) -> Iterator[str]:
    sets = [parameters(lookback, z_entry) for lookback, z_entry in GRID]
    lookbacks, z_ins = (np.array(each) for each in zip(*GRID, strict=True))
    logs, out = np.log(first) - np.log(second), np.zeros(len(GRID))

    def floor() -> None:
        floor_sweep(first, second, logs, lookbacks, z_ins, Z_EXIT, CASH_PER_POINT, FEE, out)

    floor()
    least = best_of(floor, 3)
    taken = best_of(lambda: sweep_pairs(series, sets, DESK), 3)
    yield _line("sweep of 100, floor", least, 100 * EVENTS)
    yield f"{_line('sweep of 100, kernel', taken, 100 * EVENTS)}  {taken / least:.2f} x the floor"
    threefold = best_of(lambda: sweep_pairs(series, sets * 3, DESK), 1)
    yield f"sweep, 300 sets against 100                 {threefold / taken:.2f} x the time"
    started = perf_counter()
    sweep_pairs(series, sets, DESK)
    one = perf_counter() - started
    started = perf_counter()
    sweep_pairs(series, sets, DESK, threads=2)
    two = perf_counter() - started
    yield f"sweep, two threads against one              {one / two:.2f} x as fast (by the clock)"


def pair_series() -> PairSeries:
    """Return the pair of 500,000 minutes, made without a bar as an object."""
    starts = np.array(minute_starts(MINUTES), np.int64)
    instruments = (catalog.future("MCL", 2028, 12, FIRST_DAY), catalog.fund("USO", FIRST_DAY))
    size = round(VOLUME * DISPLAYED_SECONDS / MINUTE_SECONDS)
    minute_ns = MINUTE_SECONDS * NANOSECONDS_PER_SECOND
    legs = [
        Months.single(
            LegSeries(
                instrument=instrument,
                bar_seconds=MINUTE_SECONDS,
                times_ns=starts + minute_ns - 1,
                closes=closes,
                bids=closes,
                asks=np.round(closes + 0.01, 2),
                sizes=np.full(MINUTES, size, np.int64),
            )
        )
        for instrument, closes in zip(instruments, pair_prices(), strict=True)
    ]
    return PairSeries(legs[0], legs[1], int(starts[0]), int(starts[-1]) + minute_ns)


def parameters(lookback: int, z_entry: float) -> PairParameters:
    """Return a set that trades every signal: no cost gate, no stop, no pause."""
    return PairParameters(
        lookback=lookback,
        z_entry=z_entry,
        z_exit=Z_EXIT,
        cost_multiple=0,
        cooldown_seconds=0,
        stop_sigma=1_000,
        max_loss_percent=100,
        max_holding_seconds=FAR,
        max_quote_age_seconds=90,
        flatten_before_close_seconds=61,
    )


def best_of(work: Callable[[], object], times: int) -> float:
    """Return the processor seconds that `work` takes at best."""
    taken = []
    for _ in range(times):
        started = process_time()
        work()
        taken.append(process_time() - started)
    return min(taken)


def _line(words: str, seconds: float, events: int) -> str:
    return f"{words:27s}{events / seconds:15,.0f} bar events/s  {seconds * 1e3:8.1f} ms"


def _memory() -> str:
    """Return the peak of this process after 100 sets, and after 1,000."""
    series, peaks = pair_series(), []
    for repeats in (1, 10):
        sets = [parameters(*each) for each in GRID] * repeats
        sweep_pairs(series, sets, DESK)
        peaks.append(f"{peak_megabytes():,.0f}")
    return ", ".join(peaks)


if __name__ == "__main__":
    print(_memory())
