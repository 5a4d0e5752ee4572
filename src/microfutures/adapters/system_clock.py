"""The only file that reads the operating system's clock."""

import asyncio
import time

stopwatch = time.monotonic
"""Seconds since whenever: for how long something takes, and nothing else."""


class SystemClock:
    """The machine's own time."""

    now_ns = staticmethod(time.time_ns)
    """The current moment, nanoseconds UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        await asyncio.sleep(seconds)


class SimulatedClock:
    """A clock that starts at any moment and runs `speed` times as fast as the event loop's.

    On a virtual-time loop it is reproducible: it never asks the machine.
    """

    def __init__(self, start_ns: int, *, speed: float = 1.0) -> None:
        self._start_ns = start_ns
        self._speed = speed
        self._origin: float | None = None

    def now_ns(self) -> int:
        """Return the simulated moment, nanoseconds UTC; stands still outside a running loop."""
        try:
            loop_time = asyncio.get_running_loop().time()
        except RuntimeError:
            return self._start_ns
        if self._origin is None:
            self._origin = loop_time
        return self._start_ns + round((loop_time - self._origin) * self._speed * 1_000_000_000)

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of simulated time."""
        await asyncio.sleep(seconds / self._speed)
