"""Connections in memory keep to the rules of asyncio's transports."""

import asyncio
from collections.abc import Coroutine

import pytest

from microfutures.adapters.virtual_time import VirtualServer, VirtualTimeLoop


class Listener(asyncio.Protocol):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.told: list[str] = []
        self.ended_by: list[BaseException | None] = []
        self.transport = asyncio.Transport()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data == b"poison":
            raise ValueError("I can't take this")
        self.taken.append(data)

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended_by.append(exc)


async def a_pair() -> tuple[Listener, Listener]:
    """Return the protocols of both ends of a connection, the client's first."""
    loop = asyncio.get_running_loop()
    far = Listener()
    server = await loop.create_server(lambda: far, "127.0.0.1", 0)
    port = server.port if isinstance(server, VirtualServer) else server.sockets[0].getsockname()[1]
    _, near = await loop.create_connection(Listener, "127.0.0.1", port)
    server.close()
    await asyncio.sleep(0.05)
    return near, far


def run(main: Coroutine[None, None, None], factory: type[VirtualTimeLoop] | None) -> None:
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


both = pytest.mark.parametrize("factory", [VirtualTimeLoop, None], ids=["virtual", "real"])
Factory = type[VirtualTimeLoop] | None


@both
def test_protocol_that_raises_loses_its_connection_and_the_loop_is_told(factory: Factory) -> None:
    reported: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: reported.append(context["exception"])
        )
        near, far = await a_pair()
        near.transport.write(b"poison")
        await asyncio.sleep(0.05)
        assert [type(error) for error in far.ended_by] == [ValueError]
        assert far.transport.is_closing()
        assert near.ended_by == [None]

    run(main(), factory)
    assert [str(error) for error in reported] == ["I can't take this"]


@both
def test_what_was_written_before_the_end_is_read_after_a_pause(factory: Factory) -> None:
    async def main() -> None:
        near, far = await a_pair()
        far.transport.pause_reading()
        near.transport.write(b"last words")
        near.transport.close()
        await asyncio.sleep(0.05)
        assert (far.taken, far.ended_by) == ([], [])
        far.transport.resume_reading()
        assert far.taken == []
        await asyncio.sleep(0.05)
        assert (far.taken, far.ended_by) == ([b"last words"], [None])

    run(main(), factory)


@both
def test_limits_of_the_buffer_are_those_that_were_set(factory: Factory) -> None:
    async def main() -> None:
        near, far = await a_pair()
        with pytest.raises(ValueError, match="must be >= low"):
            near.transport.set_write_buffer_limits(high=1, low=2)
        assert near.transport.get_write_buffer_limits() == (16_384, 65_536)
        near.transport.set_write_buffer_limits(low=100)
        assert near.transport.get_write_buffer_limits() == (100, 400)
        near.transport.close()
        await asyncio.sleep(0.05)
        assert far.ended_by == [None]

    run(main(), factory)


def test_unread_data_are_the_writers_buffer_and_it_is_told_to_stop_and_to_go_on() -> None:
    async def main() -> None:
        near, far = await a_pair()
        far.transport.pause_reading()
        near.transport.set_write_buffer_limits(high=10, low=4)
        near.transport.write(b"0123456789")
        await asyncio.sleep(1)
        assert (near.transport.get_write_buffer_size(), near.told) == (10, [])
        near.transport.write(b"x")
        await asyncio.sleep(1)
        assert (near.transport.get_write_buffer_size(), near.told) == (11, ["pause"])
        far.transport.resume_reading()
        await asyncio.sleep(1)
        assert (near.transport.get_write_buffer_size(), near.told) == (0, ["pause", "resume"])
        assert far.taken == [b"0123456789", b"x"]

    run(main(), VirtualTimeLoop)


def test_drain_waits_for_a_reader_that_paused() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        far = Listener()
        await loop.create_server(lambda: far, "127.0.0.1", 7497)
        _, writer = await asyncio.open_connection("127.0.0.1", 7497)
        far.transport.pause_reading()
        writer.write(bytes(100_000))
        await asyncio.sleep(1)
        loop.call_later(60, far.transport.resume_reading)
        await writer.drain()
        assert 61 <= loop.time() < 62
        writer.close()

    run(main(), VirtualTimeLoop)


def test_abort_loses_what_was_not_read() -> None:
    async def main() -> None:
        near, far = await a_pair()
        far.transport.pause_reading()
        near.transport.write(b"never read")
        await asyncio.sleep(1)
        near.transport.abort()
        await asyncio.sleep(1)
        assert near.ended_by == [None]
        far.transport.resume_reading()
        await asyncio.sleep(1)
        assert (far.taken, far.ended_by) == ([], [None])

    run(main(), VirtualTimeLoop)
