"""The whole system on real markets, through the wire, in virtual time."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from helpers.backtest import assert_backtest_agrees
from helpers.run import Result, run_virtually
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.tapes import TapeMarket, load_tapes
from microfutures.adapters.tapes.load import TapeOptions
from microfutures.adapters.tapes.paths import BarPath
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.app.lifecycle import ExitCode
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.portfolio import Portfolio

MINUTES: dict[str, object] = {"max_quote_age_seconds": 65}
# A pause as long as the check interval would end at a check: live a millisecond after it.
NO_COST_GATE = MINUTES | {"cost_multiple": 0, "cooldown_seconds": 20}
# From 1.3 s after a full minute on, no check meets a tick: which of two that meet is heard first
# is the wire's affair.
EVERY_HALF_MINUTE: dict[str, object] = {"trading.check_interval": 30}

pytestmark = pytest.mark.slow


def tape(
    folder: Path, symbols: tuple[str, ...], first: str, last: str, bar_size: str | None = None
) -> TapeMarket:
    return load_tapes(
        folder,
        symbols=symbols,
        start=datetime.fromisoformat(first).replace(tzinfo=UTC),
        end=datetime.fromisoformat(last).replace(tzinfo=UTC),
        options=TapeOptions(path=BarPath.ENDS, bar_size=bar_size),
    )


def assert_flat_and_equal_to_the_cent(result: Result) -> None:
    view = result.outcome.snapshot.portfolio
    assert result.outcome.code is ExitCode.CLEAN
    assert all(position.quantity == 0 for position in result.account.positions)
    assert view.realized - view.commissions == result.earned
    assert view.unrealized == 0
    again = recovered(result).performance()
    assert (again.realized, again.commissions) == (view.realized, view.commissions)


def recovered(result: Result) -> Portfolio:
    """Return the books that the next start makes of the journal."""
    settings = EngineSettings(check_interval_seconds=5, order_ref_prefix="next")
    engine = Engine(portfolio=Portfolio(), strategies=[], settings=settings)
    with SqliteJournal(result.journal) as journal:
        recover(engine, journal.read(RECOVERED_KINDS))
    assert engine.portfolio.positions == ()
    return engine.portfolio


def refusals(result: Result) -> dict[str, int]:
    (strategy,) = result.outcome.snapshot.strategies
    return {refusal.rule: refusal.count for refusal in strategy.refusals}


@pytest.mark.parametrize("day", ["26", "27", "30", "31"])
def test_minutes_of_march_2026_are_refused_for_their_costs(
    tmp_path: Path, shared_dir: Path, day: str
) -> None:
    market = tape(
        shared_dir / "data/micro_2026",
        ("MCL", "USO"),
        f"2026-03-{day}T13:30",
        f"2026-03-{day}T20:00",
    )
    result = run_virtually(
        tmp_path, market=market, parameters=MINUTES, settings={"trading.check_interval": 30}
    )
    (strategy,) = result.outcome.snapshot.strategies
    (cost,) = [refusal for refusal in strategy.refusals if refusal.rule == "cost"]
    assert cost.count > 10
    assert "round-trip cost 5." in cost.latest
    # One print of the 27th is ten deviations away and worth its costs; nothing else is.
    assert len(result.outcome.snapshot.round_trips) <= (1 if day == "27" else 0)
    assert_flat_and_equal_to_the_cent(result)


@pytest.mark.parametrize(("multiple", "fewest", "most"), [(2, 0, 0), (0, 5, 15)])
def test_five_minute_bars_of_two_sessions(
    tmp_path: Path, shared_dir: Path, multiple: float, fewest: int, most: int
) -> None:
    folder, pair = shared_dir / "data/micro_2026", ("MCL", "USO")
    market = tape(folder, pair, "2026-03-24T13:30", "2026-03-25T20:00", "5m")
    settings: dict[str, object] = {
        "trading.check_interval": 150,
        "risk.max_quote_age_seconds": 320,
    }
    parameters: dict[str, object] = {
        "max_quote_age_seconds": 310,
        "sample_seconds": 300,
        "max_holding_seconds": 14_400,
        "cost_multiple": multiple,
    }
    result = run_virtually(tmp_path, market=market, settings=settings, parameters=parameters)
    assert fewest <= len(result.outcome.snapshot.round_trips) <= most
    assert (refusals(result).get("cost", 0) > 0) == (multiple > 0)
    assert_flat_and_equal_to_the_cent(result)
    assert_backtest_agrees(
        result, tmp_path / "again", market, settings=settings, parameters=parameters
    )


def test_minutes_without_the_cost_gate_lose_what_costs_say(
    tmp_path: Path, shared_dir: Path
) -> None:
    first, last = "2026-03-26T13:30:01.300", "2026-03-26T20:00"
    market = tape(shared_dir / "data/micro_2026", ("MCL", "USO"), first, last)
    result = run_virtually(
        tmp_path, market=market, parameters=NO_COST_GATE, settings=EVERY_HALF_MINUTE
    )
    trips = result.outcome.snapshot.round_trips
    assert len(trips) >= 10
    # Two legs in and out: MCL 0.77 a side, about 60 USO at the minimum of 1.00 a side.
    assert {trip.commissions for trip in trips} == {Decimal("3.54")}
    # The crossed spreads and the commissions decide: the average trip loses 1 to 8 USD.
    average = sum(trip.net for trip in trips) / len(trips)
    assert -8 < average < -1
    assert_flat_and_equal_to_the_cent(result)
    ours = assert_backtest_agrees(
        result,
        tmp_path / "again",
        market,
        settings=EVERY_HALF_MINUTE,
        parameters=NO_COST_GATE,
    )
    assert len(ours.orders) > 100


def test_es_and_spy_minutes_trade_as_a_micro_pair(tmp_path: Path, shared_dir: Path) -> None:
    first, last = "2013-10-08T13:30:01.300", "2013-10-08T20:00"
    market = tape(shared_dir / "data/lean", ("MES", "SPY"), first, last)
    pair: dict[str, object] = {"primary_symbol": "MES", "secondary_symbol": "SPY"}
    parameters = NO_COST_GATE | pair
    result = run_virtually(
        tmp_path, market=market, parameters=parameters, settings=EVERY_HALF_MINUTE
    )
    trips = result.outcome.snapshot.round_trips
    assert len(trips) >= 5
    assert {view.instrument_id for view in result.outcome.snapshot.markets} == {"MESZ3", "SPY"}
    assert_flat_and_equal_to_the_cent(result)
    assert_backtest_agrees(
        result, tmp_path / "again", market, settings=EVERY_HALF_MINUTE, parameters=parameters
    )


# Of what is settled or closed once a day, yesterday's price is the price. Two days are looked back
# on, the fewest there can be: each that a desk lives through costs millions of turns of its loop.
DAILY: dict[str, object] = {
    "lookback": 2,
    "z_exit": 0.2,
    "stop_sigma": 10,
    "sample_seconds": 86_400,
    "max_jump_percent": 60,
    "max_quote_age_seconds": 90_000,
    "max_holding_seconds": 20 * 86_400,
    "flatten_before_close_seconds": 0,
    "cost_multiple": 0,
    "max_loss_percent": 100,
}
DAILY_SETTINGS: dict[str, object] = {
    "trading.check_interval": 600,
    "display.display_interval": 3600,
    "trading.initial_capital": 100_000,
    "risk.max_quote_age_seconds": 90_000,
}


def april_2020(shared_dir: Path, first: str, last: str) -> TapeMarket:
    oil = shared_dir / "data/RTL_CL_daily/CL_by_contract_1to4.csv"
    fund = shared_dir / "data/daily_etf/USO_alphavantage_raw.csv"
    return tape(shared_dir, (f"MCL={oil}", f"USO={fund}"), first, last)


def live_through(market: TapeMarket, tmp_path: Path, *, z_entry: float) -> Result:
    """Run over the wire; its end, and the backtest's orders, are those they have to be."""
    parameters = DAILY | {"z_entry": z_entry}
    result = run_virtually(
        tmp_path,
        market=market,
        settings=DAILY_SETTINGS,
        parameters=parameters,
        cash=Decimal(100_000),
    )
    assert_flat_and_equal_to_the_cent(result)
    assert_backtest_agrees(
        result,
        tmp_path / "again",
        market,
        settings=DAILY_SETTINGS,
        parameters=parameters,
        cash=100_000,
        ends_between_ticks=False,
    )
    return result


