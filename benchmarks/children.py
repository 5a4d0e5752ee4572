"""Processes of the product that are started, killed and started again; their output is kept."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).parents[1]
POLL_SECONDS = 0.02


class Child:
    """One run of ``python ARGUMENTS`` in `directory`; what it says is added to `log`.

    Raises
    ------
    ChildError
        From `wait_for`, if it ends or stays silent instead.
    """

    def __init__(self, *arguments: str, directory: Path, log: str) -> None:
        self._log = directory / log
        self._started = monotonic()
        self._begins = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=directory,
                env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return its exit code; None while it runs."""
        return self._process.poll()

    @property
    def age_seconds(self) -> float:
        """Return how long ago it was started."""
        return monotonic() - self._started

    def said(self) -> str:
        """Return its output so far."""
        with self._log.open("rb") as file:
            file.seek(self._begins)
            return file.read().decode(errors="replace")

    def wait_for(self, text: str, seconds: float = 30.0) -> None:
        """Wait until it says `text`."""
        deadline = monotonic() + seconds
        while text not in self.said():
            if self.exit_code is not None or monotonic() > deadline:
                end = f"ended with {self.exit_code}" if self.exit_code is not None else "is silent"
                raise ChildError(f"waited for {text!r}; it {end}: {self.said()[-2_000:]}")
            sleep(POLL_SECONDS)

    def kill(self) -> None:
        """End it as a power cut of its process alone would; no code of its own runs."""
        self._process.kill()
        self._process.wait()

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until it has ended; return its exit code."""
        return self._process.wait(seconds)

    def end(self, signal_number: int, seconds: float = 30.0) -> int:
        """Ask it to end; return its exit code."""
        self._process.send_signal(signal_number)
        return self.wait(seconds)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def resident_megabytes(pid: int) -> float:
    """Return the memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ChildError(Exception):
    """A process did not do what was waited for."""
