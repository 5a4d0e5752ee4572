"""Outages by IB's schedule, and the login that a person renews each week."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from microfutures.engine.connection_watch import ConnectionWatch
from microfutures.engine.output import OutputBuilder
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.broker_calendar import expected_outage, next_login_end_ns
from microfutures.model.events import ConnectionChanged, ConnectionState, Severity
from microfutures.model.timestamp import from_datetime
from microfutures.portfolio import Portfolio


def new_york(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York")))


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-11-24T00:14", ""),
        ("2026-11-24T00:15", "IB's nightly reset"),
        ("2026-11-24T01:44", "IB's nightly reset"),
        ("2026-11-24T01:45", ""),
        ("2026-11-27T22:59", ""),
        ("2026-11-27T23:00", "IB's weekend maintenance"),
        ("2026-11-28T02:59", "IB's weekend maintenance"),
        ("2026-11-28T03:00", ""),
        # The hour that is skipped in spring.
        ("2026-03-08T01:30", "IB's nightly reset"),
    ],
)
def test_outages_of_the_schedule(moment: str, name: str) -> None:
    outage = expected_outage(new_york(moment))
    assert (outage.name if outage else "") == name


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-23T12:00", "2026-11-29T01:00"),
        ("2026-11-29T00:59", "2026-11-29T01:00"),
        ("2026-11-29T01:00", "2026-12-06T01:00"),
        ("2026-10-31T12:00", "2026-11-01T01:00"),
    ],
)
def test_login_ends_on_sunday_at_one(moment: str, end: str) -> None:
    assert next_login_end_ns(new_york(moment)) == new_york(end)


class Watched:
    """A watch and what it says."""

    def __init__(self) -> None:
        self.state = DeskState(Portfolio())
        self.voice = Voice(self.state, OutputBuilder())
        self.watch = ConnectionWatch(self.state, self.voice)

    def change(self, moment: str, state: ConnectionState) -> tuple[Severity, str]:
        self.state.time_ns = new_york(moment)
        event = ConnectionChanged(time_ns=self.state.time_ns, state=state, detail="the line")
        self.watch.on_change(event)
        said = self.voice.events[0]
        return said.severity, said.text

    def timer(self, moment: str) -> int:
        """Tell the time; return how much was said because of it."""
        before = len(self.voice.events)
        self.state.time_ns = new_york(moment)
        self.watch.on_timer()
        return len(self.voice.events) - before


def test_a_line_lost_by_the_schedule_is_no_alarm_and_one_lost_at_noon_is() -> None:
    desk = Watched()
    desk.change("2026-11-23T12:00", ConnectionState.CONNECTED)
    assert desk.change("2026-11-23T12:05", ConnectionState.DISCONNECTED)[0] is Severity.ERROR
    desk.change("2026-11-23T12:06", ConnectionState.CONNECTED)
    severity, text = desk.change("2026-11-24T00:20", ConnectionState.UPSTREAM_LOST)
    assert severity is Severity.INFO
    assert "IB's nightly reset until 01:45 New York" in text


def test_after_the_end_of_the_login_a_person_is_called() -> None:
    desk = Watched()
    desk.change("2026-11-27T12:00", ConnectionState.CONNECTED)
    severity, text = desk.change("2026-11-29T01:05", ConnectionState.DISCONNECTED)
    assert severity is Severity.ERROR
    assert "log in at TWS or IB Gateway again" in text
    desk.change("2026-11-29T09:00", ConnectionState.CONNECTED)
    assert "log in" not in desk.change("2026-11-29T10:00", ConnectionState.DISCONNECTED)[1]


def test_the_end_of_the_login_is_told_three_times_and_only_while_connected() -> None:
    desk = Watched()
    assert desk.timer("2026-11-28T02:00") == 0
    desk.change("2026-11-28T02:00", ConnectionState.CONNECTED)
    moments = ("02:00", "02:01", "18:59", "19:00", "19:01", "23:59")
    said = [desk.timer(f"2026-11-28T{moment}") for moment in moments]
    assert said == [1, 0, 0, 1, 0, 0]
    assert desk.timer("2026-11-29T00:00") == 1
    assert desk.timer("2026-11-29T00:30") == 0
    assert desk.timer("2026-12-04T12:00") == 0
    assert desk.timer("2026-12-05T12:00") == 1


def test_the_countdown_follows_a_clock_that_goes_back_to_where_the_broker_lives() -> None:
    desk = Watched()
    desk.timer("2026-11-28T16:00")
    desk.change("2026-09-11T17:18", ConnectionState.CONNECTED)
    assert desk.timer("2026-09-11T17:19") == 0
    assert desk.timer("2026-09-12T01:00") == 1
    assert desk.timer("2026-09-12T01:01") == 0