@pytest.mark.timeout(300)
def test_a_position_is_closed_when_its_month_rolls_in_april_2020(
    tmp_path: Path, shared_dir: Path
) -> None:
    market = april_2020(shared_dir, "2020-04-06T13:00", "2020-04-09T20:30")
    result = live_through(market, tmp_path, z_entry=1.0)
    assert "MCL is MCLM20 (was MCLK20), last trade 2020-05-18" in result.said
    (rolled,) = [
        trip
        for trip in result.outcome.snapshot.round_trips
        if trip.exit_reason == "the contract month changed (roll)"
    ]
    # Bought and sold in the same month: the gap between the months, 5 USD a barrel, is in no trip.
    assert abs(rolled.gross) < 500
    assert {trade.instrument_id for trade in result.outcome.snapshot.trades} >= {"MCLK20", "USO"}


@pytest.mark.timeout(300)
def test_a_position_is_held_through_the_reverse_split_of_april_2020(
    tmp_path: Path, shared_dir: Path
) -> None:
    market = april_2020(shared_dir, "2020-04-24T13:00", "2020-04-29T20:30")
    result = live_through(market, tmp_path, z_entry=0.3)
    said = " | ".join(result.said)
    assert "USO was split, 1 new for 8 old: the -570 of MicroCrudeOilArbitrage are -71" in said
    assert "ratio jumped from 5.70208 to 0.68526" in said
    newest = result.outcome.snapshot.round_trips[0]
    assert "jumped while in position" in newest.exit_reason
    # 570 old shares at 2.16 against 71 new ones at 18.02 would look like a gain of 80 USD a share.
    assert abs(newest.gross) < 500
