"""Cells and their neighbours, and intervals that hold what they promise."""

import numpy as np
import pytest

from microfutures.analytics.bootstrap import interval
from microfutures.analytics.stability import Floats, neighbourhood


def test_neighbourhood_is_cut_by_the_edge() -> None:
    mean, lowest = neighbourhood(np.arange(12.0).reshape(3, 4))
    assert mean[1, 1] == np.mean([0, 1, 2, 4, 5, 6, 8, 9, 10])
    assert mean[0, 0] == np.mean([0, 1, 4, 5])
    assert (lowest[2, 3], lowest[0, 0]) == (6.0, 0.0)


def test_needle_falls_and_plain_stands() -> None:
    grid = np.zeros((5, 5))
    grid[0, 4] = 5.0
    grid[2:, :3] = 2.0
    mean, lowest = neighbourhood(grid)
    assert divmod(int(np.argmax(mean)), 5) == (3, 0)
    assert lowest[3, 1] == 2.0
    assert lowest[0, 4] == 0.0


def test_unknown_neighbour_is_left_out_of_the_mean_and_spoils_the_lowest() -> None:
    mean, lowest = neighbourhood(np.array([[1.0, np.nan, 3.0, 4.0]]))
    assert mean.tolist() == [[1.0, 2.0, 3.5, 3.5]]
    assert np.isnan(lowest[0, :3]).all()
    assert lowest[0, 3] == 3.0


def test_one_axis_and_three_axes_are_grids_too() -> None:
    assert neighbourhood(np.array([1.0, 2.0, 6.0]))[0].tolist() == [1.5, 3.0, 4.0]
    cube = np.random.default_rng(1).normal(size=(3, 4, 5))
    mean, lowest = neighbourhood(cube)
    assert mean[1, 1, 1] == pytest.approx(cube[:3, :3, :3].mean())
    assert lowest[2, 3, 4] == cube[1:, 2:, 3:].min()


def the_mean(values: Floats) -> float:
    return float(values.mean())


@pytest.mark.slow
def test_interval_of_the_mean_is_that_of_the_textbook() -> None:
    pytest.importorskip("arch")
    daily = np.random.default_rng(2).normal(0.001, 0.01, 400)
    found = interval(daily, the_mean, seed=7)
    assert found is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.01 / 20, rel=0.15)
    assert found.low < daily.mean() < found.high
    assert interval(daily, the_mean, seed=7) == found


@pytest.mark.slow
def test_days_that_hang_together_widen_the_interval() -> None:
    pytest.importorskip("arch")
    steps = np.random.default_rng(3).normal(0, 0.01, 600)
    linked = steps.copy()
    for day in range(1, 600):
        linked[day] = 0.8 * linked[day - 1] + steps[day]
    alone, together = (interval(each, the_mean, seed=1) for each in (steps, linked))
    assert alone is not None
    assert together is not None
    assert together.block_days > 3 * alone.block_days
    # The deviation of the mean grows by 1 / (1 - 0.8) = 5; blocks of finite length see less.
    assert 3 < (together.high - together.low) / (alone.high - alone.low) < 6


def test_too_few_days_have_no_interval() -> None:
    assert interval(np.ones(100), the_mean, seed=1) is None
    assert interval(np.random.default_rng(1).normal(size=19), the_mean, seed=1) is None
