"""Display groups, as two clients of TWS see them."""

import asyncio

import pytest

from helpers.decoders import VERSIONS, read_by_both
from helpers.gateway import a_server
from helpers.raw_client import greeted
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.wire import encode


def test_clients_that_watch_a_group_see_what_one_of_them_shows() -> None:
    async def scene() -> None:
        server = a_server()
        await server.start()
        (first, heard), (second, other) = (
            await greeted(server.port),
            await greeted(server.port, client_id=6),
        )
        del heard.heard[:], other.heard[:]
        first.write(encode([67, 1, 7]) + encode([68, 1, 8, 2]))
        second.write(encode([68, 1, 9, 2]) + encode([68, 1, 10, 3]))
        await asyncio.sleep(1)
        first.write(encode([69, 1, 8, "8314@SMART"]))
        await asyncio.sleep(1)
        assert heard.heard == [
            ["67", "1", "7", "1|2|3|4|5|6|7"],
            ["68", "1", "8", "none"],
            ["68", "1", "8", "8314@SMART"],
        ]
        second.write(encode([70, 1, 9]) + encode([68, 1, 11, 2]))
        first.write(encode([69, 1, 8, ""]))
        await asyncio.sleep(1)
        assert [fields[2:] for fields in other.heard] == [
            *(["9", "none"], ["10", "none"], ["9", "8314@SMART"]),
            *(["11", "8314@SMART"], ["11", "none"]),
        ]
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(scene())


@pytest.mark.parametrize("request_fields", [[68, 1, 8, 0], [68, 1, 8, 8], [69, 1, 8, "1@SMART"]])
def test_group_that_is_unknown_or_not_watched_is_refused(request_fields: list[int | str]) -> None:
    async def scene() -> None:
        server = a_server()
        await server.start()
        transport, peer = await greeted(server.port)
        del peer.heard[:]
        transport.write(encode(request_fields))
        await asyncio.sleep(1)
        assert [fields[2:4] for fields in peer.heard] == [["8", "321"]]
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(scene())


@pytest.mark.parametrize("version", VERSIONS)
def test_messages_are_read_by_both_clients(version: int) -> None:
    for name, arguments in read_by_both(version, [67, 1, 7, "1|2"]):
        assert (name, *arguments) == ("displayGroupList", 7, "1|2")
    for name, arguments in read_by_both(version, [68, 1, 7, "none"]):
        assert (name, *arguments) == ("displayGroupUpdated", 7, "none")
