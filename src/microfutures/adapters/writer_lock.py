"""One process at a time: a locked file beside the one that it protects, naming its owner.

The kernel lets go of the lock when its owner dies, however it dies. The file itself stays: one
that is deleted while another process waits for it would let two in.
"""

import fcntl
import os
from pathlib import Path

from microfutures.model.errors import JournalError

OWNER_CHARACTERS = 40


class WriterLock:
    """Holds the lock of `path` from construction to `release`.

    Raises
    ------
    JournalError
        If another process, or another object of this one, holds it; the text names the owner.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = None
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalError(
                f"{path}: {error.strerror}; check the directory and the right to write in it"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(descriptor, OWNER_CHARACTERS).decode(errors="replace").strip()
            os.close(descriptor)
            raise JournalError(
                f"journal {path.with_suffix('')} is written by {owner or 'another process'}; "
                "stop it, or give each run its own log directory"
            ) from None
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()}\n".encode())
        except OSError as error:
            os.close(descriptor)
            raise JournalError(
                f"{path}: {error.strerror}; free some space on the disk and start again"
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock; idempotent."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
