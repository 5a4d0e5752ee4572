"""Servers in processes of their own, so that what they cost can be told from what asking costs."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.twsim.server import TwsServer
from microfutures.twsim.wire import FrameDecoder, encode, frame, split_fields
from microfutures.venue.market import MarketSource
from microfutures.venue.venue import Venue

ACCOUNTS = ("DU1000001",)
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
HOST = "127.0.0.1"

Tell = Callable[[int], None]
Work = Callable[[Tell], Coroutine[object, object, None]]


def a_gateway(market: MarketSource) -> TwsServer:
    """Return a server that takes messages as fast as they come."""
    venue = Venue(
        instruments=market.instruments,
        accounts=ACCOUNTS,
        initial_cash=Decimal(10_000_000),
        start_ns=market.start_ns,
        seed=1,
        session=0,
    )
    clock = SimulatedClock(market.start_ns)
    return TwsServer(
        venue=venue,
        market=market,
        clock=clock,
        accounts=ACCOUNTS,
        max_messages_per_second=None,
    )


class Process:
    """A server in its own process."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self._stat = Path(f"/proc/{pid}/stat")

    def cpu_seconds(self) -> float:
        """Return the processor time used so far."""
        user, system = self._stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / TICKS_A_SECOND


@contextmanager
def running(work: Work) -> Iterator[Process]:
    """Run `work` in a process; it tells the port that it listens on."""
    here, there = get_context("fork").Pipe()
    child = get_context("fork").Process(target=_run, args=(work, there), daemon=True)
    child.start()
    assert child.pid is not None
    yield Process(int(here.recv()), child.pid)
    child.terminate()
    child.join()


def _run(work: Work, parent: Connection) -> None:
    asyncio.run(work(parent.send))


class Client:
    """A blocking connection of the API."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._frames = FrameDecoder()
        self._waiting: list[list[str]] = []

    def start(self, client_id: int, version: int) -> None:
        """Shake hands and read all that the server begins with."""
        self.send(b"API\0" + frame(b"v157..%d" % version) + encode([71, 2, client_id, ""]))
        while self.next()[:1] != ["4"] or not self._is_quiet():
            pass

    def send(self, stream: bytes) -> None:
        self._socket.sendall(stream)

    def next(self) -> list[str]:
        """Return the fields of the next message."""
        while not self._waiting:
            self._waiting += [split_fields(each) for each in self._frames.feed(self._read())]
        return self._waiting.pop(0)

    def drain(self) -> int:
        """Read once; return the messages that came whole."""
        return len(self._frames.feed(self._read()))

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def _is_quiet(self) -> bool:
        return not self._waiting

    def _read(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data
