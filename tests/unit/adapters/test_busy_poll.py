import asyncio
import os
import selectors
import socket
from collections.abc import Iterator

import pytest

from microfutures.adapters import busy_poll
from microfutures.adapters.busy_poll import POLL_SECONDS, BusyPollSelector, Ready, trading_loop

STEP = POLL_SECONDS / 10


class Line:
    """A selector on one end of a socket, and what the system was asked for it."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.selector = BusyPollSelector()
        self.selector.register(self.near, selectors.EVENT_READ)
        self.asked: list[float | None] = []
        self.tick_at_look = -1
        """A byte comes at this question to the system, counted from 1."""

    def close(self) -> None:
        self.selector.close()
        self.near.close()
        self.far.close()

    def tick(self) -> None:
        self.far.send(b"t")

    def wait(self, timeout: float | None) -> bool:
        """Wait, read what came, and tell whether anything did."""
        self.asked.clear()
        is_ready = bool(self.selector.select(timeout))
        if is_ready:
            self.near.recv(1)
        return is_ready


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    line, seconds = Line(), 0.0
    real = selectors.DefaultSelector.select

    def select(self: selectors.DefaultSelector, timeout: float | None = None) -> Ready:
        line.asked.append(timeout)
        if len(line.asked) == line.tick_at_look:
            line.tick()
        return real(self, timeout)

    def stopwatch() -> float:
        nonlocal seconds
        seconds += STEP
        return seconds

    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    monkeypatch.setattr(busy_poll, "stopwatch", stopwatch)
    yield line
    line.close()


def test_it_sleeps_while_nothing_comes(line: Line) -> None:
    for _ in range(3):
        assert not line.wait(0.001)
        assert line.asked == [0.001]


def test_after_a_short_wait_it_looks_for_a_moment_before_it_sleeps(line: Line) -> None:
    line.tick()
    assert line.wait(None)
    assert line.asked == [None]
    assert not line.wait(0.01)
    *looks, sleep = line.asked
    assert len(looks) > 5
    assert set(looks) == {0}
    assert sleep is not None
    assert 0.01 - 2 * POLL_SECONDS < sleep <= 0.01 - POLL_SECONDS
    # That wait was long: no more looking.
    assert not line.wait(0.001)
    assert line.asked == [0.001]


def test_a_tick_that_comes_while_it_looks_finds_it_awake(line: Line) -> None:
    line.tick()
    assert line.wait(None)
    line.tick_at_look = 3
    for _ in range(4):
        assert line.wait(None)
        assert line.asked == [0, 0, 0]


def test_a_tick_after_a_long_wait_does_not_keep_it_awake(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = iter(range(0, 36_000, 3_600))
    monkeypatch.setattr(busy_poll, "stopwatch", lambda: next(hours))
    line.tick()
    assert line.wait(None)
    line.tick()
    assert line.wait(None)
    assert line.asked == [None]


def test_a_timer_that_is_due_sooner_is_not_kept_waiting(line: Line) -> None:
    line.tick()
    assert line.wait(None)
    assert not line.wait(2 * STEP)
    assert len(line.asked) <= 4
    assert line.asked[-1] == 0


def test_a_look_in_passing_is_none_of_its_waits(line: Line) -> None:
    line.tick()
    assert line.wait(None)
    assert not line.wait(0)
    assert line.asked == [0]
    line.tick_at_look = 2
    assert line.wait(None)
    assert line.asked == [0, 0]


def selector_of(loop: asyncio.AbstractEventLoop) -> object:
    return getattr(loop, "_selector", None)


def test_the_loop_of_a_desk_polls_unless_the_machine_has_one_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for processors, polls in ((2, True), (1, False)):
        monkeypatch.setattr(os, "cpu_count", lambda processors=processors: processors)
        loop = trading_loop()
        assert isinstance(selector_of(loop), BusyPollSelector) is polls
        loop.close()


def test_timers_and_sockets_work_on_it() -> None:
    async def echo_in_a_hurry() -> list[bytes]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.readline():
                await asyncio.sleep(0.0002)
                writer.write(data.upper())
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        answers = []
        for number in range(200):
            writer.write(b"tick %d\n" % number)
            answers.append(await reader.readline())
        writer.close()
        server.close()
        return answers

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(BusyPollSelector())) as loop:
        answers = loop.run(asyncio.wait_for(echo_in_a_hurry(), 30))
    assert answers == [b"TICK %d\n" % number for number in range(200)]
