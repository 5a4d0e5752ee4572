"""Clients that send too much at once cost the server no more than a bounded memory."""

import asyncio

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.session import MAX_WAITING_FRAMES
from microfutures.twsim.wire import FrameDecoder, encode, frame, split_fields

REQUESTS = 3_000


class Peer(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard: list[list[str]] = []
        self.frames = FrameDecoder()
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        self.heard += [split_fields(each) for each in self.frames.feed(data)]

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True


async def greeted(port: int, options: bytes = b"") -> tuple[asyncio.Transport, Peer]:
    peer = Peer()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: peer, "127.0.0.1", port)
    transport.write(b"API\0" + frame(b"v157..178" + options) + encode([71, 2, 5, ""]))
    await asyncio.sleep(0.1)
    return transport, peer


def run(scene: object) -> None:
    assert asyncio.iscoroutine(scene)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(scene)


def test_paced_client_is_not_read_while_too_many_of_its_requests_wait() -> None:
    async def scene() -> None:
        server = a_server()
        await server.start()
        transport, peer = await greeted(server.port, b" +PACEAPI")
        for number in range(REQUESTS):
            transport.write(encode([9, 8, number, *[""] * 18]))
        most = 0
        while sum(fields[0] == "4" and fields[3] == "200" for fields in peer.heard) < REQUESTS:
            (session,) = server._sessions
            most = max(most, len(session._waiting))
            await asyncio.sleep(0.5)
        assert most <= MAX_WAITING_FRAMES
        asked = [int(fields[2]) for fields in peer.heard if fields[0] == "4" and fields[3] == "200"]
        assert asked == list(range(REQUESTS))
        await server.stop()

    run(scene())


def test_message_of_countless_fields_ends_its_connection() -> None:
    async def scene() -> None:
        server = a_server()
        await server.start()
        transport, peer = await greeted(server.port)
        transport.write(frame(bytes(2_000_000)))
        await asyncio.sleep(1)
        assert peer.is_lost
        assert peer.heard[-1][3] == "320"
        await server.stop()

    run(scene())
