"""Each number against two independent libraries, and where there is no number."""

from datetime import UTC, date, datetime, timedelta
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.analytics import performance
from microfutures.analytics.drawdowns import drawdowns, longest, underwater
from microfutures.analytics.performance import Floats, daily_closes, measure, simple_returns
from microfutures.model.errors import InvalidValueError

REL, ABS = 1e-9, 1e-12


def curve(seed: int, days: int = 750, drift: float = 0.0004) -> Floats:
    steps = np.random.default_rng(seed).standard_t(4, days) * 0.01 + drift
    return np.concatenate(([25_000.0], 25_000 * np.cumprod(1 + steps)))


@pytest.fixture(scope="module")
def empyrical() -> ModuleType:
    module: ModuleType = pytest.importorskip("empyrical")
    return module


@pytest.fixture(scope="module")
def quantstats() -> ModuleType:
    module: ModuleType = pytest.importorskip("quantstats.stats")
    return module


@pytest.fixture(scope="module")
def pandas() -> ModuleType:
    module: ModuleType = pytest.importorskip("pandas")
    return module


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "drift"), [(1, 0.0004), (2, -0.001), (3, 0.002)])
def test_ratios_agree_with_empyrical_and_quantstats(
    empyrical: ModuleType, quantstats: ModuleType, pandas: ModuleType, seed: int, drift: float
) -> None:
    values = curve(seed, drift=drift)
    ours = measure(values)
    daily = simple_returns(values)
    series = pandas.Series(daily, index=pandas.date_range("2023-01-02", periods=750, freq="B"))
    theirs = {
        "total_return": (empyrical.cum_returns_final(series), quantstats.comp(series)),
        "annual_return": (empyrical.annual_return(series), quantstats.cagr(series)),
        "annual_volatility": (empyrical.annual_volatility(series), quantstats.volatility(series)),
        "sharpe": (empyrical.sharpe_ratio(series), quantstats.sharpe(series)),
        "sortino": (empyrical.sortino_ratio(series), quantstats.sortino(series)),
        "calmar": (empyrical.calmar_ratio(series), quantstats.calmar(series)),
        "max_drawdown": (empyrical.max_drawdown(series), quantstats.max_drawdown(series)),
        "value_at_risk": (empyrical.value_at_risk(series, 0.05), np.quantile(series, 0.05)),
        "best_day": (series.max(), quantstats.best(series)),
        "worst_day": (series.min(), quantstats.worst(series)),
        "positive_days": ((series > 0).mean(), quantstats.win_rate(series)),
        "skewness": (series.skew(), quantstats.skew(series)),
        "excess_kurtosis": (series.kurt(), quantstats.kurtosis(series)),
    }
    for name, pair in theirs.items():
        assert [float(number) for number in pair] == pytest.approx(
            [getattr(ours, name)] * 2, rel=REL, abs=ABS
        ), name


@pytest.mark.slow
def test_drawdowns_agree_with_empyrical_and_quantstats(
    empyrical: ModuleType, quantstats: ModuleType, pandas: ModuleType
) -> None:
    values = curve(4)
    series = pandas.Series(
        simple_returns(values), index=pandas.date_range("2023-01-02", periods=750, freq="B")
    )
    ours = underwater(values)[1:]
    assert quantstats.to_drawdown_series(series).to_numpy() == pytest.approx(ours, rel=REL, abs=ABS)
    assert float(empyrical.max_drawdown(series)) == pytest.approx(ours.min(), rel=REL, abs=ABS)
    details = quantstats.drawdown_details(pandas.Series(ours, index=series.index))
    falls = drawdowns(values)
    assert len(falls) == len(details)
    assert sorted(details["max drawdown"] / 100) == pytest.approx(
        sorted(fall.depth for fall in falls), rel=REL, abs=ABS
    )


def test_flat_equity_has_no_ratios_and_no_nan() -> None:
    flat = measure(np.full(10, 25_000.0))
    assert (flat.total_return, flat.max_drawdown, flat.annual_volatility) == (0.0, 0.0, 0.0)
    assert (flat.sharpe, flat.sortino, flat.calmar, flat.positive_days) == (None,) * 4


def test_only_gains_have_no_sortino_and_no_calmar() -> None:
    gains = measure(np.array([100.0, 101.0, 103.0]))
    assert gains.sharpe is not None
    assert (gains.sortino, gains.calmar) == (None, None)


def test_wild_start_has_no_annual_return_instead_of_an_overflow() -> None:
    wild = measure(np.array([1.0, 17.0]))
    assert (wild.total_return, wild.annual_return, wild.calmar) == (16.0, None, None)


def test_one_value_is_a_performance_without_days() -> None:
    one = measure(np.array([25_000.0]))
    assert (one.days, one.total_return, one.sharpe, one.max_drawdown) == (0, None, None, 0.0)
    with pytest.raises(InvalidValueError, match="at least one value"):
        measure(np.empty(0))


def test_ruin_ends_the_returns_but_not_the_drawdown() -> None:
    ruined = measure(np.array([100.0, 50.0, -20.0, 30.0]))
    assert (ruined.total_return, ruined.sharpe, ruined.annual_return) == (None, None, None)
    assert ruined.max_drawdown == pytest.approx(-1.2)


def test_day_of_equity_begins_at_eighteen_hundred_new_york() -> None:
    evening = datetime(2026, 3, 26, 21, 59, tzinfo=UTC)
    moments = [evening, evening + timedelta(minutes=1), evening + timedelta(hours=20)]
    times = [int(moment.timestamp()) * 10**9 for moment in moments]
    days, closes = daily_closes(times, [1.0, 2.0, 3.0])
    assert days == [date(2026, 3, 26), date(2026, 3, 27)]
    assert closes.tolist() == [1.0, 3.0]
    with pytest.raises(InvalidValueError, match="the time goes back"):
        daily_closes(times[::-1], [1.0, 2.0, 3.0])
    with pytest.raises(InvalidValueError, match="not finite"):
        daily_closes(times, [1.0, float("nan"), 3.0])


def test_fall_runs_from_its_peak_to_the_regained_peak() -> None:
    falls = drawdowns(np.array([100.0, 90.0, 80.0, 100.0, 120.0, 60.0, 90.0]))
    first, last = falls
    assert (first.start, first.bottom, first.end) == (0, 2, 3)
    assert first.depth == pytest.approx(-0.2)
    assert (last.start, last.bottom, last.end, last.money) == (4, 5, None, 60.0)
    assert longest(falls, 6) == 3
    assert longest([], 6) == 0


@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=60), st.floats(0.01, 1000))
def test_numbers_do_not_depend_on_the_currency(values: list[float], scale: float) -> None:
    ours, scaled = measure(np.array(values)), measure(np.array(values) * scale)
    for name in ("total_return", "max_drawdown", "worst_day", "best_day"):
        assert getattr(scaled, name) == pytest.approx(getattr(ours, name), rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(-0.9, 2.0), min_size=1, max_size=60))
def test_every_number_is_finite_or_none(steps: list[float]) -> None:
    numbers = measure(np.concatenate(([1.0], np.cumprod(1 + np.array(steps)))))
    for name in numbers.__struct_fields__:
        number = getattr(numbers, name)
        assert number is None or np.isfinite(number), name
    assert performance.max_drawdown(np.array([1.0])) == 0
