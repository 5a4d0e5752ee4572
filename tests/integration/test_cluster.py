"""Two dask workers, processes of their own on loopback: the same study, and one of them killed."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from helpers.studies import Hill, evaluations
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError
from microfutures.research.cluster import TASKS_A_CORE, Cluster
from microfutures.research.crews import OneProcess
from microfutures.research.evaluator import SetResult, Stretch
from microfutures.research.space import parse_space, possible_sets
from microfutures.research.study_file import StudyFile
from microfutures.research.task import Crew, StudyError
from microfutures.research.workbench import Workbench

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WHOLE = Stretch(0, 40)
SETS = [
    PairParameters(**each)  # type: ignore[arg-type]
    for each in possible_sets(
        parse_space(["z_entry=1:3:0.25", "lookback=10,20,30"], PairParameters()), PairParameters()
    )
]


Started = tuple[str, list[subprocess.Popen[str]]]


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Started]:
    """Start a scheduler and two workers; yield its address and the workers."""
    started: list[subprocess.Popen[str]] = []
    paths = os.pathsep.join(str(ROOT / each) for each in ("src", "tests"))

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            env={**os.environ, "PYTHONPATH": paths},
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    try:
        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        address = said(scheduler, r"Scheduler at:\s+(tcp://\S+)")
        lone = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        workers = [start("worker", address, *lone) for _ in range(2)]
        for worker in workers:
            said(worker, r"(Registered to)")
        yield address, workers
    finally:
        for process in reversed(started):
            process.kill()
            process.communicate()


def said(process: subprocess.Popen[str], pattern: str) -> str:
    """Wait until a process has said something; return what the pattern's group matched."""
    assert process.stderr is not None
    before = []
    for line in process.stderr:
        before.append(line)
        if (found := re.search(pattern, line)) is not None:
            # What it says from now on must not fill the pipe.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[1]
    raise AssertionError("".join(before))


def results(path: Path, crew: Crew) -> list[SetResult]:
    file = StudyFile(path, "hill")
    try:
        bench = Workbench(file=file, crew=crew, sets_a_task=2, is_interrupted=lambda: False)
        return bench.results([(SETS, WHOLE)])[0]
    finally:
        crew.close()
        file.close()


def test_two_workers_come_to_the_same_as_one_process(dask: Started, tmp_path: Path) -> None:
    alone = results(tmp_path / "alone", OneProcess(Hill(tmp_path / "1"), 1))
    address, _ = dask
    log = tmp_path / "2"
    assert results(tmp_path / "cluster", Cluster(Hill(log), address)) == alone
    assert len(evaluations(log)) == len(SETS)
    at_work = {line.split()[0] for line in log.read_text().splitlines()}
    assert len(at_work) == 2


def test_killed_worker_costs_only_what_it_had(dask: Started, tmp_path: Path) -> None:
    alone = results(tmp_path / "alone", OneProcess(Hill(tmp_path / "1"), 1))
    address, workers = dask
    log, gate = tmp_path / "2", tmp_path / "gate"
    log.touch()

    def kill_one() -> None:
        while not log.read_text().endswith("\n"):
            os.sched_yield()
        victim = int(log.read_text().split()[0])
        assert victim in [worker.pid for worker in workers]
        os.kill(victim, signal.SIGKILL)
        gate.touch()

    killer = threading.Thread(target=kill_one)
    killer.start()
    found = results(tmp_path / "cluster", Cluster(Hill(log, gate=gate), address))
    killer.join()
    assert found == alone
    again = len(evaluations(log)) - len(SETS)
    assert 0 < again <= 2 * TASKS_A_CORE
    assert sorted(set(evaluations(log))) == sorted(evaluations(tmp_path / "1"))


def test_workers_of_our_own_are_started_and_ended(tmp_path: Path) -> None:
    alone = results(tmp_path / "alone", OneProcess(Hill(tmp_path / "1"), 1))
    assert results(tmp_path / "own", Cluster(Hill(tmp_path / "2"), "local:2")) == alone


class Failing(Hill):
    def evaluate(
        self, sets: Sequence[PairParameters], stretch: Stretch, threads: int
    ) -> list[SetResult]:
        raise FileNotFoundError(2, "no such tape", "tapes/MCL_1m.csv")


def test_what_keeps_a_worker_from_working_is_told(tmp_path: Path) -> None:
    crew = Cluster(Failing(tmp_path / "log"), "local:1")
    with pytest.raises(StudyError, match=r"could not evaluate its sets: .*tapes/MCL_1m\.csv"):
        results(tmp_path / "study", crew)


@pytest.mark.parametrize("address", ["somewhere", "local:0", "http://host:8786", "tcp://host"])
def test_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match="--cluster must be a scheduler's address"):
        Cluster(Hill(tmp_path / "log"), address)


def test_scheduler_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9;"
    ):
        Cluster(Hill(tmp_path / "log"), "tcp://127.0.0.1:9")
