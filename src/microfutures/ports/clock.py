"""Time, asked for and never read."""

from typing import Protocol


class Clock(Protocol):
    """Source of the time for everything but the system clock adapter."""

    def now_ns(self) -> int:
        """Return the current moment, nanoseconds UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` on this clock."""
        ...
