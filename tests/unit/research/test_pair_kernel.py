"""The compiled kernel: one set, many sets, stretches of days, and what it refuses."""

import numpy as np
import pytest

from helpers.pair_tapes import pair_of_bars
from microfutures.adapters.tapes.paths import BarPath
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_kernel import run_pair, sweep_pairs
from microfutures.research.pair_series import PairSeries

SETS = [
    PairParameters(lookback=lookback, z_entry=z_entry, cost_multiple=0, max_quote_age_seconds=65)
    for lookback in (10, 20)
    for z_entry in (1.5, 2.0, 2.5)
]


@pytest.fixture(scope="module")
def series() -> PairSeries:
    return PairSeries.of_market(pair_of_bars(240, BarPath.CLOSE), "MCL", "USO")


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_each_row_of_a_sweep_is_the_run_of_its_set(series: PairSeries, threads: int) -> None:
    told: list[int] = []
    sweep = sweep_pairs(series, SETS, threads=threads, on_done=told.append)
    assert sum(told) == len(SETS)
    for row, each in enumerate(SETS):
        run = run_pair(series, each)
        assert sweep.trips[row] == len(run.trades) > 0
        assert sweep.net[row] == run.net
        assert np.array_equal(sweep.daily[row], run.daily)
    assert len(set(sweep.net.tolist())) > 2


def test_result_of_a_run_adds_up(series: PairSeries) -> None:
    run = run_pair(series, SETS[0])
    assert run.net == pytest.approx(run.trades["gross"].sum() - run.trades["commissions"].sum())
    assert run.daily.sum() == pytest.approx(run.net)
    assert run.days == ("2026-03-26",)
    assert 0 < run.exposure < 1


def test_checks_closer_than_the_kernel_models_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"at least 6\.5 s"):
        PairDesk(check_interval_seconds=5, latency_seconds=1)


def test_a_tape_that_plays_more_than_closes_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--bar-path closes"):
        PairSeries.of_market(pair_of_bars(60, BarPath.ENDS), "MCL", "USO")


def test_days_beyond_the_series_are_refused(series: PairSeries) -> None:
    with pytest.raises(ConfigurationError, match="series of 1 trading days"):
        run_pair(series, SETS[0], first_day=1)
