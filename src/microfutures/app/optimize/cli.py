"""`microfutures optimize` on the command line; what it does is imported when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from microfutures.app import arguments_flags as flags
from microfutures.app.arguments_flags import option
from microfutures.model.expiry import ROLL_BUSINESS_DAYS

Grid = Annotated[
    list[str],
    option("--grid", "values to try, like z_entry=1.5:3:0.25 or lookback=10,20; repeat it", "AXIS"),
]
Optuna = Annotated[
    int | None, option("--optuna", "let optuna choose so many sets of the grid", "N", "all of them")
]
ObjectiveName = Annotated[
    str,
    option(
        "--objective", "what is best: sharpe, sortino, calmar, net, expectancy", "NAME", "sharpe"
    ),
]
WalkForward = Annotated[
    str | None,
    option(
        "--walk-forward",
        "choose on the past, judge on what follows; trading days: train=60d,test=20d,purge=1d,"
        "embargo=1d",
        "DAYS",
    ),
]
KFold = Annotated[
    str | None,
    option("--k-fold", "judge each part of the days once: folds=5,purge=1d,embargo=1d", "DAYS"),
]
Jobs = Annotated[int | None, option("--jobs", "cores to use", "N", "all")]
ClusterAddress = Annotated[
    str | None,
    option("--cluster", "dask scheduler (tcp://host:8786), or local:2 for two workers", "ADDRESS"),
]
StudyPath = Annotated[
    Path | None,
    option("--study", "file that keeps finished sets", "FILE", "study.sqlite3 in the output"),
]
Resume = Annotated[bool, option("--resume", "go on with what the study's file holds")]
StudySeed = Annotated[int, option("--seed", "of optuna and of the bootstrap", "N", 1)]
EngineName = Annotated[
    str,
    option("--engine", "kernel (compiled, pairs on closes) or events (all that backtest plays)",
           "NAME", "kernel where it can"),
]  # fmt: skip
StrategyName = Annotated[
    str | None, option("--strategy", "strategy to study, if several are active", "NAME")
]
StudyBarPath = Annotated[
    str,
    option("--bar-path", "what is played of a bar: closes, ends or extremes", "PART", "closes"),
]
StudyOutput = Annotated[
    Path, option("--output", "folder for the results; what it held is replaced", "DIR", "study")
]

DrawSheet = Annotated[
    bool,
    option(
        "--tear-sheet/--no-tear-sheet",
        "draw the best set, or the walk through the folds; plays it once event by event",
        default="tear-sheet",
    ),
]


def optimize(
    data: flags.BacktestData,
    grid: Grid,
    config: flags.Config = None,
    strategy: StrategyName = None,
    optuna: Optuna = None,
    objective: ObjectiveName = "sharpe",
    walk_forward: WalkForward = None,
    k_fold: KFold = None,
    engine: EngineName = "auto",
    jobs: Jobs = None,
    cluster: ClusterAddress = None,
    study: StudyPath = None,
    resume: Resume = False,
    seed: StudySeed = 1,
    tape_start: flags.TapeStart = None,
    tape_end: flags.TapeEnd = None,
    capital: flags.Capital = None,
    cash: flags.Cash = 25_000,
    latency: flags.Latency = 0.25,
    spread_ticks: flags.SpreadTicks = 1,
    bar_size: flags.BarSize = None,
    bar_path: StudyBarPath = "closes",
    time_zone: flags.TimeZone = None,
    roll_days: flags.RollDays = ROLL_BUSINESS_DAYS,
    output: StudyOutput = Path("study"),
    tear_sheet: DrawSheet = True,
) -> None:
    """Try many sets of parameters and tell what the best is worth; --resume goes on."""
    from microfutures.app.optimize.command import OptimizeCommand, run_optimize
    from microfutures.app.optimize.study_terms import TapeRequest

    command = OptimizeCommand(
        config=config,
        tape=TapeRequest(
            data=tuple(data), between=(tape_start, tape_end), spread_ticks=spread_ticks,
            bar_size=bar_size, bar_path=bar_path, time_zone=time_zone, roll_days=roll_days,
        ),
        grid=tuple(grid),
        strategy=strategy,
        trials=optuna,
        objective=objective,
        walk_forward=walk_forward,
        k_fold=k_fold,
        engine=engine,
        jobs=jobs,
        cluster=cluster,
        study=study,
        resumes=resume,
        seed=seed,
        capital=capital,
        cash=cash,
        latency=latency,
        has_sheet=tear_sheet,
        output=output,
    )  # fmt: skip
    raise typer.Exit(run_optimize(command, on_line=typer.echo))
