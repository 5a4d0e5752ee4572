"""A study as a tear sheet: what its choices earned where they were judged."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from microfutures.analytics.performance import TRADING_DAYS
from microfutures.analytics.trades import Trade
from microfutures.app.backtest.sheet import trades_of
from microfutures.app.optimize.words import fold_score
from microfutures.backtest.record import BacktestResult
from microfutures.config.strategy_parameters import PairParameters
from microfutures.reports import words
from microfutures.reports.tear_sheet_input import FoldView, Sensitivity, StudyView, TearSheetInput
from microfutures.research.evaluator import SetResult, Stretch
from microfutures.research.landscape import Landscape
from microfutures.research.space import Axis
from microfutures.research.study import Verdict
from microfutures.research.tape_days import TapeDays

Replay = Callable[[PairParameters, Stretch], BacktestResult]
"""Runs a set by the event-driven backtest, with all that it leaves behind."""
Part = tuple[PairParameters, Stretch, SetResult]

MOST_LINES = 24
"""Of a map; more would not be read."""
MOST_PAIRS = 3
CENTS = 0.01
YEAR = sqrt(TRADING_DAYS)


def sheet_of_study(
    verdict: Verdict,
    land: Landscape | None,
    days: TapeDays,
    *,
    objective: str,
    facts: dict[str, str],
    replay: Replay,
) -> TearSheetInput | None:
    """Return the walk through the folds, or without folds the best set's run.

    None if there is nothing to show, or a run was not played to its end.
    """
    if verdict.best is None:
        return None
    parts = _parts(verdict, days)
    times: list[int] = []
    equity: list[float] = []
    trades: list[Trade] = []
    notes: list[str] = []
    level = parts[0][2].capital
    for parameters, stretch, told in parts:
        run = replay(parameters, stretch)
        if not run.is_complete:
            return None
        base = level - float(run.initial_capital)
        times += [time_ns for time_ns, _ in run.equity]
        equity += [base + value for _, value in run.equity]
        trades += trades_of(run)
        level += float(run.net)
        if abs(float(run.net) - told.net) >= CENTS:
            notes.append(
                f"{days.span_words(stretch)}: the event-driven backtest, shown here, comes to "
                f"{words.money(float(run.net), sign=True)} USD, the kernel to "
                f"{words.money(told.net, sign=True)}, with {told.doubts:,} doubts"
            )
    walked = f"judged in {len(verdict.folds)} folds" if verdict.folds else "the best set"
    return TearSheetInput(
        title="Study",
        subtitle=f"{walked} · {len(verdict.tried):,} sets",
        facts=facts,
        times_ns=times,
        equity=equity,
        trades=tuple(trades),
        costs={"commissions": sum(trade.costs for trade in trades)} if trades else {},
        sensitivities=tuple(_maps(land, objective)) if land is not None else (),
        study=_view(verdict, land, days, objective),
        notes=[*_doubts(verdict), *notes],
    )


def _parts(verdict: Verdict, days: TapeDays) -> list[Part]:
    """Return what is shown: each fold's choice where it was judged, or the best set everywhere."""
    judged = [
        (fold.chosen, Stretch(fold.fold.test.start, fold.fold.test.end), fold.out_of_sample)
        for fold in verdict.folds
        if fold.chosen is not None
    ]
    if judged or verdict.best is None:
        return judged
    return [(verdict.best[0], days.whole, verdict.best[1])]


def _doubts(verdict: Verdict) -> Iterator[str]:
    if not verdict.is_complete:
        yield "The study was interrupted: this is of the sets that were finished."
    if not verdict.folds:
        yield (
            "The best set is shown on the days that it was chosen on: no number of this curve is "
            "to be expected again. Judge it by --walk-forward."
        )


def _view(verdict: Verdict, land: Landscape | None, days: TapeDays, objective: str) -> StudyView:
    return StudyView(
        subject=f"{len(verdict.tried):,} sets, the best by {objective}",
        figures=tuple(_figures(verdict, land, objective)),
        folds=tuple(_folds(verdict, land, days)),
        logits=() if verdict.overfitting is None else verdict.overfitting.logits.tolist(),
    )


