"""Whether the log directory can be written to, asked before anything is written."""

import os
from pathlib import Path

from microfutures.model.errors import ConfigurationError

REMEDY = "choose another with --log-dir or logging.log_dir"


def require_writable(directory: Path) -> None:
    """Refuse a log directory that can't be made or written to; create nothing.

    Raises
    ------
    ConfigurationError
        If the directory, or its nearest existing parent, is a file or not writable.
    """
    try:
        existing = _nearest_existing(directory.absolute())
        is_directory = existing.is_dir()
    except (OSError, ValueError) as error:
        raise cannot_write(directory, str(error)) from None
    if not is_directory:
        raise cannot_write(directory, f"{existing} is not a directory")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise cannot_write(directory, f"no permission to write in {existing}")


def make_directory(directory: Path) -> None:
    """Create the log directory and its parents; raise `ConfigurationError` if that fails."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(directory, error.strerror or str(error)) from None


def cannot_write(directory: Path, reason: str) -> ConfigurationError:
    """Return the error of one line."""
    return ConfigurationError(f"log directory {str(directory)!a}: {reason}; {REMEDY}")


def _nearest_existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
