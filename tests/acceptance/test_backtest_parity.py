"""One decision code: a backtest and the live system over the wire do the same on the same tape."""

from decimal import Decimal
from pathlib import Path

import pytest

from acceptance.test_real_tapes import (
    DAILY,
    DAILY_SETTINGS,
    NO_COST_GATE,
    april_2020,
    tape,
)
from helpers.backtest import backtest, journaled_fills, journaled_orders, order_lines
from helpers.run import run_virtually

pytestmark = pytest.mark.slow

PAIR = ("MCL", "USO")
FIVE_MINUTES: dict[str, object] = {
    "max_quote_age_seconds": 310,
    "sample_seconds": 300,
    "max_holding_seconds": 14_400,
    "cost_multiple": 0,
}


def test_minutes_of_a_day_give_the_same_orders_as_the_live_system(
    tmp_path: Path, shared_dir: Path
) -> None:
    market = tape(shared_dir / "data/micro_2026", PAIR, "2026-03-26T13:30", "2026-03-26T20:00")
    settings: dict[str, object] = {"trading.check_interval": 30}
    live = run_virtually(
        tmp_path / "live", market=market, settings=settings, parameters=NO_COST_GATE
    )
    ours = backtest(tmp_path / "ours", market, settings=settings, parameters=NO_COST_GATE)
    assert len(ours.orders) > 100
    assert order_lines(ours) == journaled_orders(live.journal)
    fills = [(each.instrument_id, each.signed_quantity, each.price) for each in ours.fills]
    assert fills == journaled_fills(live.journal)
    assert ours.net == ours.account_profit == live.earned


def test_five_minute_bars_give_the_same_orders_as_the_live_system(
    tmp_path: Path, shared_dir: Path
) -> None:
    folder = shared_dir / "data/micro_2026"
    market = tape(folder, PAIR, "2026-03-24T13:30", "2026-03-25T20:00", "5m")
    settings: dict[str, object] = {
        "trading.check_interval": 150,
        "risk.max_quote_age_seconds": 320,
    }
    live = run_virtually(
        tmp_path / "live", market=market, settings=settings, parameters=FIVE_MINUTES
    )
    ours = backtest(tmp_path / "ours", market, settings=settings, parameters=FIVE_MINUTES)
    assert ours.orders
    assert order_lines(ours) == journaled_orders(live.journal)
    assert ours.net == live.earned


@pytest.mark.parametrize(
    ("first", "last"), [("2020-04-01", "2020-04-10"), ("2020-04-20", "2020-05-01")]
)
def test_april_2020_rolls_and_splits_like_in_the_live_system(
    tmp_path: Path, shared_dir: Path, first: str, last: str
) -> None:
    market = april_2020(shared_dir, first, last)
    live = run_virtually(
        tmp_path / "live",
        market=market,
        settings=DAILY_SETTINGS,
        parameters=DAILY,
        cash=Decimal(100_000),
    )
    ours = backtest(
        tmp_path / "ours", market, settings=DAILY_SETTINGS, parameters=DAILY, cash=100_000
    )
    assert ours.orders
    assert order_lines(ours) == journaled_orders(live.journal)
    assert ours.net == ours.account_profit == live.earned
    # Neither the roll (5 USD a barrel apart) nor the split (8 old for 1 new) is anybody's profit.
    assert all(abs(trip.gross) < 500 for trip in ours.round_trips)
