"""A line that is away: what a person reads of it is a few lines, however long it takes.

The first attempt to connect and every new reason why it failed are told; what was told already
comes again after five minutes, and then ever more rarely. The journal has every attempt.
"""

from datetime import timedelta

from microfutures.model.events import ConnectionChanged, ConnectionState

FIRST_REMINDER_NS = 300 * 10**9
RARER = 3
"""So many times longer the outage has lasted at each reminder."""


class Outage:
    """One outage after the other, or none."""

    def __init__(self) -> None:
        self._since_ns = 0
        self._told: set[str] = set()
        self._reminder_ns = 0

    def tell(self, event: ConnectionChanged, text: str) -> str | None:
        """Return what to say of a change of the line; None for what is no news."""
        if event.state is ConnectionState.CONNECTED:
            return self._end(event, text)
        # At the first connection the clock may go back to where the broker lives.
        if not 0 < self._since_ns <= event.time_ns:
            self._since_ns = event.time_ns
            self._reminder_ns = event.time_ns + FIRST_REMINDER_NS
        if event.state is ConnectionState.CONNECTING:
            return text if event.attempt <= 1 else None
        if event.detail not in self._told:
            self._told.add(event.detail)
            return text
        if event.time_ns < self._reminder_ns:
            return None
        lasted_ns = event.time_ns - self._since_ns
        self._reminder_ns = self._since_ns + RARER * lasted_ns
        return f"not connected for {words(lasted_ns)}, attempt {event.attempt}: {text}"

    def _end(self, event: ConnectionChanged, text: str) -> str:
        lasted_ns, self._since_ns = event.time_ns - self._since_ns, 0
        was_told = bool(self._told) and lasted_ns > 0
        self._told.clear()
        return f"{text}; it was away for {words(lasted_ns)}" if was_told else text


def words(nanoseconds: int) -> str:
    """Return a stretch of time, to the second: ``2:05:00``, ``1 day, 0:00:10``."""
    return str(timedelta(seconds=nanoseconds // 10**9))
