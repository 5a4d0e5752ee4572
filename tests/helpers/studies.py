"""Evaluators whose results can be told beforehand, and tapes short enough to try many sets on."""

import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path

import numpy as np

from microfutures.config.strategy_parameters import PairParameters
from microfutures.research.evaluator import SetResult, Stretch
from microfutures.research.study_file import key_of

CAPITAL = 10_000.0


class Hill:
    """Sets are better the nearer they are to a peak; every day adds its own noise.

    Each evaluation leaves a line in `log`: the process and the set.
    """

    sets_a_task = 2
    is_threaded = False

    def __init__(
        self,
        log: Path,
        *,
        identity: str = "hill",
        dies_at: float | None = None,
        gate: Path | None = None,
    ) -> None:
        self.identity = identity
        self._log = log
        self._dies_at = dies_at
        self._gate = gate

    def evaluate(
        self, sets: Sequence[PairParameters], stretch: Stretch, threads: int
    ) -> list[SetResult]:
        return [self._result(each, stretch) for each in sets]

    def _result(self, each: PairParameters, stretch: Stretch) -> SetResult:
        with self._log.open("a") as log:
            log.write(f"{os.getpid()} {stretch.first}-{stretch.end} {key_of(each)}\n")
        if each.z_entry == self._dies_at and self._is_first_to_die():
            os.kill(os.getpid(), signal.SIGKILL)
        while self._gate is not None and not self._gate.exists():
            os.sched_yield()
        return hill_result(each, stretch)

    def _is_first_to_die(self) -> bool:
        try:
            os.close(os.open(self._log.with_suffix(".died"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True


def hill_result(each: PairParameters, stretch: Stretch) -> SetResult:
    days = np.arange(stretch.first, stretch.end)
    edge = 20 - 10 * (each.z_entry - 2) ** 2 - abs(each.lookback - 30) / 2
    profits = edge + 60 * np.sin(days * 1.7 + each.z_entry * 9) * np.cos(days * each.lookback)
    wins = int((profits > 0).sum())
    return SetResult(
        capital=CAPITAL,
        profits=tuple(profits.tolist()),
        trades=len(days),
        wins=wins,
        losses=len(days) - wins,
        gross=float(profits.sum()) + 2.0 * len(days),
        costs=2.0 * len(days),
    )


def evaluations(log: Path) -> list[str]:
    """Return the stretch and set of each evaluation."""
    if not log.exists():
        return []
    return [line.split(" ", 1)[1] for line in log.read_text().splitlines()]


def write_days(folder: Path, days: int, minutes: int = 60) -> Path:
    """Write minutes of MCL and USO whose ratio swings, from the open of weekdays of March 2026."""
    folder.mkdir()
    opens = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    for symbol in ("MCL", "USO"):
        lines = ["ts_utc,open,high,low,close,volume"]
        before = 70.0
        for day in range(days):
            date = opens + timedelta(days=day // 5 * 7 + day % 5)
            for minute in range(minutes):
                place = day * minutes + minute
                now = round(_price(symbol, place, day), 2)
                moment = (date + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:00Z")
                low, high = min(before, now), max(before, now)
                lines.append(f"{moment},{before},{high},{low},{now},9000")
                before = now
        (folder / f"{symbol}_1m.csv").write_text("\n".join(lines) + "\n")
    return folder


def _price(symbol: str, place: int, day: int) -> float:
    if symbol == "USO":
        return 75 + 0.2 * sin(place / 31)
    return 70 + (0.2 + 0.03 * (day % 4)) * sin(place / (7 + day % 3)) + 0.02 * (place % 3)
