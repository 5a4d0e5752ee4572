"""A study on a hill: what is tried, chosen, judged, kept and never computed twice."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from helpers.studies import CAPITAL, Hill, evaluations, hill_result
from microfutures.analytics.splits import walk_forward
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError
from microfutures.research.crews import OneProcess, Processes
from microfutures.research.evaluator import SetResult, Stretch
from microfutures.research.landscape import landscape_of
from microfutures.research.objective import OBJECTIVES, objective_of
from microfutures.research.search import GridSearch, OptunaSearch, Search
from microfutures.research.space import Space, parse_space
from microfutures.research.study import Verdict, run_study
from microfutures.research.study_file import StudyFile
from microfutures.research.task import Crew, IsInterrupted
from microfutures.research.workbench import Workbench

BASE = PairParameters()
DAYS = Stretch(0, 60)
FOLDS = walk_forward(60, train=30, test=10, purge=1)
GRID = ["z_entry=1:3:0.5", "lookback=10:50:20"]
NET = OBJECTIVES["net"]


def never() -> bool:
    return False


def study(
    path: Path,
    *,
    crew: Crew,
    search: Search | None = None,
    identity: str = "hill",
    is_interrupted: IsInterrupted = never,
) -> Verdict:
    """Run a study whose results are kept at `path`."""
    file = StudyFile(path, identity)
    try:
        bench = Workbench(file=file, crew=crew, sets_a_task=2, is_interrupted=is_interrupted)
        return run_study(
            search=search or GridSearch(space(), BASE),
            bench=bench,
            file=file,
            whole=DAYS,
            folds=FOLDS,
            objective=NET,
            seed=1,
        )
    finally:
        file.close()
        crew.close()


def space() -> Space:
    return parse_space(GRID, BASE)


def optuna_search(trials: int = 20) -> OptunaSearch:
    return OptunaSearch(space(), BASE, trials=trials, objective=NET, seed=3)


def alone(tmp_path: Path) -> OneProcess:
    return OneProcess(Hill(tmp_path / "log"), 1)


@pytest.fixture
def verdict(tmp_path: Path) -> Verdict:
    pytest.importorskip("arch")
    return study(tmp_path / "study", crew=alone(tmp_path))


@pytest.mark.slow
def test_best_set_is_the_top_of_the_hill_and_all_are_ranked(verdict: Verdict) -> None:
    nets = [result.net for _, result in verdict.tried]
    assert len(nets) == 15
    assert nets == sorted(nets, reverse=True)
    assert verdict.best is not None
    assert verdict.best[0] == verdict.tried[0][0]
    assert verdict.deflated is not None
    assert verdict.deflated.trials == verdict.trials == 15
    assert verdict.overfitting is not None
    assert verdict.sharpe_interval is not None


@pytest.mark.slow
def test_each_fold_chooses_on_its_training_alone(verdict: Verdict) -> None:
    assert len(verdict.folds) == 3
    for fold in verdict.folds:
        train = Stretch(fold.fold.train[0].start, fold.fold.train[0].end)
        best = max(
            (each for each, _ in verdict.tried), key=lambda each: hill_result(each, train).net
        )
        assert fold.chosen == best
        test = Stretch(fold.fold.test.start, fold.fold.test.end)
        assert fold.out_of_sample == hill_result(best, test)
    assert verdict.walk is not None
    assert verdict.walk.net == pytest.approx(sum(fold.out_of_sample.net for fold in verdict.folds))


def test_finished_sets_are_never_computed_again(tmp_path: Path) -> None:
    pytest.importorskip("arch")
    first = study(tmp_path / "study", crew=alone(tmp_path))
    done = evaluations(tmp_path / "log")
    assert len(done) == len(set(done))
    again = study(tmp_path / "study", crew=alone(tmp_path))
    assert evaluations(tmp_path / "log") == done
    assert same(first, again)


def test_interrupted_study_tells_what_it_has_and_goes_on_from_there(tmp_path: Path) -> None:
    pytest.importorskip("arch")
    whole = study(tmp_path / "whole", crew=OneProcess(Hill(tmp_path / "other"), 1))
    looks = iter([False] * 4 + [True] * 9)
    part = study(tmp_path / "study", crew=alone(tmp_path), is_interrupted=lambda: next(looks))
    assert (part.is_complete, len(part.tried), part.folds) == (False, 8, ())
    rest = study(tmp_path / "study", crew=alone(tmp_path))
    assert same(rest, whole)
    assert sorted(evaluations(tmp_path / "log")) == sorted(evaluations(tmp_path / "other"))


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda: None, optuna_search], ids=["grid", "optuna"])
def test_number_of_workers_changes_no_bit(tmp_path: Path, make: object) -> None:
    pytest.importorskip("optuna")
    searches = [optuna_search() if make is optuna_search else None for _ in range(2)]
    one = study(tmp_path / "one", crew=OneProcess(Hill(tmp_path / "1"), 1), search=searches[0])
    three = study(tmp_path / "three", crew=Processes(Hill(tmp_path / "3"), 3), search=searches[1])
    assert same(one, three)


@pytest.mark.slow
def test_worker_that_is_killed_costs_only_its_sets(tmp_path: Path) -> None:
    whole = study(tmp_path / "whole", crew=OneProcess(Hill(tmp_path / "other"), 1))
    crew = Processes(Hill(tmp_path / "log", dies_at=2.0), 2)
    assert same(study(tmp_path / "study", crew=crew), whole)
    assert (tmp_path / "log.died").exists()
    # Two jobs have four tasks of two sets on their way.
    extra = len(evaluations(tmp_path / "log")) - len(evaluations(tmp_path / "other"))
    assert 0 < extra <= 8


@pytest.mark.slow
def test_optuna_proposes_the_same_again_and_goes_on_after_a_stop(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    whole = study(tmp_path / "whole", crew=alone(tmp_path), search=optuna_search())
    looks = iter([False] * 5 + [True] * 9)
    stopped = study(
        tmp_path / "study",
        crew=OneProcess(Hill(tmp_path / "2"), 1),
        search=optuna_search(),
        is_interrupted=lambda: next(looks),
    )
    assert not stopped.is_complete
    rest = study(
        tmp_path / "study", crew=OneProcess(Hill(tmp_path / "2"), 1), search=optuna_search()
    )
    assert same(rest, whole)
    done = evaluations(tmp_path / "2")
    assert len(done) == len(set(done))


@pytest.mark.slow
def test_optuna_comes_near_the_top_with_fewer_sets_than_the_grid(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    wide = parse_space(["z_entry=1:3:0.05", "lookback=10:50:1"], BASE)
    search = OptunaSearch(wide, BASE, trials=60, objective=NET, seed=1)
    found = study(tmp_path / "study", crew=alone(tmp_path), search=search)
    assert found.best is not None
    every = [hill_result(each, DAYS).net for each, _ in all_sets(wide)]
    assert found.best[1].net > np.quantile(every, 0.98)


def all_sets(wide: Space) -> list[tuple[PairParameters, None]]:
    return [(PairParameters(**each), None) for each in wide.all_sets()]  # type: ignore[arg-type]


def test_study_of_other_data_or_settings_is_refused(tmp_path: Path) -> None:
    StudyFile(tmp_path / "study", "hill").close()
    with pytest.raises(ConfigurationError, match="is one of other data or settings"):
        StudyFile(tmp_path / "study", "valley")
    StudyFile(tmp_path / "study", "hill").close()


def test_file_that_is_no_study_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(ConfigurationError, match="name a file that a study made"):
        StudyFile(path, "hill")
    assert path.read_bytes().startswith(b"no database")


def test_two_studies_never_write_one_file(tmp_path: Path) -> None:
    held = StudyFile(tmp_path / "study", "hill")
    with pytest.raises(ConfigurationError, match="another process studies with it"):
        StudyFile(tmp_path / "study", "hill")
    held.close()


class Barren:
    """No set ever trades."""

    identity = "barren"
    sets_a_task = 4
    is_threaded = True

    def evaluate(
        self, sets: Sequence[PairParameters], stretch: Stretch, threads: int
    ) -> list[SetResult]:
        days = stretch.end - stretch.first
        return [
            SetResult(
                capital=CAPITAL, profits=(0.0,) * days, trades=0, wins=0, losses=0, gross=0.0,
                costs=0.0,
            )
            for _ in sets
        ]  # fmt: skip


def test_study_in_which_nothing_trades_has_no_best(tmp_path: Path) -> None:
    file = StudyFile(tmp_path / "study", "barren")
    crew = OneProcess(Barren(), 1)
    bench = Workbench(file=file, crew=crew, sets_a_task=4, is_interrupted=never)
    found = run_study(
        search=GridSearch(space(), BASE), bench=bench, file=file, whole=DAYS, folds=FOLDS,
        objective=OBJECTIVES["sharpe"], seed=1,
    )  # fmt: skip
    file.close()
    assert found.best is None
    assert len(found.tried) == 15
    assert [fold.chosen for fold in found.folds] == [None] * 3


def test_landscape_knows_the_best_and_its_neighbours(tmp_path: Path) -> None:
    tried = [(each, hill_result(each, DAYS)) for each, _ in all_sets(space())]
    best = max(tried, key=lambda pair: pair[1].net)[0]
    land = landscape_of(space(), tried, best, NET)
    assert land is not None
    assert land.height[land.chosen] == hill_result(best, DAYS).net
    assert land.height.shape == (5, 3)
    assert land.lowest_by_chosen is not None
    assert land.lowest_by_chosen <= land.around_chosen <= land.height[land.chosen]


def test_returns_end_with_ruin() -> None:
    ruined = SetResult(
        capital=100.0, profits=(10.0, -120.0, 50.0), trades=3, wins=2, losses=1, gross=0, costs=0
    )
    assert ruined.returns.tolist() == [0.1, -1.0, 0.0]
    assert objective_of("sharpe")(ruined) is None
    assert objective_of("net")(ruined) == -60.0
    with pytest.raises(ConfigurationError, match="--objective must be one of sharpe, sortino"):
        objective_of("luck")


def same(one: Verdict, other: Verdict) -> bool:
    """Tell whether two studies came to the same, to the last bit."""
    return (
        one.tried == other.tried
        and one.best == other.best
        and one.deflated == other.deflated
        and one.folds == other.folds
        and one.walk == other.walk
        and one.sharpe_interval == other.sharpe_interval
        and one.walk_interval == other.walk_interval
    )
