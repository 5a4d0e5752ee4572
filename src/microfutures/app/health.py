"""How the desk is: whether it lives, and whether it could trade; for monitors and people."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from microfutures.app.supervision import resident_kilobytes
from microfutures.engine.state import DeskState
from microfutures.model.broker_calendar import expected_outage
from microfutures.model.events import ConnectionState

ENGINE_SECONDS = 5.0
"""Long enough for any event, and for a machine that is busy."""


class Health(msgspec.Struct, frozen=True):
    """What is told of a desk."""

    is_alive: bool
    """The engine gets through its events; else a restart is all that is left."""
    is_ready: bool
    """It lives, the line stands and nothing halts it."""
    reasons: tuple[str, ...]
    """Why it is not ready."""
    connection: str
    lag_seconds: float
    """By how much the latest beat came late."""
    memory_megabytes: int


class HealthCheck:
    """Looks at the desk whenever somebody asks.

    Parameters
    ----------
    settle
        Returns when the engine has worked through everything that had come.
    lag_seconds
        Returns by how much the latest beat came late.
    now_ns
        Returns the broker's time.
    """

    def __init__(
        self,
        state: DeskState,
        *,
        settle: Callable[[], Awaitable[None]],
        lag_seconds: Callable[[], float],
        now_ns: Callable[[], int],
        patience_seconds: float = ENGINE_SECONDS,
    ) -> None:
        self._state = state
        self._settle = settle
        self._lag_seconds = lag_seconds
        self._now_ns = now_ns
        self._patience_seconds = patience_seconds

    async def look(self) -> Health:
        """Return how the desk is now."""
        is_alive = await self._is_alive()
        reasons = [] if is_alive else ["the engine does not get through its events"]
        state = self._state
        if state.connection is not ConnectionState.CONNECTED:
            outage = expected_outage(self._now_ns())
            why = f" ({outage.sentence})" if outage is not None else ""
            reasons.append(f"{state.connection.replace('_', ' ')}{why}: {state.connection_detail}")
        if state.pause_reason:
            reasons.append(f"halted: {state.pause_reason}")
        return Health(
            is_alive=is_alive,
            is_ready=not reasons,
            reasons=tuple(reasons),
            connection=str(state.connection),
            lag_seconds=round(self._lag_seconds(), 3),
            memory_megabytes=(resident_kilobytes() or 0) // 1024,
        )

    async def _is_alive(self) -> bool:
        try:
            await asyncio.wait_for(self._settle(), self._patience_seconds)
        except TimeoutError:
            return False
        return True
