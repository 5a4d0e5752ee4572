"""What a study leaves behind as tables: every set, every fold, the walk day by day."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from microfutures.analytics.performance import measure
from microfutures.app.optimize.words import fold_score
from microfutures.research.objective import objective_of
from microfutures.research.space import Space
from microfutures.research.study import Verdict
from microfutures.research.tape_days import TapeDays

Row = Sequence[object]

OF_A_SET = (
    "net", "sharpe", "sortino", "calmar", "max_drawdown", "trades", "wins", "losses", "gross",
    "costs", "doubts",
)  # fmt: skip


def write_results(
    folder: Path, verdict: Verdict, space: Space, days: TapeDays, objective: str
) -> None:
    """Write `results.csv` and `.parquet`, `folds.csv`, `walk_forward.csv` and `study.json`."""
    names = [axis.name for axis in space.axes]
    header = ("rank", *names, "objective", *OF_A_SET)
    rows = list(_sets(verdict, names, objective))
    _write(folder / "results.csv", header, rows)
    _write_parquet(folder / "results.parquet", header, rows)
    (folder / "study.json").write_bytes(msgspec.json.format(msgspec.json.encode(_facts(verdict))))
    for name in ("folds.csv", "walk_forward.csv"):
        (folder / name).unlink(missing_ok=True)
    if verdict.folds:
        header = ("train", "test", *names, "in_sample", "out_of_sample", "net", "trades")
        _write(folder / "folds.csv", header, _folds(verdict, names, days, objective))
        _write(folder / "walk_forward.csv", ("day", "profit", "equity"), _walk(verdict, days))


def _sets(verdict: Verdict, names: list[str], objective: str) -> Iterator[Row]:
    for rank, (parameters, result) in enumerate(verdict.tried, 1):
        value = measure(result.closes)
        yield (
            rank, *(getattr(parameters, name) for name in names), objective_of(objective)(result),
            result.net, value.sharpe, value.sortino, value.calmar, value.max_drawdown,
            result.trades, result.wins, result.losses, result.gross, result.costs,
            result.doubts,
        )  # fmt: skip


def _folds(verdict: Verdict, names: list[str], days: TapeDays, objective: str) -> Iterator[Row]:
    for fold in verdict.folds:
        chosen = fold.chosen
        train = "; ".join(days.words(span) for span in fold.fold.train)
        yield (
            train, days.words(fold.fold.test),
            *("" if chosen is None else getattr(chosen, name) for name in names),
            fold_score(fold, objective, is_in=True), fold_score(fold, objective, is_in=False),
            fold.out_of_sample.net, fold.out_of_sample.trades,
        )  # fmt: skip


def _walk(verdict: Verdict, days: TapeDays) -> Iterator[Row]:
    if verdict.walk is None:
        return
    equity = verdict.walk.capital
    places = [
        place for each in verdict.folds for place in range(each.fold.test.start, each.fold.test.end)
    ]
    for place, profit in zip(places, verdict.walk.profits, strict=True):
        equity += profit
        yield days.days[place].day, profit, equity


def _facts(verdict: Verdict) -> dict[str, object]:
    over = verdict.overfitting
    return {
        "is_complete": verdict.is_complete,
        "trials": verdict.trials,
        "best": None if verdict.best is None else verdict.best[0],
        "deflated_sharpe": verdict.deflated,
        "overfitting": None
        if over is None
        else {
            "probability": over.probability,
            "ways": over.ways,
            "blocks": over.blocks,
            "loss_probability": over.loss_probability,
            "slope": over.slope,
        },
        "sharpe_interval": verdict.sharpe_interval,
        "walk_forward": None
        if verdict.walk is None
        else {"net": verdict.walk.net, "trades": verdict.walk.trades, "folds": len(verdict.folds)},
        "walk_forward_sharpe_interval": verdict.walk_interval,
    }


def _write(path: Path, header: Row, rows: Sequence[Row] | Iterator[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(header)
        table.writerows(rows)


def _write_parquet(path: Path, header: Sequence[str], rows: list[Row]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    parquet.write_table(pa.table(columns), path)
