"""``python -m campaign --days 1000 --seed 1``: simulated days, one line for each that broke a law.

``--break NAME`` takes a safeguard out first, ``--mutations`` does so with each of them in turn and
tells which of the days that come up against it noticed that. Exit code 1 if a law was broken, or
if with ``--mutations`` one was not.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter

from campaign.day import Verdict, live_day
from campaign.sabotage import SABOTAGES, Sabotage
from campaign.script import write_script

PROGRESS_EACH = 50


def main() -> int:
    """Run what the command line says."""
    options = _parse()
    if options.story:
        return _tell_story(options.seed, options.broken)
    if options.mutations:
        return _try_mutations(options.seed, options.days, options.jobs)
    started, days = perf_counter(), 0
    totals = Totals()
    seeds = range(options.seed, options.seed + options.days)
    for verdict in _verdicts(seeds, options.jobs, options.broken):
        days += 1
        totals.add(verdict)
        if verdict.violations:
            print(_line(verdict, options.broken), flush=True)
        if days % PROGRESS_EACH == 0:
            _print_progress(days, totals, perf_counter() - started)
    _print_progress(days, totals, perf_counter() - started)
    return 1 if totals.broken else 0


class Totals:
    """What all days together came to."""

    def __init__(self) -> None:
        self.broken = self.orders = self.executions = self.faults = self.kills = 0

    def add(self, verdict: Verdict) -> None:
        """Count a day."""
        self.broken += bool(verdict.violations)
        self.orders += verdict.orders
        self.executions += verdict.executions
        self.faults += verdict.faults
        self.kills += verdict.kills


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m campaign", description=__doc__)
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the first day; then one more each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--break", dest="broken", choices=SABOTAGES, metavar="NAME")
    parser.add_argument("--mutations", action="store_true", help="break every safeguard in turn")
    parser.add_argument("--story", action="store_true", help="tell one day, line by line")
    return parser.parse_args()


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one day, in memory where that can be: disks are not what is tried."""
    memory = Path("/dev/shm")  # noqa: S108 - made with a name of its own
    return tempfile.TemporaryDirectory(prefix="campaign-", dir=memory if memory.is_dir() else None)


def _live(seed: int, broken: str | None, *, is_hasty: bool) -> Verdict:
    sabotage = SABOTAGES[broken].apply() if broken else nullcontext()
    with _folder() as folder, sabotage:
        return live_day(seed, Path(folder), is_hasty=is_hasty)


def _verdicts(
    seeds: Iterable[int], jobs: int, broken: str | None, *, is_hasty: bool = False
) -> Generator[Verdict]:
    """Yield the verdicts in the order of their seeds; stop cleanly when nobody listens."""
    pool = ProcessPoolExecutor(jobs)
    waiting: list[Future[Verdict]] = []
    try:
        for seed in seeds:
            waiting.append(pool.submit(_live, seed, broken, is_hasty=is_hasty))
            if len(waiting) > 2 * jobs:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _try_mutations(seed: int, days: int, jobs: int) -> int:
    """Break each safeguard until a law is seen broken, on the days that come up against it."""
    unnoticed = 0
    for sabotage in SABOTAGES.values():
        seeds = [each for each in range(seed, seed + days) if _matters(sabotage, each)]
        verdicts = _verdicts(seeds, jobs, sabotage.name, is_hasty=True)
        found = next((each for each in verdicts if each.violations), None)
        verdicts.close()
        unnoticed += found is None
        says = f"day {found.seed}: {found.violations[0][:140]}" if found else "NOT NOTICED"
        print(f"{sabotage.name} ({sabotage.what}): {says}", flush=True)
    return 1 if unnoticed else 0


def _matters(sabotage: Sabotage, seed: int) -> bool:
    """Tell whether the safeguard is needed on a day: its limit may have to be a tight one."""
    limits = write_script(seed).limits
    return not sabotage.limit or any(name.startswith(sabotage.limit) for name in limits)


def _tell_story(seed: int, broken: str | None) -> int:
    story: list[str] = []
    sabotage = SABOTAGES[broken].apply() if broken else nullcontext()
    with _folder() as folder, sabotage:
        verdict = live_day(seed, Path(folder), story)
    print(*story, sep="\n")
    print(_line(verdict, broken))
    return 1 if verdict.violations else 0


def _line(verdict: Verdict, broken: str | None) -> str:
    again = f"python -m campaign --days 1 --seed {verdict.seed}"
    again += f" --break {broken!r}" if broken else ""
    laws = "; ".join(verdict.violations[:3]) or "no law broken"
    return (
        f"seed {verdict.seed}: {verdict.orders} orders, {verdict.executions} executions, "
        f"{verdict.faults} faults, {verdict.kills} kills: {laws}\n  again: {again}"
    )


def _print_progress(days: int, totals: Totals, seconds: float) -> None:
    print(
        f"{days} days, {totals.broken} with a broken law; {totals.orders} orders, "
        f"{totals.executions} executions, {totals.faults} faults, {totals.kills} kills; "
        f"{seconds:.0f} s, {60 * days / seconds:.1f} days a minute",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
