"""Trying sets: all of them, or those that optuna proposes."""

from collections.abc import Sequence
from typing import Protocol

from microfutures.config.strategy_parameters import PairParameters
from microfutures.research.evaluator import SetResult, Stretch, together
from microfutures.research.objective import Objective
from microfutures.research.space import Space, possible_sets, with_parameters
from microfutures.research.study_file import key_of
from microfutures.research.workbench import Workbench

BATCH = 8
"""Proposals between two looks at results. Fixed, so that the number of workers changes nothing."""

Tried = list[tuple[PairParameters, SetResult]]
"""Sets and what they came to, in the order of trying."""


class Search(Protocol):
    """A way to try sets."""

    def tried(self, bench: Workbench, places: Sequence[Sequence[Stretch]]) -> list[Tried]:
        """Return what was tried at each place; a place is one or more stretches as one."""
        ...


def best_of(tried: Tried, objective: Objective) -> tuple[PairParameters, SetResult] | None:
    """Return the set with the highest objective, of equal ones the first; None if none has one."""
    scored = [(score, each) for each in tried if (score := objective(each[1])) is not None]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


class GridSearch:
    """Every possible set of a space."""

    def __init__(self, space: Space, base: PairParameters) -> None:
        self._sets = [
            made
            for each in possible_sets(space, base)
            if (made := with_parameters(base, each)) is not None
        ]

    def tried(self, bench: Workbench, places: Sequence[Sequence[Stretch]]) -> list[Tried]:
        """Return all sets at each place."""
        stretches = [stretch for place in places for stretch in place]
        results = iter(bench.results([(self._sets, stretch) for stretch in stretches]))
        return [
            [
                (each, together(parts))
                for each, *parts in zip(self._sets, *(next(results) for _ in place), strict=True)
            ]
            for place in places
        ]


class OptunaSearch:
    """Sets that a tree-structured Parzen estimator proposes, from what it has seen.

    The same seed proposes the same sets after the same results, so a study that goes on asks
    again for what it had and finds it in its file.
    """

    def __init__(
        self, space: Space, base: PairParameters, *, trials: int, objective: Objective, seed: int
    ) -> None:
        self._space = space
        self._base = base
        self._trials = trials
        self._objective = objective
        self._seed = seed

    def tried(self, bench: Workbench, places: Sequence[Sequence[Stretch]]) -> list[Tried]:
        """Search at each place anew: what is found at one is never known at another."""
        return [self._search(bench, place) for place in places]

    def _search(self, bench: Workbench, place: Sequence[Stretch]) -> Tried:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        axes: dict[str, optuna.distributions.BaseDistribution] = {
            axis.name: optuna.distributions.IntDistribution(0, len(axis.values) - 1)
            for axis in self._space.axes
        }
        sampler = optuna.samplers.TPESampler(seed=self._seed, constant_liar=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        seen: dict[str, tuple[PairParameters, SetResult]] = {}
        for start in range(0, self._trials, BATCH):
            trials = [study.ask(axes) for _ in range(min(BATCH, self._trials - start))]
            made = [self._made(trial.params) for trial in trials]
            possible = [each for each in made if each is not None]
            parts = bench.results([(possible, stretch) for stretch in place])
            for each, *found in zip(possible, *parts, strict=True):
                seen[key_of(each)] = (each, together(found))
            for trial, each in zip(trials, made, strict=True):
                score = None if each is None else self._objective(seen[key_of(each)][1])
                if score is None:
                    # Pruned counts as worse than any number.
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                else:
                    study.tell(trial, score)
        return list(seen.values())

    def _made(self, places: dict[str, int]) -> PairParameters | None:
        return with_parameters(
            self._base, self._space.at([places[axis.name] for axis in self._space.axes])
        )
