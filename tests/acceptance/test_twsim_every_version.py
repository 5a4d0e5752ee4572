"""Every request at every server version, against a live server: both clients read all answers."""

import asyncio
from collections import Counter

import pytest
from benchmarks.requests import SCHEDULES_SINCE, requests_of

from helpers.decoders import heard_by_ibapi, read_by_ib_async
from helpers.gateway import a_server
from helpers.raw_client import greeted
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.wire import Field, encode

VERSIONS = range(157, 179)
ALL_KINDS = {
    *(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17, 19, 20, 21, 45, 46, 49, 50, 52, 53, 54),
    *(55, 57, 58, 59, 61, 62, 63, 64, 67, 68, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 85),
    *(88, 89, 90, 93, 94, 95, 96, 97, 98, 99, 101, 102, 107),
}
"""Messages of a session that asks for everything twice, with a trade in between."""

SCHEDULE = 106
"""The one message that came with a later server version."""


def ask_for_everything(version: int) -> list[list[str]]:
    """Return all that the server says to a client that sends every request."""

    async def scene() -> list[list[str]]:
        server = a_server()
        await server.start()
        transport, peer = await greeted(server.port, version=version)
        handshake, *_ = peer.heard
        assert handshake[0] == str(version)
        for _ in range(2):
            for request in requests_of(version):
                transport.write(encode(request))
                await asyncio.sleep(0.03)
            await asyncio.sleep(6)
        await server.stop()
        assert not peer.is_lost
        return peer.heard[1:]

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scene())


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_is_ever_said_is_read_whole_by_both_clients(version: int) -> None:
    heard = ask_for_everything(version)
    expected = ALL_KINDS | ({SCHEDULE} if version >= SCHEDULES_SINCE else set())
    assert {int(fields[0]) for fields in heard} == expected
    left_over: Counter[str] = Counter()
    for fields in {tuple(each): None for each in heard}:
        message: list[Field] = list(fields)
        calls, unread = heard_by_ibapi(version, message)
        assert calls, f"ibapi hears nothing of {fields}"
        assert read_by_ib_async(version, message), f"ib_async hears nothing of {fields}"
        left_over[fields[0]] += unread
    assert +left_over == Counter()
