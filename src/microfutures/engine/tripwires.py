"""What halts the desk by itself: a storm of rejections, a clock that can't be trusted.

Entries are blocked, exits run; it is remembered over restarts until a person says `resume`.
"""

from collections import deque

from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.commands import CommandDesk
from microfutures.engine.voice import Voice
from microfutures.model.events import ClockStepped, OrderUpdated, Severity
from microfutures.model.orders import OrderStatus
from microfutures.model.timestamp import seconds


class Tripwires:
    """Counts what goes wrong and halts when it is too much."""

    def __init__(self, *, commands: CommandDesk, limits: RiskLimits, voice: Voice) -> None:
        self._commands = commands
        self._limits = limits
        self._voice = voice
        self._rejected: deque[int] = deque()

    def on_order(self, event: OrderUpdated) -> None:
        """Count what the broker rejects."""
        if event.status is not OrderStatus.REJECTED:
            return
        limits, rejected = self._limits, self._rejected
        rejected.append(event.time_ns)
        while rejected[0] <= event.time_ns - seconds(limits.rejection_window_seconds):
            rejected.popleft()
        if len(rejected) >= limits.max_rejections:
            self._halt(
                f"the broker rejected {len(rejected)} orders in "
                f"{limits.rejection_window_seconds:g} s, the latest: {event.reason or 'no reason'}"
            )
            rejected.clear()

    def on_clock(self, event: ClockStepped) -> None:
        """Distrust a clock that jumps: hours and ages of quotes hang on it."""
        limit = self._limits.max_clock_step_seconds
        if abs(event.seconds) > limit:
            self._halt(
                f"the broker's clock jumped by {event.seconds:+.0f} s against this machine's, at "
                f"most {limit:g} s: one of them is off"
            )

    def _halt(self, reason: str) -> None:
        self._commands.halt(reason)
        text = f"halted: {reason}; exits still run, `microfutures resume` lifts it"
        self._voice.say(Severity.ERROR, text)
