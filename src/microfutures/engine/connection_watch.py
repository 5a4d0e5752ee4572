"""What is said of the line: an outage by the schedule is no alarm, the end of the login is one."""

from microfutures.engine.outage import Outage
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.broker_calendar import (
    expected_outage,
    last_login_end_ns,
    next_login_end_ns,
)
from microfutures.model.events import ConnectionChanged, ConnectionState, Severity
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

HOUR_NS = 3_600 * NANOSECONDS_PER_SECOND
NEARLY_EIGHT_DAYS_NS = 190 * HOUR_NS
"""A week with the hour that is gained in autumn is shorter."""
COUNTDOWN_HOURS = (24, 6, 1)
"""How long before the end of the weekly login it is told of."""
LOGIN_ADVICE = (
    "the weekly login ended Sunday 01:00 New York: log in at TWS or IB Gateway again, with your "
    "second factor"
)

_SEVERITIES = {
    ConnectionState.CONNECTED: Severity.SUCCESS,
    ConnectionState.CONNECTING: Severity.INFO,
}


class ConnectionWatch:
    """Follows the state of the line, and counts down to the end of the login."""

    def __init__(self, state: DeskState, voice: Voice) -> None:
        self._state = state
        self._voice = voice
        self._ends_ns = 0
        self._left_hours = COUNTDOWN_HOURS[0] + 1
        """The last announcement, in hours before the end."""
        self.next_ns = 0
        """When it looks at the time next; from the start on, and after a clock that went back."""
        self._connected_ns = 0
        self._outage = Outage()

    def on_change(self, event: ConnectionChanged) -> None:
        """Take the line's new state, and say it as loudly as it deserves."""
        state = self._state
        if event.state is not state.connection:
            state.connection_since_ns = event.time_ns
            if state.connection is ConnectionState.CONNECTED:
                state.line_lost_ns = event.time_ns
        state.connection, state.connection_detail = event.state, event.detail
        if event.state is ConnectionState.CONNECTED:
            self._connected_ns = event.time_ns
        severity, text = _SEVERITIES.get(event.state, Severity.ERROR), event.detail
        if severity is Severity.ERROR:
            severity, text = self._judge(event)
        told = self._outage.tell(event, text)
        self._voice.say(Severity.DEBUG if told is None else severity, told or text)

    def on_timer(self) -> None:
        """Count down to the end of the login while the line stands."""
        now_ns = self._state.time_ns
        # Far away it is only after the clock went back, to where a simulated broker lives.
        if not now_ns < self._ends_ns < now_ns + NEARLY_EIGHT_DAYS_NS:
            self._ends_ns, self._left_hours = next_login_end_ns(now_ns), COUNTDOWN_HOURS[0] + 1
        left = (self._ends_ns - now_ns) / HOUR_NS
        later = max((hours for hours in COUNTDOWN_HOURS if hours < left), default=0)
        self.next_ns = self._ends_ns - later * HOUR_NS
        due = [hours for hours in COUNTDOWN_HOURS if left <= hours < self._left_hours]
        if due and self._state.connection is not ConnectionState.CONNECTED:
            self.next_ns = now_ns
        elif due:
            self._left_hours = due[-1]
            self._voice.say(
                Severity.WARNING,
                f"the weekly login of TWS or IB Gateway ends Sunday 01:00 New York, in "
                f"{_words(left)}: somebody has to log in again then",
            )

    def _judge(self, event: ConnectionChanged) -> tuple[Severity, str]:
        """Return how bad a lost line is, and what is to be done about it."""
        if self._connected_ns < last_login_end_ns(event.time_ns) and self._connected_ns:
            return Severity.ERROR, f"{event.detail}; {LOGIN_ADVICE}"
        outage = expected_outage(event.time_ns)
        if outage is None:
            return Severity.ERROR, event.detail
        return Severity.INFO, f"{event.detail}; {outage.sentence}"


def _words(hours: float) -> str:
    return f"{hours:.0f} h" if hours >= 1.5 else f"{hours * 60:.0f} min"
