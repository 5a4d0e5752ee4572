"""The time of a backtest and what is still to come in it."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

NEVER_NS = 2**63 - 1


class Agenda:
    """Actions in time order; those of one moment in the order they were asked for.

    Satisfies `ports.clock.Clock` as far as it is asked what time it is.
    """

    def __init__(self, start_ns: int) -> None:
        self.time_ns = start_ns
        self.next_ns = NEVER_NS
        """The moment of the next action; far away when there is none."""
        self._actions: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def now_ns(self) -> int:
        """Return the present moment, nanoseconds UTC."""
        return self.time_ns

    async def sleep(self, seconds: float) -> None:
        """Refuse: nothing in a backtest waits, everything is on the agenda.

        Raises
        ------
        RuntimeError
            Always.
        """
        raise RuntimeError(f"nothing sleeps in a backtest; asked for {seconds} s")

    def after(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Have `action` done `delay_ns` from now."""
        heappush(self._actions, (self.time_ns + delay_ns, next(self._numbers), action))
        self.next_ns = self._actions[0][0]

    def do_next(self) -> None:
        """Do the first action; there must be one, and it must be its time."""
        _, _, action = heappop(self._actions)
        self.next_ns = self._actions[0][0] if self._actions else NEVER_NS
        action()
