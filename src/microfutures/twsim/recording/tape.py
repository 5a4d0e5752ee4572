"""The file that a recording is appended to."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from microfutures.model.errors import ConfigurationError
from microfutures.twsim.recording.message import RecordedMessage, read_recording

_OWNER_ONLY = 0o600


class Tape:
    """Appends messages to an open file, each in one write, so that no line is ever mixed.

    A disk that fails ends the recording and not the sessions; `on_problem` is told once.
    """

    def __init__(self, descriptor: int, *, on_problem: Callable[[str], None]) -> None:
        self._descriptor: int | None = descriptor
        self._on_problem = on_problem
        self._encoder = msgspec.json.Encoder()

    def append(self, message: RecordedMessage) -> None:
        """Write a message to the end of the file."""
        if self._descriptor is None:
            return
        line = self._encoder.encode(message) + b"\n"
        problem = "the line was cut short, is the disk full?"
        try:
            is_written = os.write(self._descriptor, line) == len(line)
        except OSError as error:
            is_written, problem = False, str(error.strerror or error)
        if not is_written:
            self.close()
            self._on_problem(f"recording ended: {problem}")

    def close(self) -> None:
        """Close the file; what comes after is not recorded."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def open_tape(path: Path, *, on_problem: Callable[[str], None]) -> Tape:
    """Return a tape that adds to `path`, which only its owner may read if it is new.

    Raises
    ------
    ConfigurationError
        If the file can't be written, or holds something else than a recording.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        descriptor = os.open(path, flags, _OWNER_ONLY)
        if os.fstat(descriptor).st_size:
            read_recording(path)
            os.ftruncate(descriptor, _whole_lines_bytes(path))
    except OSError as error:
        raise ConfigurationError(
            f"--record {str(path)!a} can't be written: {error.strerror or error}"
        ) from None
    return Tape(descriptor, on_problem=on_problem)


def _whole_lines_bytes(path: Path) -> int:
    """Return where the last whole line ends; a process that died may have left half of one."""
    return path.read_bytes().rfind(b"\n") + 1
