"""The same rows at older server versions, in virtual time."""

import asyncio

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop

from .clients import play_ib_async
from .results import Result

SERVER_VERSIONS = (157, 163, 170, 173, 178)
"""The oldest and newest of today, and between them versions at which messages changed."""


def play_version(version: int) -> list[Result]:
    """Play every row with ib_async as a client that knows no later version."""

    async def scene() -> list[Result]:
        server = a_server()
        await server.start()
        results = await play_ib_async(server.port, version=version, quiet_seconds=1)
        await server.stop()
        return results

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scene())


def rendered() -> str:
    """Return one line a version: how many requests were answered."""
    lines = ["server version  requests answered to ib_async"]
    for version in SERVER_VERSIONS:
        results = play_version(version)
        answered = sum(result.is_answered for result in results)
        lines.append(f"{version:14}  {answered} of {len(results)}")
    return "\n".join(lines)
