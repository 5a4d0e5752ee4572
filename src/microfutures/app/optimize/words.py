"""What a study came to, in a terminal: the best sets, and how far they can be trusted."""

from collections.abc import Iterator, Sequence
from math import sqrt
from textwrap import wrap

from rich.box import SIMPLE
from rich.table import Table

from microfutures.analytics.bootstrap import LEAST_DAYS, Interval
from microfutures.analytics.performance import TRADING_DAYS, measure
from microfutures.reports import words
from microfutures.research.evaluator import SetResult, refusals
from microfutures.research.landscape import Landscape
from microfutures.research.objective import objective_of
from microfutures.research.space import Space
from microfutures.research.study import FoldOutcome, Verdict
from microfutures.research.tape_days import TapeDays

MOST_ROWS = 15
MOST_RULES = 3
HEADING_WIDTH = 12
YEAR = sqrt(TRADING_DAYS)


def table_of(verdict: Verdict, space: Space, objective: str) -> Table:
    """Return the best sets on the whole tape."""
    shown = verdict.tried[:MOST_ROWS]
    title = f"best {len(shown)} of {len(verdict.tried):,} sets by {objective}"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0))
    for axis in space.axes:
        table.add_column(heading(axis.name), justify="right", no_wrap=True)
    for name in ("net USD", "Sharpe", "drawdown", "trades", "won", "costs USD"):
        table.add_column(name, justify="right", no_wrap=True)
    for parameters, result in shown:
        value = measure(result.closes)
        decided = result.wins + result.losses
        table.add_row(
            *(f"{getattr(parameters, axis.name):g}" for axis in space.axes),
            words.money(result.net, sign=True),
            words.ratio(value.sharpe),
            words.percent(value.max_drawdown),
            f"{result.trades:,}",
            words.percent(result.wins / decided if decided else None),
            words.money(result.costs),
            style="green" if result.net > 0 else "",
        )
    return table


def heading(name: str) -> str:
    """Return a parameter's name in lines short enough for a column."""
    return "\n".join(wrap(name.replace("_", "_ "), HEADING_WIDTH)).replace("_ ", "_")


def study_lines(
    verdict: Verdict, land: Landscape | None, days: TapeDays, objective: str
) -> Iterator[str]:
    """Yield what the best set is worth, a line a question."""
    if verdict.best is None:
        results = [result for _, result in verdict.tried]
        yield f"  best         none: {_why_none(results, objective)}"
        return
    yield from _warnings(verdict.best[1], len(days.days))
    yield from _luck_lines(verdict)
    if verdict.sharpe_interval is not None:
        yield f"  interval     Sharpe a year {_between(verdict.sharpe_interval)}, by bootstrap"
    if land is not None:
        yield f"  neighbours   {_neighbours(land, objective)}"
    if verdict.walk is not None:
        yield from _walk_lines(verdict, objective)


def _why_none(results: Sequence[SetResult], objective: str) -> str:
    """Return why there is no best set."""
    if any(result.trades for result in results):
        return f"no set has a {objective}; are there days enough?"
    stopped = refusals(results).most_common(MOST_RULES)
    if not stopped:
        return "no set traded; no look at the market was beyond z_entry"
    rules = ", ".join(f"{rule} ({times:,} x)" for rule, times in stopped)
    return f"no set traded; entries were stopped by {rules}; `backtest` tells it with numbers"


def _warnings(best: SetResult, days: int) -> Iterator[str]:
    if days < LEAST_DAYS:
        yield f"  days         {days} trading days are too few to tell luck from skill"
    if best.doubts:
        yield (
            f"  doubts       at {best.doubts:,} moments the event-driven backtest may do otherwise "
            f"with the best set than the kernel did; confirm it with `--engine events`"
        )


def _luck_lines(verdict: Verdict) -> Iterator[str]:
    if verdict.deflated is not None:
        found = verdict.deflated
        yield (
            f"  luck         deflated Sharpe {found.probability:.3f}: the chance that the best, of "
            f"{words.ratio(found.sharpe * YEAR)} a year, is better than the luckiest of "
            f"{found.trials:,} sets without edge, {words.ratio(found.luck * YEAR)}"
        )
    if verdict.overfitting is not None:
        over = verdict.overfitting
        yield (
            f"  overfitting  {over.probability:.3f}: so often the best of one half of the days is "
            f"below the middle on the other, of {over.ways:,} ways; it loses there in "
            f"{over.loss_probability:.3f}"
        )


def _neighbours(land: Landscape, objective: str) -> str:
    lowest = land.lowest_by_chosen
    text = (
        f"{objective} around the best: {words.ratio(land.around_chosen)} on average, "
        f"{words.ratio(lowest)} at worst"
    )
    place = land.steadiest
    if place == land.chosen:
        return f"{text}; nothing stands steadier"
    steady = ", ".join(
        f"{axis.name} {axis.values[each]:g}" for axis, each in zip(land.axes, place, strict=True)
    )
    return f"{text}; steadiest: {steady}, {words.ratio(float(land.around[place]))} on average"


def _walk_lines(verdict: Verdict, objective: str) -> Iterator[str]:
    walk, folds = verdict.walk, verdict.folds
    if walk is None:
        return
    yield (
        f"  judged       {len(folds)} folds, {len(walk.profits)} days, {walk.trades:,} trades: net "
        f"{words.money(walk.net, sign=True)} USD, Sharpe {words.ratio(measure(walk.closes).sharpe)}"
    )
    # A ratio of a few days, made a year's, says nothing.
    is_long = min(len(fold.fold.test) for fold in folds) >= LEAST_DAYS
    for name in dict.fromkeys(("net", objective if is_long else "net")):
        inside, outside = (mean_score(folds, name, is_in=is_in) for is_in in (True, False))
        yield (
            f"  degradation  {'USD a day' if name == 'net' else name}: {words.ratio(inside)} where "
            f"chosen, {words.ratio(outside)} where judged, means of the folds"
        )
    if verdict.walk_interval is not None:
        yield f"               Sharpe a year {_between(verdict.walk_interval)}, by bootstrap"


def mean_score(folds: tuple[FoldOutcome, ...], objective: str, *, is_in: bool) -> float | None:
    """Return the mean objective of the folds where they were chosen, or where judged.

    Money counts by the day: the two stretches have different lengths.
    """
    scores = [
        score for fold in folds if (score := fold_score(fold, objective, is_in=is_in)) is not None
    ]
    return sum(scores) / len(scores) if scores else None


def fold_score(fold: FoldOutcome, objective: str, *, is_in: bool) -> float | None:
    """Return the objective of one fold, money by the day; None where there is none."""
    result = fold.in_sample if is_in else fold.out_of_sample
    if result is None:
        return None
    score = objective_of(objective)(result)
    return score / len(result.profits) if score is not None and objective == "net" else score


def _between(found: Interval) -> str:
    return (
        f"{words.ratio(found.low * YEAR)} to {words.ratio(found.high * YEAR)} ({found.level:.0%})"
    )
