"""A study from its first set to what is left of the best one out of sample."""

from collections.abc import Sequence

import msgspec
import numpy as np

from microfutures.analytics.bootstrap import Interval, interval
from microfutures.analytics.overfitting import Overfitting, overfitting
from microfutures.analytics.significance import Deflated, daily_sharpe, deflated_sharpe
from microfutures.analytics.splits import Fold, Span
from microfutures.config.strategy_parameters import PairParameters
from microfutures.research.evaluator import SetResult, Stretch, together
from microfutures.research.objective import Objective
from microfutures.research.search import Search, Tried, best_of
from microfutures.research.study_file import StudyFile
from microfutures.research.workbench import InterruptedStudyError, Workbench

Choice = tuple[PairParameters, SetResult]


class FoldOutcome(msgspec.Struct, frozen=True):
    """What was chosen on one stretch, and what became of it on the next."""

    fold: Fold
    chosen: PairParameters | None
    """None where no set came to anything: nothing is traded then."""
    in_sample: SetResult | None
    out_of_sample: SetResult


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a study came to."""

    tried: Tried
    """On the whole tape, best first, those without an objective last."""
    trials: int
    """Sets ever tried on this tape with this study's file."""
    is_complete: bool
    best: Choice | None = None
    deflated: Deflated | None = None
    overfitting: Overfitting | None = None
    sharpe_interval: Interval | None = None
    """Of the best set's Sharpe ratio of a day, on the whole tape."""
    folds: tuple[FoldOutcome, ...] = ()
    walk: SetResult | None = None
    """The tests of all folds after each other, each with its own choice and fresh capital."""
    walk_interval: Interval | None = None


def run_study(
    *,
    search: Search,
    bench: Workbench,
    file: StudyFile,
    whole: Stretch,
    folds: Sequence[Fold],
    objective: Objective,
    seed: int,
) -> Verdict:
    """Try the sets on the whole tape and on what each fold may choose on; judge.

    Interrupted, it tells of what was finished on the whole tape.
    """
    places = [[whole], *([_stretch(span) for span in fold.train] for fold in folds)]
    try:
        on_whole, *on_folds = search.tried(bench, places)
        outcomes = _walk(bench, folds, [best_of(tried, objective) for tried in on_folds])
    except InterruptedStudyError:
        return _verdict(file, whole, finished(file, whole), (), objective, seed, False)
    return _verdict(file, whole, on_whole, outcomes, objective, seed, True)


def finished(file: StudyFile, stretch: Stretch) -> Tried:
    """Return what a study's file holds of a stretch."""
    return [
        (msgspec.json.decode(key, type=PairParameters), result)
        for key, result in file.all_of(stretch).items()
    ]


def _walk(
    bench: Workbench, folds: Sequence[Fold], choices: Sequence[Choice | None]
) -> tuple[FoldOutcome, ...]:
    orders = [
        ([] if choice is None else [choice[0]], _stretch(fold.test))
        for fold, choice in zip(folds, choices, strict=True)
    ]
    judged = bench.results(orders)
    capital = next((choice[1].capital for choice in choices if choice is not None), 0.0)
    return tuple(
        FoldOutcome(
            fold,
            None if choice is None else choice[0],
            None if choice is None else choice[1],
            results[0] if results else _nothing(capital, len(fold.test)),
        )
        for fold, choice, results in zip(folds, choices, judged, strict=True)
    )


def _verdict(
    file: StudyFile,
    whole: Stretch,
    tried: Tried,
    folds: tuple[FoldOutcome, ...],
    objective: Objective,
    seed: int,
    is_complete: bool,
) -> Verdict:
    best = best_of(tried, objective)
    every = [result.returns for _, result in finished(file, whole)]
    found = Verdict(
        tried=_ranked(tried, objective), trials=len(every), is_complete=is_complete, folds=folds
    )
    if best is None:
        return found
    returns = best[1].returns
    walk = together([fold.out_of_sample for fold in folds]) if folds else None
    return msgspec.structs.replace(
        found,
        best=best,
        deflated=deflated_sharpe(returns, np.array([daily_sharpe(each) for each in every])),
        overfitting=overfitting(np.column_stack([result.returns for _, result in tried])),
        sharpe_interval=interval(returns, daily_sharpe, seed=seed),
        walk=walk,
        walk_interval=None if walk is None else interval(walk.returns, daily_sharpe, seed=seed),
    )


def _ranked(tried: Tried, objective: Objective) -> Tried:
    def rank(each: tuple[PairParameters, SetResult]) -> float:
        score = objective(each[1])
        return float("inf") if score is None else -score

    return sorted(tried, key=rank)


def _stretch(span: Span) -> Stretch:
    return Stretch(span.start, span.end)


def _nothing(capital: float, days: int) -> SetResult:
    return SetResult(
        capital=capital, profits=(0.0,) * days, trades=0, wins=0, losses=0, gross=0.0, costs=0.0
    )
