"""Numbers by group, on the way of a trade and of a pair, each against two independent libraries."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from microfutures.analytics.cointegration import (
    HURST_LAGS,
    Floats,
    diagnose,
    engle_granger,
    half_life,
    hedge,
    hurst,
    johansen,
    rolling_engle_granger,
    rolling_hedge,
)
from microfutures.analytics.performance import daily_closes
from microfutures.analytics.trades import (
    Trade,
    by,
    excursions,
    exposure,
    opening_hour,
    trade_statistics,
    turnover,
)

pytestmark = pytest.mark.slow
pandas: Any = pytest.importorskip("pandas")
scipy_stats: Any = pytest.importorskip("scipy.stats")

REL, ABS = 1e-9, 1e-12
START_NS = 1_774_531_800 * 10**9
MINUTE_NS = 60 * 10**9


@pytest.fixture(scope="module")
def quantstats() -> ModuleType:
    module: ModuleType = pytest.importorskip("quantstats.stats")
    return module


@pytest.fixture(scope="module")
def trades() -> list[Trade]:
    rng = np.random.default_rng(1)
    opened = np.sort(rng.integers(0, 20 * 1440, 500))
    return [
        Trade(
            strategy=str(rng.choice(["oil", "gold"])),
            instrument=str(rng.choice(["MCLK6", "MCLM6", "USO"])),
            opened_ns=START_NS + int(minute) * MINUTE_NS,
            closed_ns=START_NS + int(minute + rng.integers(1, 90)) * MINUTE_NS,
            direction="long",
            units=1,
            gross=float(rng.normal(0.5, 20)),
            costs=3.54,
            notional=float(rng.uniform(5_000, 9_000)),
        )
        for minute in opened
    ]


@pytest.fixture(scope="module")
def frame(trades: list[Trade]) -> Any:
    rows = [
        {"strategy": each.strategy, "instrument": each.instrument, "opened": each.opened_ns,
         "closed": each.closed_ns, "net": each.gross - each.costs, "notional": each.notional}
        for each in trades
    ]  # fmt: skip
    made = pandas.DataFrame(rows)
    for name in ("opened", "closed"):
        made[name] = pandas.to_datetime(made[name], utc=True)
    made["hour"] = made["opened"].dt.tz_convert("America/New_York").dt.hour
    return made


@pytest.mark.parametrize("key", ["strategy", "instrument", "hour"])
def test_groups_agree_with_pandas_and_quantstats(
    trades: list[Trade], frame: Any, quantstats: ModuleType, key: str
) -> None:
    keys = {"hour": opening_hour}
    ours = by(trades, keys.get(key, lambda each: getattr(each, key)))
    theirs = dict(iter(frame.groupby(key)))
    assert set(ours) == set(theirs)
    for name, found in ours.items():
        nets = theirs[name]["net"]
        dated = pandas.Series(
            nets.to_numpy(), index=pandas.date_range("2020-01-01", periods=len(nets))
        )
        wins, losses = nets[nets > 0], nets[nets < 0]
        assert (found.count, found.wins) == (len(nets), len(wins))
        assert found.net == pytest.approx(float(nets.sum()), rel=REL, abs=1e-9)
        assert found.expectancy == pytest.approx(float(nets.mean()), rel=REL, abs=ABS)
        for number, pair in {
            "hit_rate": (len(wins) / len(nets), quantstats.win_rate(dated)),
            "profit_factor": (wins.sum() / -losses.sum(), quantstats.profit_factor(dated)),
            "payoff_ratio": (wins.mean() / -losses.mean(), quantstats.payoff_ratio(dated)),
            "average_win": (wins.mean(), quantstats.avg_win(dated)),
            "average_loss": (losses.mean(), quantstats.avg_loss(dated)),
            "largest_win": (nets.max(), quantstats.best(dated)),
            "largest_loss": (nets.min(), quantstats.worst(dated)),
        }.items():
            assert [float(each) for each in pair] == pytest.approx(
                [getattr(found, number)] * 2, rel=REL
            ), number


def test_excursions_agree_with_pandas_and_numpy(trades: list[Trade]) -> None:
    times = START_NS + np.arange(21 * 1440, dtype=np.int64) * MINUTE_NS
    path = np.cumsum(np.random.default_rng(2).normal(0, 1, len(times)))
    series = pandas.Series(path, index=pandas.to_datetime(times, utc=True))
    for each in trades[:200]:
        ours = excursions(times, path, each.opened_ns, each.closed_ns)
        window = series[
            pandas.Timestamp(each.opened_ns, tz="UTC") : pandas.Timestamp(each.closed_ns, tz="UTC")
        ]
        inside = path[(times >= each.opened_ns) & (times <= each.closed_ns)]
        for theirs in (
            (min(0.0, float(window.min())), max(0.0, float(window.max()))),
            (min(0.0, float(np.amin(inside))), max(0.0, float(np.amax(inside)))),
        ):
            assert ours == pytest.approx(theirs, rel=REL, abs=ABS)


def test_exposure_and_turnover_agree_with_pandas_and_numpy(trades: list[Trade], frame: Any) -> None:
    end_ns = START_NS + 21 * 1440 * MINUTE_NS
    minutes = np.zeros(21 * 1440, dtype=bool)
    for each in trades:
        minutes[
            (each.opened_ns - START_NS) // MINUTE_NS : (each.closed_ns - START_NS) // MINUTE_NS
        ] = 1
    spans = pandas.arrays.IntervalArray.from_arrays(
        frame["opened"].astype("int64"), frame["closed"].astype("int64"), closed="left"
    )
    grid = np.arange(START_NS, end_ns, MINUTE_NS)
    covered = np.mean([spans.contains(int(moment)).any() for moment in grid[::7]])
    ours = exposure(trades, START_NS, end_ns)
    assert ours == pytest.approx(minutes.mean(), rel=REL)
    assert covered == pytest.approx(minutes[::7].mean(), rel=REL)
    assert turnover(trades, 25_000.0, 21) == pytest.approx(
        float(frame["notional"].sum()) / 25_000 * 252 / 21, rel=REL
    )


def test_daily_closes_agree_with_pandas() -> None:
    rng = np.random.default_rng(3)
    times = np.sort(START_NS + rng.integers(0, 40 * 1440, 3_000) * MINUTE_NS)
    equity = 25_000 + np.cumsum(rng.normal(0, 5, 3_000))
    days, closes = daily_closes(times.tolist(), equity.tolist())
    local = pandas.to_datetime(times, utc=True).tz_convert("America/New_York")
    shifted = pandas.Series(equity).groupby((local.tz_localize(None) + pandas.Timedelta("6h")).date)
    theirs = shifted.last()
    assert days == list(theirs.index)
    assert closes == pytest.approx(theirs.to_numpy(), rel=REL)


def pair(seed: int, rows: int = 400) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    x = 70 + np.cumsum(rng.normal(0, 0.1, rows))
    spread = np.zeros(rows)
    for row in range(1, rows):
        spread[row] = 0.85 * spread[row - 1] + rng.normal(0, 0.1)
    return 5 + 1.2 * x + spread, x


def test_hedge_and_half_life_agree_with_statsmodels_and_scipy() -> None:
    linear: Any = pytest.importorskip("statsmodels.regression.linear_model")
    y, x = pair(4)
    ours = hedge(y, x)
    by_scipy = scipy_stats.linregress(x, y)
    by_statsmodels = linear.OLS(y, np.column_stack((np.ones(len(x)), x))).fit().params
    assert (ours.intercept, ours.ratio) == pytest.approx(tuple(by_statsmodels), rel=REL)
    assert (ours.intercept, ours.ratio) == pytest.approx(
        (by_scipy.intercept, by_scipy.slope), rel=REL
    )
    before, steps = ours.residual[:-1], np.diff(ours.residual)
    speeds = (
        scipy_stats.linregress(before, steps).slope,
        linear.OLS(steps, np.column_stack((np.ones(len(before)), before))).fit().params[1],
    )
    for speed in speeds:
        assert half_life(ours.residual) == pytest.approx(-np.log(2) / np.log1p(speed), rel=REL)


def test_hurst_agrees_with_scipy_and_statsmodels() -> None:
    linear: Any = pytest.importorskip("statsmodels.regression.linear_model")
    y, x = pair(5)
    spread = pandas.Series(hedge(y, x).residual)
    lags = np.arange(*HURST_LAGS)
    widths = np.log([float(spread.diff(int(lag)).std(ddof=0)) for lag in lags])
    design = np.column_stack((np.ones(len(lags)), np.log(lags)))
    for slope in (
        scipy_stats.linregress(np.log(lags), widths).slope,
        linear.OLS(widths, design).fit().params[1],
    ):
        assert hurst(spread.to_numpy()) == pytest.approx(slope, rel=REL)


def test_stability_of_the_hedge_agrees_with_statsmodels_and_pandas() -> None:
    rolling: Any = pytest.importorskip("statsmodels.regression.rolling")
    y, x = pair(6)
    ours = rolling_hedge(y, x, 80)[79:]
    design = np.column_stack((np.ones(len(x)), x))
    by_statsmodels = rolling.RollingOLS(y, design, window=80).fit().params[79:, 1]
    xs, ys = pandas.Series(x), pandas.Series(y)
    by_pandas = (xs.rolling(80).cov(ys) / xs.rolling(80).var()).to_numpy()[79:]
    assert ours == pytest.approx(by_statsmodels, rel=REL)
    assert ours == pytest.approx(by_pandas, rel=REL)
    found = diagnose(y, x, 80)
    assert found.hedge_drift == pytest.approx(
        by_pandas.std() / scipy_stats.linregress(x, y).slope, rel=REL
    )


def test_rolling_cointegration_is_that_of_each_window_alone() -> None:
    tools: Any = pytest.importorskip("statsmodels.tsa.stattools")
    values: Any = pytest.importorskip("statsmodels.tsa.adfvalues")
    y, x = pair(7, 240)
    windows = rolling_engle_granger(y, x, 80, 40)
    assert [end for end, _ in windows] == [79, 119, 159, 199, 239]
    for end, p_value in windows:
        part = slice(end - 79, end + 1)
        assert p_value == pytest.approx(tools.coint(y[part], x[part])[1], rel=REL, abs=ABS)
        # By its own recipe: a unit-root test of the residual, MacKinnon's surface for two series.
        residual = hedge(y[part], x[part]).residual
        statistic = tools.adfuller(residual, regression="n", autolag="aic", result_object=False)[0]
        by_hand = float(values.mackinnonp(statistic, regression="c", N=2))
        assert p_value == pytest.approx(by_hand, rel=1e-6, abs=ABS)
        assert engle_granger(y[part], x[part])[0] == pytest.approx(statistic, rel=1e-7)


@pytest.mark.parametrize("rows", [40, 300, 3_000])
def test_engle_granger_is_that_of_statsmodels(rows: int) -> None:
    tools: Any = pytest.importorskip("statsmodels.tsa.stattools")
    reverts, (wanders, _) = pair(11, rows), pair(12, rows)
    for y, x in (reverts, (wanders, reverts[1])):
        statistic, p_value, _ = tools.coint(y, x, trend="c", autolag="aic")
        assert engle_granger(y, x) == pytest.approx((statistic, p_value), rel=1e-9, abs=ABS)


def test_trace_of_johansen_is_that_of_its_eigenvalues() -> None:
    vecm: Any = pytest.importorskip("statsmodels.tsa.vector_ar.vecm")
    y, x = pair(8)
    found = vecm.coint_johansen(np.column_stack((y, x)), 0, 1)
    rows = len(y) - 2
    trace = -rows * np.cumsum(np.log(1 - found.eig)[::-1])[::-1]
    assert johansen(y, x).trace == pytest.approx(tuple(trace), rel=REL)


def test_whole_is_the_sum_of_its_groups(trades: list[Trade]) -> None:
    whole = trade_statistics(trades)
    for groups in (
        by(trades, lambda each: each.strategy),
        by(trades, lambda each: each.instrument),
        by(trades, opening_hour),
    ):
        assert sum(each.count for each in groups.values()) == whole.count
        assert sum(each.net for each in groups.values()) == pytest.approx(whole.net, rel=REL)
