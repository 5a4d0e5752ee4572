"""`microfutures init`: the starting file on disk."""

import os
from pathlib import Path

from microfutures.config.starting_file import starting_file_text
from microfutures.model.errors import ConfigurationError


def write_starting_file(path: Path) -> None:
    """Write the commented starting file to `path`.

    Raises
    ------
    ConfigurationError
        If there is something already, which stays as it is, or if it can't be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starting_file_text())
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise ConfigurationError(
            f"{path}: exists already and was left alone; name another file or move it away"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{str(path)!a}: can't be written: {reason}") from None
