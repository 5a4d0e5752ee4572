"""A piece of a study's work, and who does it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import MicroFuturesError
from microfutures.research.evaluator import Evaluator, SetResult, Stretch

IsInterrupted = Callable[[], bool]


class Task(msgspec.Struct, frozen=True):
    """Some sets on one stretch."""

    sets: tuple[PairParameters, ...]
    stretch: Stretch


class Done(msgspec.Struct, frozen=True):
    """A finished task."""

    task: Task
    results: tuple[SetResult, ...]


class StudyError(MicroFuturesError):
    """A set could not be evaluated; the text says why."""


class Crew(Protocol):
    """Does tasks, in any order."""

    def work(self, tasks: Sequence[Task], is_interrupted: IsInterrupted) -> Iterator[Done]:
        """Yield tasks as they are finished; end early when interrupted.

        Raises
        ------
        StudyError
            If a task can't be done.
        """
        ...

    def close(self) -> None:
        """Let the workers go."""
        ...


_known: dict[str, Evaluator] = {}
"""Evaluators of this process: one that comes with a task again has its tape loaded already."""


def evaluate_here(evaluator: Evaluator, task: Task) -> tuple[SetResult, ...] | str:
    """Return the results, or why there are none; runs in a worker.

    An error goes back as its text: an exception of ours need not survive the way.
    """
    mine = _known.setdefault(evaluator.identity, evaluator)
    try:
        return tuple(mine.evaluate(task.sets, task.stretch, 1))
    except (MicroFuturesError, OSError) as error:
        return f"{type(error).__name__}: {error}"


def done(task: Task, answer: tuple[SetResult, ...] | str) -> Done:
    """Return a worker's answer as a finished task.

    Raises
    ------
    StudyError
        If the worker could not do it.
    """
    if isinstance(answer, str):
        raise StudyError(f"a worker could not evaluate its sets: {answer}")
    return Done(task, answer)
