"""Pairs made to belong together, pairs made not to, and a real one."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from microfutures.analytics.cointegration import (
    Floats,
    Johansen,
    diagnose,
    engle_granger,
    half_life,
    hedge,
    hurst,
    rolling_hedge,
)
from microfutures.model.errors import InvalidValueError

DATA = Path(__file__).parents[4] / "shared" / "data"


def walk(seed: int, rows: int = 1500) -> Floats:
    return 70 + np.cumsum(np.random.default_rng(seed).normal(0, 0.1, rows))


def reverting(seed: int, keep: float, rows: int = 1500) -> Floats:
    noise = np.random.default_rng(seed).normal(0, 0.1, rows)
    values = np.zeros(rows)
    for row in range(1, rows):
        values[row] = keep * values[row - 1] + noise[row]
    return values


@pytest.mark.slow
def test_pair_with_a_common_trend_is_cointegrated() -> None:
    pytest.importorskip("statsmodels")
    x = walk(1, 800)
    found = diagnose(5 + 1.2 * x + reverting(2, 0.9, 800), x)
    assert found.is_cointegrated
    assert found.hedge_ratio == pytest.approx(1.2, abs=0.05)
    assert found.engle_granger_p < 0.001
    assert found.half_life is not None
    assert found.half_life == pytest.approx(np.log(0.5) / np.log(0.9), rel=0.3)
    assert found.hurst is not None
    assert found.hurst < 0.4
    assert found.cointegrated_share is not None
    assert found.cointegrated_share > 0.7


@pytest.mark.slow
def test_two_walks_of_their_own_are_not_cointegrated() -> None:
    pytest.importorskip("statsmodels")
    verdicts = [
        diagnose(walk(seed, 400), walk(seed + 100, 400)).is_cointegrated for seed in range(6)
    ]
    assert sum(verdicts) <= 1


@pytest.mark.slow
def test_half_life_is_that_of_the_regression_that_statsmodels_makes() -> None:
    linear = pytest.importorskip("statsmodels.regression.linear_model")
    spread = reverting(3, 0.8)
    design = np.column_stack((np.ones(len(spread) - 1), spread[:-1]))
    speed = linear.OLS(np.diff(spread), design).fit().params[1]
    assert half_life(spread) == pytest.approx(-np.log(2) / np.log(1 + speed), rel=1e-9)


def test_spread_that_runs_away_has_no_half_life() -> None:
    assert half_life(1.05 ** np.arange(100.0)) is None
    assert half_life(np.ones(100)) is None


def test_hurst_tells_wandering_from_reverting_and_trending() -> None:
    assert hurst(walk(4, 20_000)) == pytest.approx(0.5, abs=0.04)
    reverts = hurst(reverting(5, 0.5, 20_000))
    assert reverts is not None
    assert reverts < 0.2
    trend = hurst(np.cumsum(walk(6, 20_000)))
    assert trend is not None
    assert trend > 0.9
    assert hurst(np.ones(100)) is None
    assert hurst(walk(1, 30)) is None


def test_hedge_is_the_least_squares_line() -> None:
    x = walk(7)
    y = 3 + 0.7 * x + reverting(8, 0.5)
    slope, intercept = np.polyfit(x, y, 1)
    line = hedge(y, x)
    assert (line.ratio, line.intercept) == pytest.approx((slope, intercept), rel=1e-9)
    assert line.residual.sum() == pytest.approx(0, abs=1e-8)
    with pytest.raises(InvalidValueError, match="doesn't move"):
        hedge(y, np.ones(len(y)))


def test_rolling_hedge_is_the_line_of_each_window() -> None:
    x = walk(9, 300)
    y = 3 + 0.7 * x + reverting(10, 0.5, 300)
    ratios = rolling_hedge(y, x, 60)
    assert np.isnan(ratios[:59]).all()
    for end in (60, 177, 300):
        slope = np.polyfit(x[end - 60 : end], y[end - 60 : end], 1)[0]
        assert ratios[end - 1] == pytest.approx(slope, rel=1e-8)
    assert np.isnan(rolling_hedge(y, x, 301)).all()


@pytest.mark.parametrize(("trace", "rank"), [((10.0, 1.0), 0), ((20.0, 1.0), 1), ((20.0, 5.0), 2)])
def test_rank_is_read_off_the_trace(trace: tuple[float, float], rank: int) -> None:
    assert Johansen(trace, (15.5, 3.8)).rank == rank


@pytest.mark.slow
def test_years_of_minutes_are_judged_in_seconds() -> None:
    # With every number of lags fitted anew this takes hours, and the suite's patience ends.
    pytest.importorskip("statsmodels")
    x = walk(1, 100_000)
    assert engle_granger(2 * x + reverting(2, 0.9, 100_000), x)[1] < 1e-6


def test_a_leg_that_is_the_other_one_is_cointegrated_for_certain() -> None:
    pytest.importorskip("statsmodels")
    x = walk(1)
    assert engle_granger(3 + 2 * x, x) == (-math.inf, 0.0)


def test_pair_that_cannot_be_judged_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="needs 40 common rows, had 39 and 39"):
        diagnose(walk(1, 39), walk(2, 39))
    holed = walk(1)
    holed[7] = np.nan
    with pytest.raises(InvalidValueError, match="a price of both legs in every row"):
        diagnose(holed, walk(2))


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_real_minutes_of_oil_and_its_fund_move_as_one() -> None:
    pytest.importorskip("statsmodels")
    prices: list[dict[str, float]] = []
    for symbol in ("MCL", "USO"):
        with (DATA / "micro_2026" / f"{symbol}_1m.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["ts_utc"].startswith("2026-03-30")]
        prices.append({row["ts_utc"]: float(row["close"]) for row in rows})
    common = sorted(prices[0].keys() & prices[1].keys())
    mcl, uso = (np.log([leg[moment] for moment in common]) for leg in prices)
    found = diagnose(mcl, uso)
    assert found.correlation is not None
    assert found.correlation > 0.98
    assert engle_granger(mcl, uso)[1] == found.engle_granger_p
    assert 0.8 < found.hedge_ratio < 1.2
