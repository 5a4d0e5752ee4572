"""An event loop that does not fall asleep between ticks that come thick and fast.

A processor that goes to sleep takes some thirty to eighty microseconds to be woken, a third of
what an order takes, and its caches are cold then. So while waits are short the loop looks again and
again instead (busy polling); after a long one it sleeps, so that a desk in a quiet market takes
no more of the processor than any other. See docs/adr/0019.
"""

import asyncio
import os
import selectors
import sys

from microfutures.adapters.system_clock import stopwatch

POLL_SECONDS = 0.0005
"""For how long it looks before it sleeps, and what a short wait is."""

Ready = list[tuple[selectors.SelectorKey, int]]


class BusyPollSelector(selectors.DefaultSelector):
    """Waits as the system's own does, but wide awake for a moment if the last wait was short."""

    _was_short = False

    def select(self, timeout: float | None = None) -> Ready:
        """Return what is ready, within `timeout` seconds; None waits for ever."""
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        began = stopwatch()
        ready: Ready = []
        if self._was_short:
            ready = self._look(POLL_SECONDS if timeout is None else min(timeout, POLL_SECONDS))
            if not ready and timeout is not None:
                timeout = max(timeout - (stopwatch() - began), 0.0)
        if not ready:
            ready = super().select(timeout)
        self._was_short = bool(ready) and stopwatch() - began < POLL_SECONDS
        return ready

    def _look(self, seconds: float) -> Ready:
        """Return what is ready as soon as anything is; nothing after so long."""
        until = stopwatch() + seconds
        while not (ready := super().select(0)) and stopwatch() < until:
            pass
        return ready


def trading_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of a desk that trades: one that polls, if that disturbs nobody.

    On a single processor TWS itself would have to wait for it.
    """
    if os.cpu_count() == 1 or sys.platform == "win32":
        return asyncio.new_event_loop()
    return asyncio.SelectorEventLoop(BusyPollSelector())
