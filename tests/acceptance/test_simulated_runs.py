"""The main job in virtual time: trades, a ledger that agrees to the cent, a clean end."""

import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from helpers.run import Result, run_virtually
from microfutures.app.lifecycle import ExitCode, Lifecycle
from microfutures.app.wiring import System
from microfutures.model.events import ConnectionState
from microfutures.venue.synthetic import SyntheticMarket


def net(result: Result) -> Decimal:
    view = result.outcome.snapshot.portfolio
    return view.realized + view.unrealized - view.commissions


def records(result: Result, name: str) -> int:
    with sqlite3.connect(result.journal) as database:
        (count,) = database.execute(
            "select count(*) from records where name = ?", (name,)
        ).fetchone()
    database.close()
    return int(count)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 7))
def test_demo_finishes_a_round_trip_within_two_minutes(tmp_path: Path, seed: int) -> None:
    result = run_virtually(tmp_path, market=SyntheticMarket(seed=seed), seconds=118)
    trips = [trip for trip in result.outcome.snapshot.round_trips if "z back" in trip.exit_reason]
    assert trips


@pytest.mark.slow
def test_run_ends_flat_with_a_ledger_that_equals_the_account_to_the_cent(tmp_path: Path) -> None:
    result = run_virtually(tmp_path, seconds=1800)
    assert result.outcome.code is ExitCode.CLEAN
    assert result.outcome.still_open == ()
    assert len(result.outcome.snapshot.round_trips) > 5
    assert net(result) == result.earned
    assert sum(each.quantity for each in result.account.positions) == 0


@pytest.mark.slow
def test_same_seed_gives_the_same_journal_byte_for_byte(tmp_path: Path) -> None:
    first = run_virtually(tmp_path / "one", seconds=300)
    second = run_virtually(tmp_path / "two", seconds=300)
    assert first.journal.read_bytes() == second.journal.read_bytes()
    assert records(first, "FillReceived") > 4


@pytest.mark.slow
def test_every_order_is_in_the_journal_before_its_fills(tmp_path: Path) -> None:
    result = run_virtually(tmp_path, seconds=600)
    known: set[str] = set()
    with sqlite3.connect(result.journal) as database:
        rows = database.execute("select name, payload from records order by sequence").fetchall()
    database.close()
    fills = 0
    for name, payload in rows:
        if name == "OrderApproved":
            known.add(json.loads(payload)["order_ref"])
        elif name == "FillReceived":
            fills += 1
            assert json.loads(payload)["fill"]["order_ref"] in known
    assert fills > 4


def test_logs_are_valid_json_of_the_three_kinds(tmp_path: Path) -> None:
    run_virtually(tmp_path, seconds=120)
    for kind in ("connection_log", "market_data_log", "order_execution_log"):
        (path,) = tmp_path.glob(f"{kind}_*.json")
        document = json.loads(path.read_text())
        assert document["count"] == len(document["events"]) > 0


@pytest.mark.slow
def test_calm_market_is_refused_with_both_numbers(tmp_path: Path) -> None:
    market = SyntheticMarket(seed=1, scenario="calm")
    result = run_virtually(tmp_path, market=market, seconds=3600)
    (strategy,) = result.outcome.snapshot.strategies
    refusals = {refusal.rule: refusal for refusal in strategy.refusals}
    assert refusals["cost"].count > 10
    assert "USD < 2 × round-trip cost" in refusals["cost"].latest
    assert not result.outcome.snapshot.round_trips
    assert net(result) == result.earned == 0


def test_account_that_cannot_carry_a_unit_says_what_is_missing(tmp_path: Path) -> None:
    result = run_virtually(tmp_path, seconds=200, cash=Decimal(2000))
    (strategy,) = result.outcome.snapshot.strategies
    (refusal,) = [each for each in strategy.refusals if each.rule == "margin"]
    assert "USD are missing" in refusal.latest
    assert not result.outcome.snapshot.trades


def test_position_is_kept_when_asked(tmp_path: Path) -> None:
    async def stop_in_position(system: System, lifecycle: Lifecycle) -> None:
        while len(system.engine.portfolio.positions) < 2:
            await system.manager.clock.sleep(0.5)
        lifecycle.request_stop("test")

    result = run_virtually(tmp_path, keep_positions=True, meddle=stop_in_position)
    assert result.outcome.code is ExitCode.CLEAN
    assert len(result.outcome.still_open) == 2
    assert sum(each.quantity != 0 for each in result.account.positions) == 2


