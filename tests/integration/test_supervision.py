"""A desk under a service manager: the messages of sd_notify, on a real datagram socket."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from microfutures.app.supervision import resident_kilobytes

ROOT = Path(__file__).parents[2]


@contextmanager
def a_desk(directory: Path, manager: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    """A desk whose service manager is `manager`, with a watchdog of 1.5 s."""
    address = str(directory / "notify")
    manager.bind(address)
    manager.settimeout(30)
    arguments = ("--simulate", "calm", "--display", "none")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "NOTIFY_SOCKET": address,
        "WATCHDOG_USEC": "1500000",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "microfutures", *arguments],
        cwd=directory,
        env=environment,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        yield line


def hear(manager: socket.socket) -> str:
    return manager.recv(1000).decode()


@pytest.mark.slow
def test_service_manager_hears_ready_life_and_stop(tmp_path: Path, manager: socket.socket) -> None:
    with a_desk(tmp_path, manager) as process:
        assert hear(manager).startswith("READY=1\nSTATUS=")
        while (beat := hear(manager)) != "WATCHDOG=1\nSTATUS=connected":
            assert beat == "WATCHDOG=1\nSTATUS=connecting"
        assert hear(manager) == "WATCHDOG=1\nSTATUS=connected"
        process.send_signal(signal.SIGTERM)
        while (last := hear(manager)) != "STOPPING=1":
            assert last.startswith("WATCHDOG=1")
        assert process.wait(30) == 0


@pytest.mark.slow
def test_a_frozen_desk_is_silent_and_says_afterwards_how_late_it_came(
    tmp_path: Path, manager: socket.socket
) -> None:
    with a_desk(tmp_path, manager) as process:
        while not hear(manager).startswith("WATCHDOG=1"):
            pass
        process.send_signal(signal.SIGSTOP)
        manager.settimeout(2)
        assert silences(manager) == 1
        process.send_signal(signal.SIGCONT)
        manager.settimeout(30)
        assert hear(manager).startswith("WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    text = (tmp_path / "logs" / "trading_system.log").read_text()
    assert "s late: the machine is overloaded or slept" in text


def silences(manager: socket.socket) -> int:
    """Listen until nothing comes for the time-out of `manager`; more than one beat is life."""
    for _ in range(2):  # one may have been on its way
        try:
            hear(manager)
        except TimeoutError:
            return 1
    return 0


def test_memory_is_read_where_the_system_says_it() -> None:
    kilobytes = resident_kilobytes()
    assert kilobytes is not None
    assert 10_000 < kilobytes < 10_000_000
