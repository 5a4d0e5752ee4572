"""`microfutures optimize`: from flags to a study, its files and its exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from msgspec.structs import replace

from microfutures.analytics.splits import Fold
from microfutures.app.engine_making import traded_symbols
from microfutures.app.interruption import interruptible
from microfutures.app.optimize.evaluators import chosen_evaluator
from microfutures.app.optimize.event_evaluator import EventEvaluator
from microfutures.app.optimize.outcome import SHEET_NAME, Outcome, Say
from microfutures.app.optimize.study_terms import StudyTape, StudyTerms, TapeRequest
from microfutures.config import load_with_origins
from microfutures.config.settings import Settings
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError
from microfutures.research.cluster import Cluster
from microfutures.research.crews import OneProcess, Processes
from microfutures.research.evaluator import Evaluator
from microfutures.research.folds import parse_k_fold, parse_walk_forward
from microfutures.research.objective import objective_of
from microfutures.research.search import GridSearch, OptunaSearch, Search
from microfutures.research.space import Space, parse_space
from microfutures.research.study import run_study
from microfutures.research.study_file import StudyFile
from microfutures.research.task import Crew
from microfutures.research.workbench import Progress, Workbench

CLEAN, INTERRUPTED = 0, 130
STUDY_NAME = "study.sqlite3"
SQLITE_PARTS = ("", "-wal", "-shm")
MOST_JOBS = 1024


class OptimizeCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What was said on the command line."""

    config: Path | None
    tape: TapeRequest
    grid: tuple[str, ...]
    strategy: str | None = None
    trials: int | None = None
    objective: str = "sharpe"
    walk_forward: str | None = None
    k_fold: str | None = None
    engine: str = "auto"
    jobs: int | None = None
    cluster: str | None = None
    study: Path | None = None
    resumes: bool = False
    seed: int = 1
    capital: float | None = None
    cash: float = 25_000.0
    latency: float = 0.25
    has_sheet: bool = True
    output: Path


def run_optimize(command: OptimizeCommand, *, on_line: Say) -> int:
    """Study, say what came of it, write the files; return the exit code.

    Raises
    ------
    ConfigurationError
        If flags, the configuration, the tape or the study's file can't be used.
    StudyError
        If a set can't be evaluated.
    """
    objective = objective_of(command.objective)
    terms, base = _studied(command)
    space = parse_space(command.grid, base)
    search = _search(command, space, base)
    jobs = _jobs(command)
    tape = StudyTape(command.tape, traded_symbols(terms.settings))
    market, days = tape.market, tape.days
    if not days.days:
        raise ConfigurationError(
            f"{market.describe()}: no trading day on which every symbol has a price in its liquid "
            f"hours; look at it with `microfutures data check`, or choose another stretch"
        )
    folds = _folds(command, len(days.days))
    evaluator = chosen_evaluator(command.engine, terms, tape, on_line)
    path = _study_path(command)
    with closing(StudyFile(path, evaluator.identity)) as file:
        crew = _crew(command, evaluator, jobs)
        with closing(crew), interruptible() as is_interrupted, _progress() as progress:
            bench = Workbench(
                file=file,
                crew=crew,
                sets_a_task=evaluator.sets_a_task,
                is_interrupted=is_interrupted,
                progress=progress,
            )
            verdict = run_study(
                search=search,
                bench=bench,
                file=file,
                whole=days.whole,
                folds=folds,
                objective=objective,
                seed=command.seed,
            )
    on_line(f"{len(verdict.tried):,} sets on {market.describe()}")
    on_line(f"  computed     {bench.computed:,} results; kept in {path}")
    (command.output / SHEET_NAME).unlink(missing_ok=True)
    outcome = Outcome(
        verdict, space=space, tape=tape, objective=command.objective, output=command.output
    )
    outcome.report(on_line)
    player = EventEvaluator(terms=terms, tape=tape)
    is_drawn = not command.has_sheet or outcome.draw(player, command.grid, on_line)
    if not verdict.is_complete:
        on_line("interrupted; what was finished is kept: the same command with --resume goes on")
    return CLEAN if verdict.is_complete and is_drawn else INTERRUPTED


