"""Pauses and kills of the whole system in virtual time, and over a restart."""

from pathlib import Path

import pytest

from helpers.run import Result, run_virtually
from microfutures.app.journal.replay import replay
from microfutures.app.lifecycle import ExitCode, Lifecycle
from microfutures.app.wiring import System
from microfutures.model.events import Command, CommandReceived
from microfutures.strategies import MicroCrudeOilArbitrageStrategy
from microfutures.twsim.faults.desk import FaultDesk
from microfutures.twsim.faults.orders import ClockOff
from microfutures.venue.synthetic import SyntheticMarket

pytestmark = pytest.mark.slow


def command(system: System, what: Command, reason: str) -> None:
    now_ns = system.manager.clock.now_ns()
    system.runner.put(CommandReceived(time_ns=now_ns, command=what, reason=reason, is_lasting=True))


async def until_in_position(system: System) -> None:
    while len(system.engine.portfolio.positions) < 2:
        await system.manager.clock.sleep(0.5)


def orders_after(result: Result, sentence: str) -> list[str]:
    place = next(index for index, text in enumerate(result.said) if sentence in text)
    return [text for text in result.said[place:] if text.startswith(("bought", "sold"))]


def test_killed_desk_sends_no_order_even_at_its_end(tmp_path: Path) -> None:
    async def kill_in_position(system: System, lifecycle: Lifecycle) -> None:
        await until_in_position(system)
        command(system, Command.KILL, "enough")

    result = run_virtually(tmp_path, seconds=300, meddle=kill_in_position)
    assert orders_after(result, "killed, no order is sent any more: enough") == []
    assert result.outcome.code is ExitCode.STILL_OPEN
    assert len(result.outcome.still_open) == 2
    assert all(line.endswith(": enough") for line in result.outcome.still_open)
    assert result.outcome.snapshot.is_killed


def test_a_kill_is_lifted_by_resume_and_trading_goes_on(tmp_path: Path) -> None:
    async def kill_and_resume(system: System, lifecycle: Lifecycle) -> None:
        await until_in_position(system)
        command(system, Command.KILL, "enough")
        await system.manager.clock.sleep(120)
        command(system, Command.RESUME, "on")

    result = run_virtually(tmp_path, seconds=600, meddle=kill_and_resume)
    assert len(result.outcome.snapshot.round_trips) > 1
    assert result.outcome.code is ExitCode.CLEAN


def test_a_pause_holds_over_a_restart_until_it_is_lifted(tmp_path: Path) -> None:
    async def pause(system: System, lifecycle: Lifecycle) -> None:
        command(system, Command.PAUSE, "on holiday")

    async def resume(system: System, lifecycle: Lifecycle) -> None:
        await system.manager.clock.sleep(120)
        command(system, Command.RESUME, "back")

    run_virtually(tmp_path, seconds=60, meddle=pause)
    paused = run_virtually(tmp_path, seconds=120)
    assert any("still paused from an earlier run: on holiday" in text for text in paused.said)
    assert not paused.outcome.snapshot.trades
    resumed = run_virtually(tmp_path, seconds=300, meddle=resume)
    assert orders_after(resumed, "resumed: back")
    later = run_virtually(tmp_path, seconds=120)
    assert not any("still paused" in text for text in later.said)
    assert later.outcome.snapshot.trades


def test_a_deep_drawdown_closes_everything_and_halts_over_a_restart(tmp_path: Path) -> None:
    limits: dict[str, object] = {
        "risk.max_drawdown_percent": 0.3,
        "risk.flatten_drawdown_percent": 0.6,
    }
    market = SyntheticMarket(seed=1, scenario="decoupling")
    result = run_virtually(tmp_path, market=market, seconds=1800, settings=limits)
    (halt,) = [text for text in result.said if text.startswith("halted, closing all positions")]
    assert "% below its peak, at most 0.6 %" in halt
    assert result.outcome.snapshot.round_trips[0].exit_reason in halt
    assert all(each.quantity == 0 for each in result.account.positions)
    assert len(orders_after(result, halt)) == 2  # both legs off, and nothing more
    assert result.outcome.code is ExitCode.CLEAN
    again = run_virtually(tmp_path, market=SyntheticMarket(seed=2), seconds=120, settings=limits)
    assert any("still paused from an earlier run: the capital is" in text for text in again.said)
    assert orders_after(again, "still paused") == []