def _figures(
    verdict: Verdict, land: Landscape | None, objective: str
) -> Iterator[tuple[str, str, str]]:
    if verdict.deflated is not None:
        found = verdict.deflated
        yield (
            "Deflated Sharpe",
            f"{found.probability:.3f}",
            f"chance that {words.ratio(found.sharpe * YEAR)} a year is more than the luck of "
            f"{found.trials:,} trials, {words.ratio(found.luck * YEAR)}",
        )
    if verdict.overfitting is not None:
        over = verdict.overfitting
        yield (
            "Overfitting",
            f"{over.probability:.3f}",
            f"chance that the best is below the middle on other days, of {over.ways:,} ways",
        )
    walk = verdict.walk_interval or verdict.sharpe_interval
    if walk is not None:
        yield (
            "Sharpe, 95 %",
            f"{words.ratio(walk.low * YEAR)} to {words.ratio(walk.high * YEAR)}",
            "where judged, by bootstrap" if verdict.walk_interval else "in sample, by bootstrap",
        )
    if land is not None:
        yield (
            "Neighbours",
            words.ratio(land.around_chosen),
            f"mean {objective} one step around the best, {words.ratio(land.lowest_by_chosen)} at "
            f"worst",
        )


def _folds(verdict: Verdict, land: Landscape | None, days: TapeDays) -> Iterator[FoldView]:
    names = [] if land is None else [axis.name for axis in land.axes]
    for fold in verdict.folds:
        chosen = ", ".join(
            f"{name} {getattr(fold.chosen, name):g}" for name in names if fold.chosen
        )
        yield FoldView(
            train="; ".join(days.words(span) for span in fold.fold.train),
            test=days.words(fold.fold.test),
            chosen=chosen or words.NONE,
            in_sample=fold_score(fold, "net", is_in=True),
            out_of_sample=fold_score(fold, "net", is_in=False),
            net=fold.out_of_sample.net,
            trades=fold.out_of_sample.trades,
        )


def _maps(land: Landscape, objective: str) -> Iterator[Sensitivity]:
    """Yield maps of two parameters each, all others being those of the best set."""
    axes = range(len(land.axes))
    pairs: Sequence[tuple[int | None, int]] = list(combinations(axes, 2)) or [(None, 0)]
    for row, column in pairs[:MOST_PAIRS]:
        for metric, heights in ((objective, land.height), (f"{objective} around", land.around)):
            yield _map(land, heights, row, column, metric)


def _map(
    land: Landscape, heights: NDArray[np.float64], row: int | None, column: int, metric: str
) -> Sensitivity:
    rows = [0] if row is None else _lines(land.axes[row], land.chosen[row])
    columns = _lines(land.axes[column], land.chosen[column])
    place = list(land.chosen)

    def at(down: int, across: int) -> float | None:
        place[column] = across
        if row is not None:
            place[row] = down
        found = float(heights[tuple(place)])
        return None if np.isnan(found) else found

    return Sensitivity(
        row_name="" if row is None else land.axes[row].name,
        row_values=[None] if row is None else [land.axes[row].values[each] for each in rows],
        column_name=land.axes[column].name,
        column_values=[land.axes[column].values[each] for each in columns],
        metric=metric,
        values=[[at(down, across) for across in columns] for down in rows],
        chosen=(0 if row is None else rows.index(land.chosen[row]),
                columns.index(land.chosen[column])),
    )  # fmt: skip


def _lines(axis: Axis, chosen: int) -> list[int]:
    """Return the places of an axis that are shown: all, or some with the chosen one."""
    count = len(axis.values)
    if count <= MOST_LINES:
        return list(range(count))
    spread = np.linspace(0, count - 1, MOST_LINES - 1).round().astype(int).tolist()
    return sorted({*spread, chosen})
