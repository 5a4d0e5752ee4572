"""A long outage is told in a few lines; nothing new is held back."""

from microfutures.engine.outage import Outage
from microfutures.model.events import ConnectionChanged, ConnectionState

HOUR = 3_600
DOWN, TRYING, UP = (
    ConnectionState.DISCONNECTED,
    ConnectionState.CONNECTING,
    ConnectionState.CONNECTED,
)


class Line:
    """A line whose state changes; what is told of it."""

    def __init__(self, second: int = 1_000) -> None:
        self.second = second
        self.told: list[str] = []
        self._outage = Outage()

    def change(self, state: ConnectionState, detail: str, attempt: int = 0) -> str | None:
        event = ConnectionChanged(
            time_ns=self.second * 10**9, state=state, detail=detail, attempt=attempt
        )
        told = self._outage.tell(event, detail)
        self.told += [] if told is None else [told]
        return told

    def try_in_vain(self, hours: int, problem: str = "nothing listens") -> None:
        for attempt in range(1, hours * 60 + 1):
            self.second += 60
            self.change(TRYING, f"attempt {attempt}", attempt)
            self.change(DOWN, problem, attempt)


def test_twelve_hours_of_attempts_are_a_few_lines() -> None:
    line = Line()
    line.change(DOWN, "lost")
    line.try_in_vain(hours=12)
    assert line.told[:3] == ["lost", "attempt 1", "nothing listens"]
    assert line.told[3] == "not connected for 0:05:00, attempt 5: nothing listens"
    assert len(line.told) == 3 + 5  # after 5 and 15 min, 45 min, 2:15 and 6:45 h
    line.second += 5
    assert line.change(UP, "connected") == "connected; it was away for 12:00:05"


def test_another_reason_is_told_at_once_and_only_once() -> None:
    line = Line()
    line.try_in_vain(hours=1)
    before = len(line.told)
    for attempt in range(5):
        line.change(DOWN, "the client id is in use", attempt)
    assert line.told[before:] == ["the client id is in use"]


def test_the_next_outage_is_told_anew() -> None:
    line = Line()
    for _ in range(3):
        line.change(DOWN, "lost")
        line.second += 10
        line.change(TRYING, "attempt 1", 1)
        line.change(UP, "connected")
    assert line.told == ["lost", "attempt 1", "connected; it was away for 0:00:10"] * 3


def test_a_first_connection_was_not_away_and_a_clock_that_goes_back_says_nothing() -> None:
    line = Line()
    line.change(TRYING, "attempt 1", 1)
    assert line.change(UP, "connected") == "connected"
    line.change(DOWN, "lost")
    line.second -= 500
    assert line.change(UP, "connected") == "connected"
