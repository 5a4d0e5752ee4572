"""What a client costs while it is measured: processor time, and memory as orders go by."""

import os
from collections.abc import Callable
from pathlib import Path
from time import process_time

import msgspec

from benchmarks.tick_server import WARM_UP_ORDERS

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Cost(msgspec.Struct, frozen=True):
    """Of the orders after the warm-up."""

    cpu_seconds: float
    resident: list[int]
    """Bytes of memory after the warm-up and then a few times until the end."""


class Meter:
    """Counts orders; `looks` times evenly over the run it looks at the memory."""

    def __init__(self, orders: int, tell_ready: Callable[[], None], looks: int = 10) -> None:
        self._tell_ready = tell_ready
        self._step = max(orders // looks, 1)
        self._count = 0
        self._cpu_seconds = 0.0
        self._resident: list[int] = []

    def ready(self) -> None:
        """Say that ticks may come."""
        self._tell_ready()

    def count(self) -> None:
        """Count an order that was just sent."""
        beyond = self._count - WARM_UP_ORDERS
        self._count += 1
        if beyond == 0:
            self._cpu_seconds = -process_time()
        if beyond >= 0 and beyond % self._step == 0:
            self._resident.append(_resident_bytes())

    def cost(self) -> Cost:
        """Return what was measured up to now."""
        return Cost(self._cpu_seconds + process_time(), [*self._resident, _resident_bytes()])


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
