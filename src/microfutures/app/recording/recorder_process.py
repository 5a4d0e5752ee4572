"""The process behind `--record`: it is given the path of a journal and that of a store."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from microfutures.adapters.store.follower import JournalFollower
from microfutures.model.errors import MicroFuturesError

PACE_SECONDS = 300.0
"""Each time the month's file of every contract is written anew."""
LOWEST_PRIORITY = 19


async def follow(
    follower: JournalFollower, ended: asyncio.Event, say: Callable[[str], None]
) -> None:
    """Catch up from time to time until `ended`, and once more then; an error is tried again."""
    added = 0
    while True:
        is_last = ended.is_set()
        try:
            added += follower.catch_up()
            say(f"{added:,} new quotes")
        except MicroFuturesError as error:
            say(f"{added:,} new quotes, then: {error}")
        if is_last:
            return
        try:
            await asyncio.wait_for(ended.wait(), PACE_SECONDS)
        except TimeoutError:
            continue


def _tell_desk(line: str) -> None:
    """Say how far it has come to a desk that is still there to hear it."""
    with suppress(BrokenPipeError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


async def _main(journal: Path, store: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    # The desk holds the other end of this pipe: it closes when the desk ends, however it ends.
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await follow(JournalFollower(journal, store), ended, _tell_desk)
    loop.remove_reader(sys.stdin.fileno())


if __name__ == "__main__":
    for ask in (signal.SIGINT, signal.SIGTERM):
        # Both come to the whole group; the desk answers them, and this process follows the desk.
        signal.signal(ask, signal.SIG_IGN)
    os.nice(LOWEST_PRIORITY)
    asyncio.run(_main(Path(sys.argv[1]), Path(sys.argv[2])))
