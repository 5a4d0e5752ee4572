"""Pauses and kills of the whole system in virtual time, and over a restart."""

from pathlib import Path

from helpers.run import Result, run_virtually
from microfutures.app.lifecycle import ExitCode, Lifecycle
from microfutures.app.wiring import System
from microfutures.model.events import Command, CommandReceived


def command(system: System, what: Command, reason: str) -> None:
    now_ns = system.manager.clock.now_ns()
    system.runner.put(CommandReceived(time_ns=now_ns, command=what, reason=reason, is_lasting=True))


async def until_in_position(system: System) -> None:
    while len(system.engine.portfolio.open_positions()) < 2:
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
