"""The full stack in virtual time: how many seconds of trading pass in one of the machine's."""

import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from time import perf_counter

TRADED_SECONDS = 1800


def simulated_day() -> Iterator[str]:
    with TemporaryDirectory() as logs:
        command = [
            sys.executable, "main.py", "--simulate", "--virtual-time", "--display", "none",
            "--duration", str(TRADED_SECONDS), "--log-dir", logs,
        ]  # fmt: skip
        started = perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took = perf_counter() - started
    yield f"half an hour of trading {took:8.2f} s    {TRADED_SECONDS / took:6.0f} x real time"
