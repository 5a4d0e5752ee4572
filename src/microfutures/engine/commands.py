"""What a person or the lifecycle asks for, and what stops the desk: pause, halt, kill."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from microfutures.engine.floor import TradingFloor
from microfutures.engine.output import OutputBuilder
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.events import Command, CommandReceived, Severity
from microfutures.strategies.base import Strategy

HALTED = "Halted"
"""Name of the record by which the next start knows that the desk had stopped by itself."""


class CommandDesk:
    """Carries commands out; what a person said holds over restarts until it is taken back."""

    def __init__(
        self,
        *,
        state: DeskState,
        floor: TradingFloor,
        strategies: Sequence[Strategy],
        voice: Voice,
        out: OutputBuilder,
    ) -> None:
        self._state = state
        self._floor = floor
        self._strategies = strategies
        self._voice = voice
        self._out = out
        self._handlers: dict[Command, Callable[[str], None]] = {
            Command.START: self._start,
            Command.PAUSE: self._on_pause,
            Command.RESUME: self._resume,
            Command.FLATTEN: self._flatten,
            Command.CANCEL_ORDERS: self._cancel_orders,
            Command.KILL: self._kill,
        }

    def on_command(self, event: CommandReceived) -> None:
        """Carry out a command."""
        self._handlers[event.command](event.reason)

    def halt(self, reason: str) -> None:
        """Block entries because the desk itself has a doubt; remembered like a person's word."""
        if reason != self._state.pause_reason:
            self._out.record("order", HALTED, {"reason": reason})
        self._pause(reason)

    def restore_command(self, event: CommandReceived) -> None:
        """Let what a person said in an earlier run hold on."""
        if event.is_lasting and event.command is Command.RESUME:
            self._state.pause_reason = self._state.kill_reason = ""
        elif event.is_lasting:
            self._state.pause_reason = event.reason
            if event.command is Command.KILL:
                self._state.kill_reason = event.reason

    def restore_halt(self, reason: str) -> None:
        """Let the desk's own halt of an earlier run hold on."""
        self._state.pause_reason = reason

    def _start(self, reason: str) -> None:
        for strategy in self._strategies:
            strategy.start()
        self._voice.say(Severity.INFO, reason)
        if self._state.pause_reason:
            what = "killed" if self._state.kill_reason else "paused"
            text = f"still {what} from an earlier run: {self._state.pause_reason}"
            self._voice.say(Severity.WARNING, f"{text}; `microfutures resume` lifts it")

    def _on_pause(self, reason: str) -> None:
        self._pause(reason)
        self._voice.say(Severity.WARNING, f"paused ({reason}): exits still run")

    def _resume(self, reason: str) -> None:
        self._state.pause_reason = self._state.kill_reason = ""
        # Whoever resumes after a drawdown accepts it: the next one counts from here.
        portfolio = self._state.portfolio
        portfolio.restore_peak(max(portfolio.current_capital, Decimal(1)))
        self._voice.say(Severity.INFO, f"resumed: {reason}")

    def _flatten(self, reason: str) -> None:
        self._pause(reason)
        self._voice.say(Severity.WARNING, f"closing all positions: {reason}")
        for strategy in self._strategies:
            self._floor.flatten(strategy, reason)

    def _cancel_orders(self, reason: str) -> None:
        self._pause(reason)
        self._voice.say(Severity.WARNING, f"cancelling orders: {reason}")
        for strategy in self._strategies:
            # The run ends: what is held stays as it is, a leg alone too.
            strategy.stop()
        self._floor.cancel_all()

    def _kill(self, reason: str) -> None:
        self._pause(reason)
        self._state.kill_reason = reason
        self._voice.say(Severity.ERROR, f"killed, no order is sent any more: {reason}")
        self._floor.cancel_all()

    def _pause(self, reason: str) -> None:
        self._state.pause_reason = reason
        self._floor.drop_waiting(f"entries are blocked: {reason}")
