"""When the collector of cyclic garbage runs: in quiet moments, never between a tick and its order.

Almost everything here is freed as soon as nobody refers to it. The collector is for the rest,
cycles, and it stops the process while it looks through every object that it may: in a process
that has imported ib_async and learned its contracts, for tens of milliseconds, and by itself it
runs just when the most is being allocated. So what the start has made is set aside for good, and
what comes later is looked through when no order is open. A guard looks at the memory of the
process, so that a day without such a moment does no harm.
"""

import gc
from collections.abc import Callable

from microfutures.app.supervision import resident_kilobytes
from microfutures.ports.clock import Clock

LOOK_SECONDS = 1.0
SETTLED_SECONDS = 20.0
"""After which what the start has made, contracts and past bars too, is set aside."""
YOUNG_OBJECTS = 5_000
"""So many new ones are looked through in about a millisecond."""
EVERYTHING_SECONDS = 3_600.0
GUARD_KILOBYTES = 32 * 1024
"""Grown by this since the latest look at everything, memory is looked through at once."""


class GarbagePolicy:
    """Takes over from the interpreter's own rule for as long as it runs."""

    def __init__(self, *, clock: Clock, is_quiet: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_quiet = is_quiet
        self._seconds = 0.0
        self._kilobytes = 0

    async def run(self) -> None:
        """Decide until cancelled; afterwards the interpreter decides again."""
        self._set_aside()
        gc.disable()
        try:
            await self._clock.sleep(SETTLED_SECONDS)
            self._set_aside()
            while True:
                await self._clock.sleep(LOOK_SECONDS)
                self._look()
        finally:
            gc.enable()
            gc.unfreeze()

    def _look(self) -> None:
        self._seconds += LOOK_SECONDS
        grown = (resident_kilobytes() or 0) - self._kilobytes
        if grown > GUARD_KILOBYTES:
            self._collect_everything()
        elif not self._is_quiet():
            return
        elif self._seconds >= EVERYTHING_SECONDS:
            self._collect_everything()
        elif gc.get_count()[0] >= YOUNG_OBJECTS:
            gc.collect(0)

    def _set_aside(self) -> None:
        self._collect_everything()
        gc.freeze()

    def _collect_everything(self) -> None:
        gc.collect()
        self._seconds = 0.0
        self._kilobytes = resident_kilobytes() or 0
