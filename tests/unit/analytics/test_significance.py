"""The numbers that were published, and two libraries' own."""

from math import sqrt

import numpy as np
import pytest

from microfutures.analytics.performance import TRADING_DAYS, sharpe
from microfutures.analytics.significance import (
    daily_sharpe,
    deflated_sharpe,
    expected_best,
    probabilistic_sharpe,
)
from microfutures.model.errors import InvalidValueError

YEAR = 250
"""Days of a year in the papers' example."""


def published(trials: int, variance: float = 0.5 / YEAR) -> float | None:
    """Return the deflated ratio of the example in The Deflated Sharpe Ratio (2014)."""
    luck = expected_best(variance, trials)
    return probabilistic_sharpe(2.5 / sqrt(YEAR), 1250, -3, 10, luck)


def test_deflated_sharpe_is_that_of_the_published_example() -> None:
    assert expected_best(0.5 / YEAR, 100) == pytest.approx(0.1132, abs=5e-5)
    assert published(100) == pytest.approx(0.9004, abs=5e-5)
    assert published(46) == pytest.approx(0.9505, abs=5e-5)


def test_best_of_many_without_edge_is_what_a_simulation_finds() -> None:
    draws = np.random.default_rng(1).normal(0, 0.3, (20_000, 200)).max(axis=1)
    assert expected_best(0.09, 200) == pytest.approx(draws.mean(), rel=0.01)
    assert expected_best(0.09, 1) == 0.0
    with pytest.raises(InvalidValueError, match="0 trials"):
        expected_best(0.09, 0)


@pytest.mark.slow
def test_probability_agrees_with_quantstats_given_its_moments() -> None:
    stats, pandas = pytest.importorskip("quantstats.stats"), pytest.importorskip("pandas")
    daily = np.random.default_rng(2).standard_t(4, 500) * 0.01 + 0.0005
    series = pandas.Series(daily, index=pandas.date_range("2024-01-01", periods=500))
    ours = probabilistic_sharpe(daily_sharpe(daily), 500, series.skew(), series.kurt() + 3)
    assert ours == pytest.approx(float(stats.probabilistic_sharpe_ratio(series)), rel=1e-9)


def test_moments_are_those_of_scipy() -> None:
    scipy_stats = pytest.importorskip("scipy.stats")
    daily = np.random.default_rng(3).standard_t(5, 300) * 0.01
    alone = deflated_sharpe(daily, np.array([daily_sharpe(daily)]))
    by_hand = probabilistic_sharpe(
        daily_sharpe(daily),
        300,
        float(scipy_stats.skew(daily)),
        float(scipy_stats.kurtosis(daily, fisher=False)),
    )
    assert alone is not None
    assert alone.probability == pytest.approx(by_hand, rel=1e-12)
    assert (alone.luck, alone.trials) == (0.0, 1)


def test_more_trials_leave_less_of_the_same_ratio() -> None:
    daily = np.random.default_rng(4).normal(0.001, 0.01, 250)
    others = np.random.default_rng(5).normal(0, 0.06, 1000)
    few, many = deflated_sharpe(daily, others[:10]), deflated_sharpe(daily, others)
    assert few is not None
    assert many is not None
    assert few.sharpe == many.sharpe
    assert few.probability > many.probability


def test_ratio_of_a_day_is_the_annual_one_over_the_root_of_the_year() -> None:
    daily = np.random.default_rng(6).normal(0.001, 0.01, 100)
    annual = sharpe(daily)
    assert annual is not None
    assert daily_sharpe(daily) * sqrt(TRADING_DAYS) == pytest.approx(annual, rel=1e-12)


def test_returns_that_rest_have_no_ratio() -> None:
    assert daily_sharpe(np.zeros(30)) == 0.0
    assert deflated_sharpe(np.zeros(30), np.zeros(4)) is None
    assert probabilistic_sharpe(0.1, 1, 0, 3) is None
    assert probabilistic_sharpe(2.0, 100, 3.0, 1.0) is None
