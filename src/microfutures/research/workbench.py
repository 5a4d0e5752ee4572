"""Where results come from: the study's file, or the crew, whose work goes into the file at once."""

from collections.abc import Callable, Iterable, Sequence

from microfutures.config.strategy_parameters import PairParameters
from microfutures.research.evaluator import SetResult, Stretch
from microfutures.research.study_file import StudyFile, key_of
from microfutures.research.task import Crew, IsInterrupted, Task

Order = tuple[Sequence[PairParameters], Stretch]
"""Sets that are wanted on a stretch."""

Progress = Callable[[int, int], None]
"""Told how many results are there and how many are wanted by now."""


class InterruptedStudyError(Exception):
    """Not everything that was wanted could be evaluated; what was is in the file."""


class Workbench:
    """Gets results, each computed once in the life of the study's file."""

    def __init__(
        self,
        *,
        file: StudyFile,
        crew: Crew,
        sets_a_task: int,
        is_interrupted: IsInterrupted,
        progress: Progress = lambda _there, _wanted: None,
    ) -> None:
        self._file = file
        self._crew = crew
        self._sets_a_task = sets_a_task
        self._is_interrupted = is_interrupted
        self._progress = progress
        self._there = 0
        self._wanted = 0
        self.computed = 0
        """How many results were computed, not found."""

    def results(self, orders: Sequence[Order]) -> list[list[SetResult]]:
        """Return the results of each order, in the order of its sets.

        Raises
        ------
        InterruptedStudyError
            If the crew was interrupted; what is finished is kept.
        StudyError
            If a set can't be evaluated.
        """
        found = [self._file.get(sets, stretch) for sets, stretch in orders]
        tasks: list[Task] = []
        for (sets, stretch), known in zip(orders, found, strict=True):
            missing = _once(each for each in sets if key_of(each) not in known)
            self._wanted += len(known) + len(missing)
            self._there += len(known)
            tasks += [
                Task(tuple(missing[start : start + self._sets_a_task]), stretch)
                for start in range(0, len(missing), self._sets_a_task)
            ]
        self._progress(self._there, self._wanted)
        self._work(tasks)
        complete = [self._file.get(sets, stretch) for sets, stretch in orders]
        if any(
            key_of(each) not in known
            for (sets, _), known in zip(orders, complete, strict=True)
            for each in sets
        ):
            raise InterruptedStudyError
        return [
            [known[key_of(each)] for each in sets]
            for (sets, _), known in zip(orders, complete, strict=True)
        ]

    def _work(self, tasks: Sequence[Task]) -> None:
        for each in self._crew.work(tasks, self._is_interrupted):
            self._file.put(zip(each.task.sets, each.results, strict=True), each.task.stretch)
            self.computed += len(each.results)
            self._there += len(each.results)
            self._progress(self._there, self._wanted)


def _once(sets: Iterable[PairParameters]) -> list[PairParameters]:
    return list({key_of(each): each for each in sets}.values())
