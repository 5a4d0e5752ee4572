"""What the engine tells the person: the log line and the event panel."""

from collections import deque

from microfutures.engine.output import OutputBuilder
from microfutures.engine.state import DeskState
from microfutures.model.events import NoticeReceived, Severity
from microfutures.model.snapshot import SystemEventView

KEPT_EVENTS = 200


class Voice:
    """Says things once, to both."""

    def __init__(self, state: DeskState, out: OutputBuilder) -> None:
        self.events: deque[SystemEventView] = deque(maxlen=KEPT_EVENTS)
        self._state = state
        self._out = out

    def say(self, severity: Severity, text: str) -> None:
        """Say `text`; debug lines don't reach the panel."""
        self._out.say(severity, text)
        if severity is not Severity.DEBUG:
            self.events.appendleft(
                SystemEventView(time_ns=self._state.time_ns, severity=severity, text=text)
            )

    def on_notice(self, event: NoticeReceived) -> None:
        """Tell what the broker or the adapter says."""
        code = f"[{event.code}] " if event.code is not None else ""
        advice = f" - {event.advice}" if event.advice else ""
        self.say(event.severity, f"{code}{event.message}{advice}")
