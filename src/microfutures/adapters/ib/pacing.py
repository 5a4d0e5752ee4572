"""IB's limit on requests for past bars: 60 in ten minutes, the same one not twice in 15 s."""

from collections import deque

from microfutures.model.timestamp import seconds
from microfutures.ports.clock import Clock

MAX_REQUESTS = 50
"""IB allows 60; what TWS itself asks for counts too."""
WINDOW_SECONDS = 600.0
SAME_REQUEST_SECONDS = 16.0


class Pacer:
    """Lets requests through at the pace IB allows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made_ns: deque[int] = deque()
        self._latest_ns: dict[str, int] = {}

    def seconds_to_wait(self, key: str) -> float:
        """Return how long the request `key` has to wait now."""
        now_ns = self._clock.now_ns()
        while self._made_ns and self._made_ns[0] <= now_ns - seconds(WINDOW_SECONDS):
            self._made_ns.popleft()
        ready_ns = now_ns
        if key in self._latest_ns:
            ready_ns = max(ready_ns, self._latest_ns[key] + seconds(SAME_REQUEST_SECONDS))
        if len(self._made_ns) >= MAX_REQUESTS:
            ready_ns = max(ready_ns, self._made_ns[0] + seconds(WINDOW_SECONDS))
        return (ready_ns - now_ns) / 1e9

    async def wait_turn(self, key: str) -> None:
        """Return when the request `key` may be made; it counts as made then."""
        while (wait := self.seconds_to_wait(key)) > 0:
            await self._clock.sleep(wait)
        now_ns = self._clock.now_ns()
        self._made_ns.append(now_ns)
        self._latest_ns[key] = now_ns
