"""What a monitor is told of a desk."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from microfutures.app.health import Health, HealthCheck
from microfutures.engine.state import DeskState
from microfutures.model.events import ConnectionState
from microfutures.model.timestamp import from_datetime
from microfutures.portfolio import Portfolio

NOON = from_datetime(datetime(2026, 9, 8, 12, tzinfo=ZoneInfo("America/New_York")))
NIGHT = from_datetime(datetime(2026, 9, 8, 0, 30, tzinfo=ZoneInfo("America/New_York")))


async def settled() -> None:
    pass


async def stuck() -> None:
    await asyncio.Event().wait()


async def look(
    connection: ConnectionState, *, now_ns: int = NOON, halt: str = "", is_stuck: bool = False
) -> Health:
    state = DeskState(Portfolio())
    state.connection, state.connection_detail = connection, "the line"
    state.pause_reason = halt
    check = HealthCheck(
        state,
        settle=stuck if is_stuck else settled,
        lag_seconds=lambda: 0.25,
        now_ns=lambda: now_ns,
        patience_seconds=0.01,
    )
    return await check.look()


async def test_a_connected_desk_is_ready() -> None:
    health = await look(ConnectionState.CONNECTED)
    assert (health.is_alive, health.is_ready, health.reasons) == (True, True, ())
    assert health.lag_seconds == 0.25
    assert health.memory_megabytes > 10


async def test_an_engine_that_is_stuck_does_not_live() -> None:
    health = await look(ConnectionState.CONNECTED, is_stuck=True)
    assert (health.is_alive, health.is_ready) == (False, False)
    assert health.reasons == ("the engine does not get through its events",)


async def test_a_halt_and_a_lost_line_are_named_and_no_reason_to_start_again() -> None:
    health = await look(ConnectionState.DISCONNECTED, halt="lunch")
    assert (health.is_alive, health.is_ready) == (True, False)
    assert health.reasons == ("disconnected: the line", "halted: lunch")


async def test_what_the_schedule_expects_is_said() -> None:
    (reason,) = (await look(ConnectionState.UPSTREAM_LOST, now_ns=NIGHT)).reasons
    assert "expected: IB's nightly reset until 01:45 New York" in reason
