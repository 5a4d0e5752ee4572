"""The broker's clock: ours, corrected by what TWS says the time is."""

from datetime import timedelta

from microfutures.ports.clock import Clock

TRUST_OWN_CLOCK_NS = 2_000_000_000
"""TWS tells whole seconds: a smaller difference says nothing about our clock."""


class BrokerClock:
    """A clock that follows the broker; it may live on another date (a simulator)."""

    def __init__(self, local: Clock) -> None:
        self._local = local
        self._offset_ns = 0

    @property
    def offset_seconds(self) -> float:
        """Return broker minus local, seconds."""
        return self._offset_ns / 1e9

    @property
    def offset_words(self) -> str:
        """Return the difference in words: ``0:01:30 ahead of``."""
        apart = timedelta(seconds=round(abs(self.offset_seconds)))
        return f"{apart} {'ahead of' if self._offset_ns > 0 else 'behind'}"

    def learn(self, broker_seconds: int, *, asked_ns: int) -> float:
        """Take the broker's time, heard just now and asked for at `asked_ns` of this clock.

        Return by how much this clock has jumped because of it, seconds.
        """
        offset = broker_seconds * 1_000_000_000 + 500_000_000 - self._local.now_ns()
        taken_ns = self.now_ns() - asked_ns
        # Once an offset is known, neither the noise of whole seconds nor an answer that was long
        # under way must make time jump.
        step = offset - self._offset_ns
        if abs(step) < TRUST_OWN_CLOCK_NS + taken_ns:
            return 0.0
        self._offset_ns = offset
        return step / 1e9

    def now_ns(self) -> int:
        """Return the current moment, nanoseconds UTC."""
        return self._local.now_ns() + self._offset_ns

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._local.sleep(seconds)