def test_stop_closes_both_legs_in_the_middle_of_a_trade(tmp_path: Path) -> None:
    async def stop_in_position(system: System, lifecycle: Lifecycle) -> None:
        while not system.engine.portfolio.positions:
            await system.manager.clock.sleep(0.001)
        lifecycle.request_stop("test")

    result = run_virtually(tmp_path, meddle=stop_in_position)
    assert result.outcome.code is ExitCode.CLEAN
    assert result.outcome.snapshot.trades
    assert all(each.quantity == 0 for each in result.account.positions)
    assert net(result) == result.earned


def test_second_stop_leaves_at_once_and_names_what_is_open(tmp_path: Path) -> None:
    async def stop_twice(system: System, lifecycle: Lifecycle) -> None:
        while len(system.engine.portfolio.positions) < 2:
            await system.manager.clock.sleep(0.5)
        assert system.simulation is not None
        system.simulation.server.kill_connections()
        lifecycle.request_stop("test")
        await system.manager.clock.sleep(0.5)
        lifecycle.request_stop("test")

    result = run_virtually(tmp_path, meddle=stop_twice)
    assert result.outcome.code is ExitCode.LEFT_AT_ONCE
    positions = [line for line in result.outcome.still_open if not line.startswith("order")]
    assert len(positions) == 2
    assert "is lost" in positions[0]


@pytest.mark.slow
def test_closed_market_is_named_and_exits_with_three(tmp_path: Path) -> None:
    async def stop_at_night(system: System, lifecycle: Lifecycle) -> None:
        while len(system.engine.portfolio.positions) < 2:
            await system.manager.clock.sleep(0.5)
        for strategy in system.engine.strategies:
            strategy.stop()  # nobody closes before the session ends
        await system.manager.clock.sleep(5.2 * 3600)  # past 20:00 New York: USO is closed
        lifecycle.request_stop("test")

    market = SyntheticMarket(seed=1, start_ns=SyntheticMarket().start_ns + 5 * 3600 * 10**9)
    result = run_virtually(tmp_path, market=market, meddle=stop_at_night, may_be_replayed=False)
    assert result.outcome.code is ExitCode.STILL_OPEN
    (line,) = result.outcome.still_open
    assert "USO is closed; liquid again Wed 09:30" in line


@pytest.mark.slow
def test_lost_line_is_made_again_and_trading_goes_on(tmp_path: Path) -> None:
    async def unplug(system: System, lifecycle: Lifecycle) -> None:
        assert system.simulation is not None
        for _ in range(5):
            await system.manager.clock.sleep(97)
            system.simulation.server.kill_connections()

    result = run_virtually(tmp_path, seconds=900, meddle=unplug)
    assert sum("is lost" in text for text in result.said) == 5
    assert sum(text.startswith("connected to") for text in result.said) == 6
    assert result.outcome.code is ExitCode.CLEAN
    assert len(result.outcome.snapshot.round_trips) >= 3
    assert net(result) == result.earned


@pytest.mark.slow
def test_upstream_loss_blocks_orders_and_is_told(tmp_path: Path) -> None:
    states = []

    async def lose_upstream(system: System, lifecycle: Lifecycle) -> None:
        assert system.simulation is not None
        await system.manager.clock.sleep(20)
        (client,) = system.simulation.server.exchange.clients.values()
        client.error(-1, 1100, "Connectivity between IB and Trader Workstation has been lost.")
        await system.manager.clock.sleep(1)
        states.append(system.engine.state.connection)
        await system.manager.clock.sleep(60)
        client.error(-1, 1101, "Connectivity has been restored- data lost.")
        await system.manager.clock.sleep(2)
        states.append(system.engine.state.connection)

    result = run_virtually(tmp_path, seconds=300, meddle=lose_upstream)
    assert states == [ConnectionState.UPSTREAM_LOST, ConnectionState.CONNECTED]
    assert result.outcome.code is ExitCode.CLEAN
    assert net(result) == result.earned
