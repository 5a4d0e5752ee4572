import asyncio
from random import Random

import pytest

from helpers.ib_desk import on_virtual_time
from microfutures.adapters.ib.broker_clock import BrokerClock
from microfutures.adapters.ib.connection import MAX_DELAY_SECONDS, Backoff
from microfutures.adapters.ib.crew import Crew
from microfutures.adapters.ib.guard import reason_against
from microfutures.adapters.ib.history import duration
from microfutures.adapters.ib.pacing import MAX_REQUESTS, Pacer
from microfutures.adapters.ib.voice import Voice
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.model.bar_sizes import bar_size
from microfutures.model.events import ConnectionState, EngineEvent, NoticeReceived, Severity

START_NS = 1_788_877_800_000_000_000


# -- the guard of live money


@pytest.mark.parametrize("accounts", [["DU1000001"], ["DF123", "DU124"], []])
def test_paper_accounts_pass_everywhere(accounts: list[str]) -> None:
    assert reason_against(accounts, port=7497, port_given=False, live_given=False) is None


@pytest.mark.parametrize("port", [7497, 4002, 7599])
def test_a_live_account_needs_more_than_a_paper_port(port: int) -> None:
    reason = reason_against(["U123"], port=port, port_given=True, live_given=False)
    assert reason is not None
    assert "U123" in reason
    assert "--live" in reason


@pytest.mark.parametrize("port", [7496, 4001])
def test_a_known_live_port_counts_only_when_somebody_named_it(port: int) -> None:
    assert reason_against(["U123"], port=port, port_given=False, live_given=False)
    assert reason_against(["U123"], port=port, port_given=True, live_given=False) is None


def test_one_live_account_among_paper_ones_is_enough_to_refuse() -> None:
    accounts = ["DU1", "U2"]
    assert reason_against(accounts, port=7497, port_given=True, live_given=False)
    assert reason_against(accounts, port=7497, port_given=False, live_given=True) is None


# -- backoff


def test_pauses_grow_to_a_minute_and_start_over_after_success() -> None:
    backoff = Backoff(Random(1))
    pauses = [backoff.fail() for _ in range(12)]
    assert 0.8 <= pauses[0] <= 1.2
    assert pauses[3] > pauses[1]
    assert all(0.8 * MAX_DELAY_SECONDS <= each <= 1.2 * MAX_DELAY_SECONDS for each in pauses[6:])
    backoff.succeed()
    assert backoff.fail() <= 1.2


def test_two_clients_do_not_come_back_in_step() -> None:
    one, two = Backoff(Random(1)), Backoff(Random(2))
    assert [one.fail() for _ in range(4)] != [two.fail() for _ in range(4)]


# -- the broker's clock


