"""Who owns the adapter's tasks: one group while `IBManager.run` runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Work = Callable[[], Awaitable[None]]
"""What a task does; called when it starts, so that one that never starts leaves nothing behind."""

_log = logging.getLogger("microfutures.ib")


class Crew:
    """Starts tasks; one that fails for a reason nobody foresaw ends the run."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def on_duty(self) -> AsyncIterator[None]:
        """Own, for the time of this context, every task that is started."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                yield
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        finally:
            self._group = None

    def spawn(self, work: Work) -> asyncio.Task[None]:
        """Start a task; outside of `on_duty` (a script) its failure is logged."""
        if self._group is not None:
            return self._group.create_task(_do(work))
        task = asyncio.create_task(_do(work))
        task.add_done_callback(_log_failure)
        return task


async def _do(work: Work) -> None:
    await work()


def _log_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("a task failed", exc_info=error)
