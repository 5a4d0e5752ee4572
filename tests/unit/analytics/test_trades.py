"""Trade by trade: counts by hand, ratios against two libraries."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.analytics.trades import (
    Trade,
    by,
    excursions,
    exposure,
    opening_hour,
    trade_statistics,
    turnover,
)
from microfutures.model.errors import InvalidValueError

START_NS = int(datetime(2026, 3, 26, 13, 30, tzinfo=UTC).timestamp()) * 10**9
MINUTE_NS = 60 * 10**9


def trade(net: float, minute: int = 0, minutes: int = 5, instrument: str = "MCLK6") -> Trade:
    return Trade(
        strategy="oil",
        instrument=instrument,
        direction="long",
        units=1,
        opened_ns=START_NS + minute * MINUTE_NS,
        closed_ns=START_NS + (minute + minutes) * MINUTE_NS,
        gross=net + 1.5,
        costs=1.5,
        notional=10_000.0,
    )


NETS = (10.0, -4.0, 6.0, 0.0, -8.0, -2.0)


def test_counts_and_means_are_those_of_hand() -> None:
    found = trade_statistics([trade(net) for net in NETS])
    assert (found.count, found.wins, found.losses) == (6, 2, 3)
    assert (found.net, found.gross, found.costs) == (2.0, 11.0, 9.0)
    assert found.hit_rate == 0.4
    assert found.expectancy == pytest.approx(2 / 6)
    assert found.average_win == 8.0
    assert found.average_loss == pytest.approx(-14 / 3)
    assert found.payoff_ratio == pytest.approx(8 / (14 / 3))
    assert found.profit_factor == pytest.approx(16 / 14)
    assert (found.largest_win, found.largest_loss, found.longest_losing_run) == (10.0, -8.0, 2)
    assert found.average_seconds == 300


@pytest.mark.slow
def test_ratios_agree_with_quantstats_and_pandas() -> None:
    stats, pandas = pytest.importorskip("quantstats.stats"), pytest.importorskip("pandas")
    nets = np.random.default_rng(5).normal(0.02, 0.5, 400).round(3)
    found = trade_statistics([trade(float(net)) for net in nets])
    index = pandas.date_range("2024-01-01", periods=400)
    series = pandas.Series([each.net for each in [trade(float(net)) for net in nets]], index=index)
    wins, losses = series[series > 0], series[series < 0]
    theirs = {
        "hit_rate": (stats.win_rate(series), len(wins) / (series != 0).sum()),
        "average_win": (stats.avg_win(series), wins.mean()),
        "average_loss": (stats.avg_loss(series), losses.mean()),
        "payoff_ratio": (stats.payoff_ratio(series), wins.mean() / -losses.mean()),
        "profit_factor": (stats.profit_factor(series), wins.sum() / -losses.sum()),
        "longest_losing_run": (stats.consecutive_losses(series),) * 2,
    }
    for name, pair in theirs.items():
        assert [float(each) for each in pair] == pytest.approx([getattr(found, name)] * 2, rel=1e-9)


def test_nothing_traded_has_no_ratios() -> None:
    none = trade_statistics([])
    assert (none.count, none.net, none.longest_losing_run) == (0, 0.0, 0)
    assert (none.hit_rate, none.expectancy, none.profit_factor, none.average_seconds) == (None,) * 4
    even = trade_statistics([trade(0.0)])
    assert (even.hit_rate, even.expectancy) == (None, 0.0)
    assert trade_statistics([trade(1.0)]).profit_factor is None


def test_groups_add_up_to_the_whole() -> None:
    trades = [trade(net, minute=45 * number) for number, net in enumerate(NETS)]
    hours = by(trades, opening_hour)
    assert list(hours) == [9, 10, 11, 12, 13]
    assert sum(each.net for each in hours.values()) == 2.0
    names = by([trade(1.0), trade(2.0, instrument="USO")], lambda each: each.instrument)
    assert {name: found.net for name, found in names.items()} == {"MCLK6": 1.0, "USO": 2.0}


def test_excursions_are_the_worst_and_best_on_the_way() -> None:
    times = START_NS + np.arange(6, dtype=np.int64) * MINUTE_NS
    path = np.array([-99.0, 2.0, -3.0, 5.0, 1.0, 99.0])
    one = excursions(times, path, int(times[1]), int(times[4]))
    assert one == (-3.0, 5.0)
    assert excursions(times, path, int(times[3]), int(times[3])) == (0.0, 5.0)
    assert excursions(times, path, 0, 1) == (0.0, 0.0)


def test_exposure_counts_time_once_and_cuts_at_the_ends() -> None:
    trades = [trade(1.0, 0, 10), trade(1.0, 5, 10), trade(1.0, 50, 30), trade(1.0, -9, 4)]
    hour = (START_NS, START_NS + 60 * MINUTE_NS)
    assert exposure(trades, *hour) == pytest.approx(25 / 60)
    with pytest.raises(InvalidValueError, match="is empty"):
        exposure(trades, hour[1], hour[0])


def test_turnover_is_a_years_trading_in_multiples_of_equity() -> None:
    assert turnover([trade(1.0), trade(2.0)], 25_000.0, 21) == pytest.approx(0.8 * 12)
    assert turnover([trade(1.0)], 0.0, 21) is None


def test_impossible_trade_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="a trade from"):
        trade(1.0, minutes=-1)
    with pytest.raises(InvalidValueError, match="nan"):
        trade(float("nan"))


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), max_size=30))
def test_exposure_is_the_union_of_the_trades(spans: list[tuple[int, int]]) -> None:
    trades = [trade(1.0, minute, minutes) for minute, minutes in spans]
    held = {at for minute, minutes in spans for at in range(minute, minute + minutes) if at < 480}
    found = exposure(trades, START_NS, START_NS + 480 * MINUTE_NS)
    assert found == pytest.approx(len(held) / 480)
