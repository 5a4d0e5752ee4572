"""Keys of the dashboard: read without waiting, the terminal is put back as it was."""

import asyncio
import os
import sys
from collections.abc import Callable

KEYS = frozenset("123pq?\t")


class Keyboard:
    """Calls back for each known key while it is started; does nothing without a terminal."""

    def __init__(self, on_key: Callable[[str], None]) -> None:
        self._on_key = on_key
        self._restore: Callable[[], None] | None = None

    @property
    def is_started(self) -> bool:
        """Tell whether keys are read."""
        return self._restore is not None

    def start(self) -> None:
        """Read keys from now on; needs the running event loop."""
        if os.name != "posix" or not sys.stdin.isatty():
            return
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        loop = asyncio.get_running_loop()

        def restore() -> None:
            loop.remove_reader(descriptor)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

        self._restore = restore
        # cbreak and not raw: Ctrl+C stays a signal.
        tty.setcbreak(descriptor)
        loop.add_reader(descriptor, self._read)

    def stop(self) -> None:
        """Put the terminal back; may be called twice."""
        restore, self._restore = self._restore, None
        if restore is not None:
            restore()

    def _read(self) -> None:
        for key in os.read(sys.stdin.fileno(), 64).decode(errors="ignore"):
            if key in KEYS:
                self._on_key(key)
