"""When a backtest tells its engine the time: at the pace of the live shell, less what does nothing.

The shell tells time twice a second while orders are worked, else every few seconds. Of an idle
engine only the timers matter at which it checks, and of those only the ones at which a strategy
may decide. Left out timers keep their beat: the next one comes when it would have come anyway.
"""

from microfutures.engine.engine import Engine
from microfutures.engine.runner import BUSY_TIMER_SECONDS, IDLE_TIMER_SECONDS
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, seconds

AWAKE_NS = 15 * 60 * NANOSECONDS_PER_SECOND
"""Who doesn't rest is not asked again for so long."""


class Pulse:
    """The next timer of one engine."""

    def __init__(self, engine: Engine, start_ns: int) -> None:
        self._engine = engine
        self._idle_ns = seconds(min(engine.check_interval_seconds, IDLE_TIMER_SECONDS))
        self._busy_ns = min(seconds(BUSY_TIMER_SECONDS), self._idle_ns)
        self._check_ns = seconds(engine.check_interval_seconds)
        self.next_ns = start_ns + self._idle_ns
        self._unrested_ns = self.next_ns
        """When the next timer would be if no strategy rested."""
        self._ask_ns = 0
        """When strategies are asked next whether they rest."""
        self._is_dozing = False
        """Whether it rests only as long as no quote comes."""

    def hurry(self, now_ns: int) -> None:
        """Tell time soon: something was ordered."""
        due_ns = self._engine.next_check_ns
        soon_ns = now_ns + self._busy_ns
        self.next_ns = self._unrested_ns = due_ns if now_ns < due_ns < soon_ns else soon_ns

    def set_next(self, now_ns: int, due_ns: int) -> None:
        """Choose the next timer of an idle engine, if only strategies are due before `due_ns`."""
        engine = self._engine
        check_ns = engine.next_check_ns
        if check_ns <= now_ns:
            check_ns = now_ns + self._idle_ns
        self._unrested_ns = check_ns
        if due_ns <= check_ns:
            steps = max(1, -(-(due_ns - now_ns) // self._idle_ns))
            self.next_ns = min(check_ns, now_ns + steps * self._idle_ns)
            return
        self._is_dozing = False
        if now_ns >= self._ask_ns:
            self.next_ns = self._on_beat(self._rested_ns(now_ns, due_ns))
            if self.next_ns > self._unrested_ns:
                return
            self._ask_ns = now_ns + AWAKE_NS
        self.next_ns = self._on_beat(self._dozed_ns(now_ns, due_ns))
        self._is_dozing = True

    def _rested_ns(self, now_ns: int, due_ns: int) -> int:
        for strategy in self._engine.strategies:
            due_ns = min(due_ns, strategy.rests_until(now_ns))
        return due_ns

    def _dozed_ns(self, now_ns: int, due_ns: int) -> int:
        for strategy in self._engine.strategies:
            due_ns = min(due_ns, strategy.dozes_until(now_ns))
            if due_ns <= self._unrested_ns:
                return due_ns
        return min(due_ns, self._engine.market.due_ns)

    def heed_quote(self, now_ns: int, *, holds: bool) -> None:
        """End a rest early if it may: a price moved that a decision, or what is held, hangs on."""
        if (holds or self._is_dozing) and self.next_ns > self._unrested_ns:
            self.next_ns = min(self.next_ns, self._on_beat(now_ns))

    def _on_beat(self, due_ns: int) -> int:
        """Return the first moment from `due_ns` on at which an engine that never rests checks."""
        late_ns = max(0, due_ns - self._unrested_ns)
        return self._unrested_ns + -(-late_ns // self._check_ns) * self._check_ns
