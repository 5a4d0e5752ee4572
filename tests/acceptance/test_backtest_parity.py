"""What a backtest decides hangs on the past alone, and on nothing that can't happen.

That it decides what the live system does over the wire is shown where that one runs on the same
tapes: tests/acceptance/test_real_tapes.py.
"""

from collections.abc import Callable
from itertools import pairwise
from math import isfinite
from pathlib import Path
from random import Random

import pytest

from acceptance.test_real_tapes import DAILY, DAILY_SETTINGS, april_2020
from helpers.backtest import END_OF_TAPE, assert_backtest_agrees, backtest
from helpers.pair_tapes import pair_of_bars
from helpers.run import run_virtually
from microfutures.adapters.tapes.paths import BarPath
from microfutures.backtest.record import BacktestResult
from microfutures.model.market import Bar
from microfutures.model.timestamp import seconds

SETTINGS: dict[str, object] = {"trading.check_interval": 30}
PARAMETERS: dict[str, object] = {
    "max_quote_age_seconds": 65,
    "cost_multiple": 0,
    "cooldown_seconds": 20,
}
MINUTES, KNOWN = 240, 130

Future = Callable[[list[Bar]], list[Bar]]


def orders_until(result: BacktestResult, moment_ns: int) -> list[str]:
    return [
        sent.line
        for sent in result.orders
        if sent.time_ns < moment_ns and sent.order.reason != END_OF_TAPE
    ]


def hidden(_: list[Bar]) -> list[Bar]:
    return []


def shuffled(bars: list[Bar]) -> list[Bar]:
    """Return bars of the same moments with the prices of other ones."""
    prices = list(bars)
    Random(7).shuffle(prices)
    return [
        Bar(bar.start_ns, bar.seconds, other.open, other.high, other.low, other.close, other.volume)
        for bar, other in zip(bars, prices, strict=True)
    ]


def collapsed(bars: list[Bar]) -> list[Bar]:
    """Return bars that fall to a third."""
    return [
        Bar(bar.start_ns, bar.seconds, *(round(bar.open / 3, 2),) * 4, bar.volume) for bar in bars
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", [BarPath.ENDS, BarPath.CLOSE, BarPath.EXTREMES])
@pytest.mark.parametrize("future", [hidden, shuffled, collapsed])
def test_another_future_leaves_every_past_order_as_it_was(
    tmp_path: Path, path: BarPath, future: Future
) -> None:
    def change(bars: list[Bar]) -> list[Bar]:
        return bars[:KNOWN] + future(bars[KNOWN:])

    whole = pair_of_bars(MINUTES, path)
    turn_ns = whole.start_ns + seconds(KNOWN * 60)
    as_it_was = backtest(tmp_path / "a", whole, settings=SETTINGS, parameters=PARAMETERS)
    otherwise = backtest(
        tmp_path / "b",
        pair_of_bars(MINUTES, path, change),
        settings=SETTINGS,
        parameters=PARAMETERS,
    )
    past = orders_until(as_it_was, turn_ns)
    assert len(past) >= 8
    assert past == orders_until(otherwise, turn_ns)
    assert as_it_was.order_hash != otherwise.order_hash


@pytest.mark.slow
def test_synthetic_minutes_give_the_same_orders_as_the_live_system(tmp_path: Path) -> None:
    market = pair_of_bars(MINUTES, BarPath.ENDS)
    live = run_virtually(tmp_path / "live", market=market, settings=SETTINGS, parameters=PARAMETERS)
    ours = assert_backtest_agrees(
        live, tmp_path / "ours", market, settings=SETTINGS, parameters=PARAMETERS
    )
    assert len(ours.orders) >= 16


@pytest.mark.slow
def test_april_2020_brings_neither_an_exception_nor_a_phantom_profit(
    tmp_path: Path, shared_dir: Path
) -> None:
    """Negative settlement on the 20th, roll before it, one share for eight on the 29th."""
    result = backtest(
        tmp_path,
        april_2020(shared_dir, "2020-04-01", "2020-05-15"),
        settings=DAILY_SETTINGS,
        parameters=DAILY,
        cash=100_000,
    )
    assert result.is_complete
    assert not result.still_open
    assert result.net == result.account_profit
    assert all(isfinite(equity) for _, equity in result.equity)
    assert len(result.round_trips) >= 10
    # A unit is about 2,500 USD a leg: the roll (5 USD a barrel), the day of -37.63 and the split
    # would each be worth thousands.
    assert all(abs(trip.gross) < 700 for trip in result.round_trips)
    steps = [abs(now - before) for (_, before), (_, now) in pairwise(result.equity)]
    assert max(steps) < 1500
