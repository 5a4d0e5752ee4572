"""The cores of this machine as a crew: threads of one process, or processes."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from microfutures.research.evaluator import Evaluator, SetResult
from microfutures.research.task import (
    Done,
    IsInterrupted,
    StudyError,
    Task,
    done,
    evaluate_here,
)

LOOK_SECONDS = 0.2
"""How soon an interruption is noticed."""
MOST_BREAKS = 3
"""So many times in a row, without a task done in between, workers may die."""

Answer = tuple[SetResult, ...] | str


class OneProcess:
    """One process; its evaluator keeps as many cores busy as it is told."""

    def __init__(self, evaluator: Evaluator, threads: int) -> None:
        self._evaluator = evaluator
        self._threads = threads

    def work(self, tasks: Sequence[Task], is_interrupted: IsInterrupted) -> Iterator[Done]:
        """Yield the tasks in their order."""
        for task in tasks:
            if is_interrupted():
                return
            yield Done(
                task, tuple(self._evaluator.evaluate(task.sets, task.stretch, self._threads))
            )

    def close(self) -> None:
        """Have nothing to let go."""


class Processes:
    """Some processes on this machine, each with its own copy of the tape."""

    def __init__(self, evaluator: Evaluator, jobs: int) -> None:
        self._evaluator = evaluator
        self._jobs = jobs
        self._pool = self._new_pool()

    def work(self, tasks: Sequence[Task], is_interrupted: IsInterrupted) -> Iterator[Done]:
        """Yield tasks as they are finished; what a dead worker had is done by another."""
        waiting = deque(tasks)
        running: dict[Future[Answer], Task] = {}
        breaks = 0
        while (waiting or running) and not is_interrupted():
            try:
                while waiting and len(running) < 2 * self._jobs:
                    future = self._submit(waiting[0])
                    running[future] = waiting.popleft()
                finished, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    answer = future.result()
                    yield done(running.pop(future), answer)
                    breaks = 0
            except BrokenProcessPool:
                breaks += 1
                if breaks > MOST_BREAKS:
                    raise StudyError(
                        f"workers died {breaks} times without finishing a set: is memory enough "
                        f"for {self._jobs} of them? --jobs 1 takes the least"
                    ) from None
                waiting.extendleft(running.values())
                running.clear()
                self._pool.shutdown(wait=False)
                self._pool = self._new_pool()
        for future in running:
            future.cancel()

    def close(self) -> None:
        """End the processes; what they are at is lost."""
        for process in list((self._pool._processes or {}).values()):
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, task: Task) -> Future[Answer]:
        return self._pool.submit(evaluate_here, self._evaluator, task)

    def _new_pool(self) -> ProcessPoolExecutor:
        # A fork would copy threads of numpy and of the terminal in whatever state they are.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._jobs, context, initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    """Leave Ctrl+C, which the terminal sends to every process, to the one that studies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