def _studied(command: OptimizeCommand) -> tuple[StudyTerms, PairParameters]:
    """Return the terms of the study, and the parameters that it varies some of."""
    settings = load_with_origins(
        command.config, {"trading.initial_capital": command.capital}
    ).settings
    name = _strategy_name(command.strategy, settings)
    if not 0 < command.cash < float("inf"):
        raise ConfigurationError(f"--cash must be above 0 USD, was {command.cash:g}")
    if not 0 <= command.latency <= 60:
        raise ConfigurationError(f"--latency must be 0 to 60 seconds, was {command.latency:g}")
    strategies = {name: replace(settings.strategies[name], active=True)}
    terms = StudyTerms(
        settings=replace(settings, strategies=strategies),
        strategy=name,
        cash=command.cash,
        latency_seconds=command.latency,
    )
    return terms, settings.strategies[name].parameters


def _strategy_name(wanted: str | None, settings: Settings) -> str:
    names = list(settings.strategies)
    active = [name for name, each in settings.strategies.items() if each.active]
    if wanted is not None:
        if wanted not in names:
            raise ConfigurationError(
                f"--strategy {wanted!a} is none of the configuration's: {', '.join(names)}"
            )
        return wanted
    if len(active) != 1:
        raise ConfigurationError(
            f"{len(active)} strategies are active; name the one to study with --strategy: "
            f"{', '.join(names)}"
        )
    return active[0]


def _search(command: OptimizeCommand, space: Space, base: PairParameters) -> Search:
    if command.trials is None:
        return GridSearch(space, base)
    if command.trials < 1:
        raise ConfigurationError(f"--optuna must be at least 1 set, was {command.trials}")
    return OptunaSearch(
        space,
        base,
        trials=command.trials,
        objective=objective_of(command.objective),
        seed=command.seed,
    )


def _folds(command: OptimizeCommand, days: int) -> list[Fold]:
    if command.walk_forward is not None and command.k_fold is not None:
        raise ConfigurationError("--walk-forward and --k-fold judge in two ways; choose one")
    if command.walk_forward is not None:
        return parse_walk_forward(command.walk_forward, days)
    return [] if command.k_fold is None else parse_k_fold(command.k_fold, days)


def _jobs(command: OptimizeCommand) -> int:
    if command.jobs is None:
        return len(os.sched_getaffinity(0))
    if command.cluster is not None:
        raise ConfigurationError("--jobs is of this machine, --cluster of others; leave one out")
    if not 1 <= command.jobs <= MOST_JOBS:
        raise ConfigurationError(f"--jobs must be 1 to {MOST_JOBS}, was {command.jobs}")
    return command.jobs


def _crew(command: OptimizeCommand, evaluator: Evaluator, jobs: int) -> Crew:
    if command.cluster is not None:
        return Cluster(evaluator, command.cluster)
    if evaluator.is_threaded or jobs == 1:
        return OneProcess(evaluator, jobs)
    return Processes(evaluator, jobs)


def _study_path(command: OptimizeCommand) -> Path:
    """Return where the study is kept; one that is there must be asked for with ``--resume``."""
    path = command.study or command.output / STUDY_NAME
    try:
        command.output.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not command.resumes:
            if command.study is not None:
                raise ConfigurationError(
                    f"--study {path} is there already; add --resume to go on, or name a new file"
                )
            for suffix in SQLITE_PARTS:
                path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--output {command.output}: {error.strerror}") from error
    return path


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show how far the study has come, on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _there, _wanted: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("sets", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sets", total=None)
        yield lambda there, wanted: bar.update(task, completed=there, total=wanted)
