"""Waiting for what another process does, without taking the processor from it."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.02


def wait_until(is_so: Callable[[], bool], seconds: float = 100.0) -> None:
    """Return as soon as something is so; fail if it does not come to be in good time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(POLL_SECONDS)
