"""Long work in short steps, one a turn of the loop, so that nobody else waits for it."""

import asyncio
from collections import deque
from collections.abc import Generator, Iterator
from typing import TypeVar

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""Work that pauses wherever others may be served, and returns its result at the end."""


class Turns:
    """All long work that is under way, each piece in its turn."""

    def __init__(self) -> None:
        self._work: deque[Iterator[None]] = deque()

    def begin(self, work: Iterator[None]) -> None:
        """Do the first step now, and the others later; short work is done at once."""
        for _ in work:
            if not self._work:
                asyncio.get_running_loop().call_soon(self._go_on)
            self._work.append(work)
            return

    def _go_on(self) -> None:
        work = self._work.popleft()
        try:
            for _ in work:
                self._work.append(work)
                break
        finally:
            if self._work:
                asyncio.get_running_loop().call_soon(self._go_on)


def whole(work: Steps[Result]) -> Result:
    """Do all steps at once and return the result."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: Result = done.value
            return result
