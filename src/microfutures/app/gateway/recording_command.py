"""`microfutures gateway --record`, `--proxy` and `--replay`, and `microfutures recording`."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from microfutures.adapters.system_clock import SimulatedClock, SystemClock
from microfutures.model.errors import ConfigurationError
from microfutures.ports.clock import Clock
from microfutures.twsim.recording.listing import readable_lines
from microfutures.twsim.recording.message import read_recording
from microfutures.twsim.recording.proxy import RecordingProxy
from microfutures.twsim.recording.replay import ReplayServer, scripts_of
from microfutures.twsim.recording.tape import open_tape

MAX_PORT = 65_535

Say = Callable[[str], None]


class Front(Protocol):
    """Something that clients connect to."""

    host: str
    port: int

    async def stop(self) -> None:
        """Disconnect everybody, free the port."""
        ...


def build_recorder(
    path: Path, *, host: str, port: int, clock: Clock, on_line: Say
) -> RecordingProxy:
    """Return a proxy that adds to a recording; refuse a file that can't be written."""
    tape = open_tape(path, on_problem=on_line)
    return RecordingProxy(host=host, port=port, tape=tape, clock=clock, on_line=on_line)


async def serve_proxy(
    address: str, record: Path, *, host: str, port: int, stop: asyncio.Event, on_line: Say
) -> None:
    """Record what passes between clients and a TWS until `stop` is set."""
    tws_host, tws_port = parse_address("--proxy", address)
    if port == tws_port and _addresses(host, port) & _addresses(tws_host, tws_port):
        raise ConfigurationError(f"--proxy {address} is the proxy itself; choose another --port")
    clock = SystemClock()
    proxy = build_recorder(record, host=host, port=port, clock=clock, on_line=on_line)
    await proxy.start(tws_host, tws_port)
    on_line(f"proxy on {proxy.host}:{proxy.port} to {tws_host}:{tws_port}, recording to {record}")
    await _until(stop, proxy)
    on_line("proxy stopped")


async def serve_replay(
    recording: Path, *, host: str, port: int, speed: float, stop: asyncio.Event, on_line: Say
) -> None:
    """Play the server's side of a recording until `stop` is set."""
    messages = read_recording(recording)
    scripts = scripts_of(messages)
    clock = SimulatedClock(SystemClock().now_ns(), speed=speed)
    server = ReplayServer(scripts, host=host, port=port, clock=clock, on_line=on_line)
    await server.start()
    on_line(f"replay on {server.host}:{server.port}: {len(scripts)} sessions of {recording}")
    await _until(stop, server)
    on_line("replay stopped")


async def _until(stop: asyncio.Event, front: Front) -> None:
    try:
        await stop.wait()
    finally:
        await front.stop()


def recording_lines(path: Path) -> Iterator[str]:
    """Return a recording as lines that people read.

    Raises
    ------
    ConfigurationError
        If the file can't be read or is no recording.
    """
    return readable_lines(read_recording(path))


def parse_address(flag: str, text: str) -> tuple[str, int]:
    """Return the host and port that ``127.0.0.1:7497`` or ``[::1]:7497`` mean.

    Raises
    ------
    ConfigurationError
        If the text is no such address, or nobody knows the host.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isdecimal() and port.isascii() and len(port) <= 5
    if not host or not is_port or not 0 < int(port) <= MAX_PORT:
        raise ConfigurationError(
            f"{flag} must be HOST:PORT with a port from 1 to {MAX_PORT}, was {text!a}"
        )
    try:
        _addresses(host, int(port))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "no host name"
        raise ConfigurationError(f"{flag} {text!a}: {reason}") from None
    return host, int(port)


def _addresses(host: str, port: int) -> set[object]:
    return {row[4] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
