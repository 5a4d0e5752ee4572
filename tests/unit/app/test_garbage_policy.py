import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.app.garbage import (
    GUARD_KILOBYTES,
    LOOK_SECONDS,
    SETTLED_SECONDS,
    YOUNG_OBJECTS,
    GarbagePolicy,
)
from microfutures.app.supervision import resident_kilobytes


class Knot:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self, kilobytes: int = 0) -> None:
        self.itself = self
        self.load = bytearray(b"x" * (kilobytes * 1024))


@asynccontextmanager
async def the_policy(is_quiet: Callable[[], bool]) -> AsyncIterator[SimulatedClock]:
    clock = SimulatedClock(0)
    task = asyncio.create_task(GarbagePolicy(clock=clock, is_quiet=is_quiet).run())
    await clock.sleep(SETTLED_SECONDS + LOOK_SECONDS / 2)
    try:
        yield clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def in_virtual_time(test: Callable[[], object]) -> None:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(test())  # type: ignore[arg-type]


def test_young_garbage_waits_for_a_quiet_moment() -> None:
    async def run() -> None:
        is_quiet = False
        async with the_policy(lambda: is_quiet) as clock:
            knots = [Knot() for _ in range(YOUNG_OBJECTS)]
            first = weakref.ref(knots[0])
            del knots
            await clock.sleep(10 * LOOK_SECONDS)
            assert first() is not None
            is_quiet = True
            await clock.sleep(2 * LOOK_SECONDS)
            assert first() is None

    in_virtual_time(run)


@pytest.mark.skipif(resident_kilobytes() is None, reason="the system does not tell memory")
def test_memory_that_grows_is_looked_through_however_busy_the_desk_is() -> None:
    async def run() -> None:
        async with the_policy(lambda: False) as clock:
            large = weakref.ref(Knot(kilobytes=2 * GUARD_KILOBYTES))
            assert large() is not None
            await clock.sleep(2 * LOOK_SECONDS)
            assert large() is None

    in_virtual_time(run)


def test_the_interpreter_decides_again_afterwards() -> None:
    async def run() -> None:
        async with the_policy(lambda: True):
            assert not gc.isenabled()
            assert gc.get_freeze_count() > 0

    in_virtual_time(run)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
