"""`--record`: a process of its own brings what the desk sees into the store.

It reads the journal, which has every quote anyway: nothing is added to the way of a tick, and a
desk that is killed loses none. The process ends when the desk does, after it has caught up.
"""

import logging
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from microfutures.model.errors import ConfigurationError

LIBRARIES = ("pyarrow", "duckdb", "numpy")
PROGRAM = "microfutures.app.recording.recorder_process"
PATIENCE_SECONDS = 120.0
"""For the rest of the journal at the end; what is left then is recorded by the next run."""

_log = logging.getLogger("microfutures.recorder")


class Recorder:
    """Starts the process, and waits for it at the end.

    Raises
    ------
    ConfigurationError
        If the store's libraries or its folder are missing.
    """

    def __init__(self, store: Path) -> None:
        missing = [name for name in LIBRARIES if find_spec(name) is None]
        if missing:
            raise ConfigurationError(
                f"--record needs {' and '.join(missing)}; install microfutures[research]"
            )
        try:
            store.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"--record {str(store)!a}: {error.strerror}; name a folder that can be written"
            ) from error
        self._store = store
        self._process: subprocess.Popen[str] | None = None

    def start(self, journal: Path) -> None:
        """Begin to follow a journal that is there."""
        words = ("-m", PROGRAM, str(journal), str(self._store))
        self._process = subprocess.Popen(  # noqa: S603 - our own module and two paths
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def stop(self) -> None:
        """Let it catch up with a journal that is complete, and say what came of it."""
        if self._process is None:
            return
        try:
            said, _ = self._process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            said = "not done in time; the next run with --record goes on\n"
        words = said.splitlines()[-1:] or [f"failed with {self._process.returncode}"]
        _log.info("recording into %s: %s", self._store, words[0])
        self._process = None
