"""Clients that send too much at once cost the server no more than a bounded memory."""

import asyncio

from helpers.gateway import a_server
from helpers.raw_client import greeted
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.session import MAX_WAITING_FRAMES
from microfutures.twsim.wire import encode, frame

REQUESTS = 3_000


def run(scene: object) -> None:
    assert asyncio.iscoroutine(scene)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(scene)


def test_paced_client_is_not_read_while_too_many_of_its_requests_wait() -> None:
    async def scene() -> None:
        server = a_server()
        await server.start()
        transport, peer = await greeted(server.port, options=b" +PACEAPI")
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


def test_client_that_keeps_sending_too_fast_is_told_thrice_and_disconnected() -> None:
    async def scene() -> None:
        server = a_server()
        await server.start()
        transport, peer = await greeted(server.port)
        for _ in range(30):
            for _ in range(12):
                transport.write(encode([49, 1]))
            await asyncio.sleep(0.1)
        told = [fields[4] for fields in peer.heard if fields[0] == "4" and fields[3] == "100"]
        assert peer.is_lost
        assert told[0].endswith("exceeded:max=50 rec=51 (1)")
        assert {text[-3:] for text in told} == {"(1)", "(2)", "(3)"}
        assert sum(text.endswith("(3)") for text in told) == 1
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
