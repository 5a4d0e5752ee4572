"""A desk that watches itself: the engine answers, the loop keeps time, memory stays flat."""

import logging
from pathlib import Path

from microfutures.adapters.service_manager import ServiceManager
from microfutures.engine.engine import Engine
from microfutures.engine.runner import EngineRunner
from microfutures.ports.clock import Clock

BEAT_SECONDS = 10.0
LAG_SECONDS = 1.0
"""A loop that comes so late can't trade in time."""
MEMORY_GROWTH = 3.0
"""Told once when memory is so many times what it was after the first beats."""
SETTLED_BEATS = 30

_STATM = Path("/proc/self/statm")
_log = logging.getLogger("microfutures.desk")


class Supervision:
    """Beats while the engine works through its events; a manager's watchdog hears each beat."""

    def __init__(self, *, engine: Engine, runner: EngineRunner, clock: Clock) -> None:
        self._engine = engine
        self._runner = runner
        self._clock = clock
        self._manager = ServiceManager()
        self.lag_seconds = 0.0
        """By how much the latest beat came late."""
        self._beats = 0
        self._settled_kilobytes: int | None = None
        self._has_warned = False

    async def run(self) -> None:
        """Beat until cancelled; stops beating when the engine does not get through its events."""
        watchdog = self._manager.watchdog_seconds
        pause = BEAT_SECONDS if watchdog is None else min(BEAT_SECONDS, watchdog / 3)
        self._manager.ready(self._status())
        try:
            before_ns = self._clock.now_ns()
            while True:
                await self._clock.sleep(pause)
                await self._runner.settle()
                now_ns = self._clock.now_ns()
                self.lag_seconds = max((now_ns - before_ns) / 1e9 - pause, 0.0)
                before_ns = now_ns
                self._look()
                self._manager.alive(self._status())
        finally:
            self._manager.stopping()

    def _look(self) -> None:
        if self.lag_seconds > LAG_SECONDS:
            _log.warning(
                "the desk came %.1f s late: the machine is overloaded or slept",
                self.lag_seconds,
            )
        self._beats += 1
        kilobytes = resident_kilobytes()
        if kilobytes is None or self._has_warned:
            return
        if self._settled_kilobytes is None and self._beats >= SETTLED_BEATS:
            self._settled_kilobytes = kilobytes
        elif self._settled_kilobytes and kilobytes > MEMORY_GROWTH * self._settled_kilobytes:
            self._has_warned = True
            _log.warning(
                "memory grew from %d to %d MB: restart with --keep-positions when it suits you",
                self._settled_kilobytes // 1024,
                kilobytes // 1024,
            )

    def _status(self) -> str:
        state = self._engine.state
        halt = f", halted: {state.pause_reason}" if state.pause_reason else ""
        return f"{state.connection.replace('_', ' ')}{halt}"


def resident_kilobytes() -> int | None:
    """Return the memory that this process holds; None where the system does not say."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * 4