def test_a_bad_day_ends_entries_and_a_restart_does_not_begin_it_anew(tmp_path: Path) -> None:
    def run(seed: int, seconds: float) -> Result:
        # Without the cost gate every round trip in the calm market costs more than it brings.
        return run_virtually(
            tmp_path,
            market=SyntheticMarket(seed=seed, scenario="calm"),
            seconds=seconds,
            settings={"risk.max_daily_loss_percent": 0.3},
            parameters={"cost_multiple": 0},
        )

    lost = -sum(trip.net for trip in run(1, 1800).outcome.snapshot.round_trips)
    assert lost > 6  # of 2,000 USD
    again = run(2, 300)
    reason = f"no trade (daily loss): the day lost {lost:.2f} USD, at most 6.00 USD (0.3 %)"
    assert reason in again.said
    assert orders_after(again, "started") == []


def test_a_round_trip_that_lost_too_much_is_closed_and_the_next_may_begin(tmp_path: Path) -> None:
    market = SyntheticMarket(seed=1, scenario="decoupling")
    result = run_virtually(
        tmp_path, market=market, seconds=3600, settings={"risk.max_trip_loss_percent": 0.4}
    )
    closed = [
        trip
        for trip in result.outcome.snapshot.round_trips
        if trip.exit_reason.startswith("the round trip lost ")
    ]
    assert closed
    assert all(trip.net < -8 for trip in closed)
    assert not result.outcome.snapshot.is_halted or "run's" in result.outcome.snapshot.halt_reason


def test_a_failing_engine_cancels_its_orders_and_the_next_start_does_not_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide_by_zero(strategy: MicroCrudeOilArbitrageStrategy) -> None:
        if strategy.held_legs():
            raise ZeroDivisionError("a bug")

    with monkeypatch.context() as bug:
        bug.setattr(MicroCrudeOilArbitrageStrategy, "_adopt_position", divide_by_zero)
        result = run_virtually(tmp_path, seconds=300)
        assert replay(result.journal).difference is None
    sentence = "the engine failed on TimerFired: ZeroDivisionError('a bug')"
    assert result.outcome.code is ExitCode.FAILED
    assert "ZeroDivisionError: a bug" in result.outcome.error
    assert len(result.outcome.still_open) == 2
    difference = replay(result.journal).difference
    assert difference is not None
    assert sentence in difference.journal
    again = run_virtually(
        tmp_path, market=SyntheticMarket(seed=2), seconds=120, may_be_replayed=False
    )
    assert f"still paused from an earlier run: {sentence}" in "".join(again.said)
    assert not any(text.startswith("MicroCrudeOilArbitrage enter") for text in again.said)


def test_a_clock_that_is_off_halts_until_it_is_resumed(tmp_path: Path) -> None:
    async def turn_the_clock(system: System, lifecycle: Lifecycle) -> None:
        assert system.simulation is not None
        server, clock = system.simulation.server, system.simulation.clock
        faults = FaultDesk(server, clock)
        await clock.sleep(60)
        faults.cause(ClockOff(seconds=60, offset=90))

    result = run_virtually(tmp_path, seconds=300, meddle=turn_the_clock)
    assert any("the broker's clock jumped by +9" in text for text in result.said)
    later = orders_after(result, "halted: the broker's clock jumped")
    assert all("z back" in text for text in later)  # exits still run, nothing is entered
    assert any("entries are blocked: the broker's clock" in text for text in result.said)