def test_small_differences_are_the_noise_of_whole_seconds() -> None:
    clock = BrokerClock(SimulatedClock(START_NS))
    clock.learn(START_NS // 10**9 + 1, asked_ns=START_NS)
    assert clock.offset_seconds == 0


@pytest.mark.parametrize("away", [-5_000_000, -60, 3, 86_400])
def test_a_broker_on_another_date_is_followed(away: int) -> None:
    clock = BrokerClock(SimulatedClock(START_NS))
    clock.learn(START_NS // 10**9 + away, asked_ns=START_NS)
    assert abs((clock.now_ns() - START_NS) / 1e9 - away) <= 1
    before = clock.now_ns()
    clock.learn(START_NS // 10**9 + away + 1, asked_ns=before)
    assert clock.now_ns() == before


def test_an_answer_that_was_long_under_way_does_not_make_time_jump() -> None:
    clock = BrokerClock(SimulatedClock(START_NS))
    # Asked four seconds ago, answered at once, heard now: this machine was frozen meanwhile.
    clock.learn(START_NS // 10**9 - 4, asked_ns=START_NS - 4 * 10**9)
    assert clock.offset_seconds == 0


# -- pacing


def test_fifty_requests_pass_and_the_next_waits_for_the_window() -> None:
    async def scenario() -> None:
        clock = SimulatedClock(START_NS)
        pacer = Pacer(clock)
        for number in range(MAX_REQUESTS):
            await pacer.wait_turn(f"bars {number}")
        assert clock.now_ns() == START_NS
        await pacer.wait_turn("one more")
        assert abs(clock.now_ns() - START_NS - 600 * 10**9) < 1_000

    on_virtual_time(scenario)


def test_the_same_request_waits_more_than_fifteen_seconds() -> None:
    async def scenario() -> None:
        clock = SimulatedClock(START_NS)
        pacer = Pacer(clock)
        await pacer.wait_turn("bars")
        assert pacer.seconds_to_wait("others") == 0
        await pacer.wait_turn("bars")
        assert clock.now_ns() - START_NS > 15 * 10**9

    on_virtual_time(scenario)


@pytest.mark.parametrize(
    ("sample", "size"), [(1, 1), (5, 5), (7, 1), (60, 60), (90, 30), (7200, 3600)]
)
def test_bars_divide_the_sample(sample: int, size: int) -> None:
    assert bar_size(sample) == size


def test_spans_are_spelled_as_ib_takes_them() -> None:
    assert duration(20, 60) == "2400 S"
    assert duration(5, 1) == "1800 S"
    assert duration(240, 60) == "28800 S"
    assert duration(1_000, 60) == "4 D"


# -- telling


def voice() -> tuple[Voice, list[EngineEvent]]:
    events: list[EngineEvent] = []
    return Voice(SimulatedClock(START_NS), events.append), events


def test_the_same_notice_is_told_once_a_minute() -> None:
    async def scenario() -> None:
        events: list[EngineEvent] = []
        clock = SimulatedClock(START_NS)
        speaker = Voice(clock, events.append)
        for _ in range(1_000):
            speaker.code(201, "Order rejected - reason: margin")
        assert len(events) == 1
        await clock.sleep(61)
        speaker.code(201, "Order rejected - reason: margin")
        assert len(events) == 2

    on_virtual_time(scenario)


def test_a_farm_is_loud_when_lost_plain_when_back_and_else_hardly_heard() -> None:
    speaker, events = voice()
    for code, text in (
        (2104, "Market data farm connection is OK:usfarm"),
        (2103, "Market data farm connection is broken:usfarm"),
        (2104, "Market data farm connection is OK:eufarm"),
        (2104, "Market data farm connection is OK:usfarm"),
    ):
        speaker.farm(code, text)
    notices = [event for event in events if isinstance(event, NoticeReceived)]
    assert [each.severity for each in notices] == [
        Severity.DEBUG,
        Severity.WARNING,
        Severity.DEBUG,
        Severity.INFO,
    ]


def test_a_farm_lost_by_the_schedule_is_no_alarm() -> None:
    events: list[EngineEvent] = []
    night = SimulatedClock(START_NS + 14 * 3_600 * 10**9)  # 00:30 in New York
    Voice(night, events.append).farm(2103, "Market data farm connection is broken:usfarm")
    (notice,) = events
    assert isinstance(notice, NoticeReceived)
    assert notice.severity is Severity.INFO
    assert "IB's nightly reset until 01:45" in notice.advice


def test_a_change_of_state_is_remembered() -> None:
    speaker, events = voice()
    speaker.change(ConnectionState.CONNECTED, "connected")
    assert speaker.state is ConnectionState.CONNECTED
    assert len(events) == 1


# -- tasks


class UnforeseenError(Exception):
    """What nobody thought of."""


async def fail() -> None:
    raise UnforeseenError


async def test_a_task_that_fails_unforeseen_ends_the_run_with_its_own_error() -> None:
    async def run() -> None:
        crew = Crew()
        async with crew.on_duty():
            crew.spawn(fail)
            await asyncio.Event().wait()

    with pytest.raises(UnforeseenError):
        await run()


async def test_outside_of_a_run_a_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    task = Crew().spawn(fail)
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert "a task failed" in caplog.text
