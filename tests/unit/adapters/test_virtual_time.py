import asyncio
import socket
from collections.abc import Coroutine
from threading import Thread
from typing import TypeVar

import pytest

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import TURNS_BETWEEN_LOOKS, VirtualTimeLoop

T = TypeVar("T")


def run(main: Coroutine[None, None, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


async def test_virtual_loop_is_not_the_default() -> None:
    assert not isinstance(asyncio.get_running_loop(), VirtualTimeLoop)


def test_virtual_loop_jumps_over_a_day_of_waiting() -> None:
    clock = SimulatedClock(1_000, speed=2.0)

    async def main() -> int:
        clock.now_ns()
        await clock.sleep(86_400)
        return clock.now_ns()

    assert run(main()) == 1_000 + 86_400 * 10**9


def test_virtual_connection_carries_bytes_both_ways_and_ends() -> None:
    async def main() -> tuple[bytes, bytes]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        loop = asyncio.get_running_loop()

        def serve() -> asyncio.BaseProtocol:
            reader = asyncio.StreamReader()
            return asyncio.StreamReaderProtocol(reader, answer)

        server = await loop.create_server(serve, "127.0.0.1", 7497)
        reader, writer = await asyncio.open_connection("127.0.0.1", 7497)
        writer.write(b"hello\n")
        line, rest = await reader.readline(), await reader.read()
        server.close()
        return line, rest

    assert run(main()) == (b"HELLO\n", b"")


def test_virtual_connection_is_refused_where_nothing_listens() -> None:
    async def main() -> None:
        await asyncio.open_connection("127.0.0.1", 7497)

    with pytest.raises(ConnectionRefusedError):
        run(main())


def test_virtual_loop_says_so_when_nothing_could_ever_happen() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="virtual time stands still"):
        run(main())


def test_virtual_loop_hears_a_real_socket_while_time_jumps() -> None:
    async def main() -> bytes:
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        here, there = socket.socketpair()
        with here, there:
            loop.add_reader(here, heard.set)
            there.send(b"stop")
            for _ in range(2 * TURNS_BETWEEN_LOOKS):
                await asyncio.sleep(3600)
            loop.remove_reader(here)
            return here.recv(4) if heard.is_set() else b""

    assert run(main()) == b"stop"


def test_virtual_loop_takes_what_another_thread_hands_it() -> None:
    async def main() -> int:
        loop, answer = asyncio.get_running_loop(), asyncio.Future[int]()
        thread = Thread(target=loop.call_soon_threadsafe, args=(answer.set_result, 3))
        thread.start()
        while not answer.done():
            await asyncio.sleep(1)
        thread.join()
        return await answer

    assert run(main()) == 3


def test_virtual_timers_fire_in_their_order_and_cancelled_ones_never() -> None:
    async def main() -> list[int]:
        loop, fired = asyncio.get_running_loop(), list[int]()
        timers = [loop.call_later(300 - each, fired.append, each) for each in range(300)]
        for timer in timers[::3]:
            timer.cancel()
        await asyncio.sleep(301)
        return fired

    assert run(main()) == [each for each in range(299, -1, -1) if each % 3]
