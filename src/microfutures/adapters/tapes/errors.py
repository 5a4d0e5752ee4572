"""The one error of this package: a file that can't be trusted, named with place and remedy."""

from pathlib import Path

from microfutures.model.errors import ConfigurationError


class TapeError(ConfigurationError):
    """A tape is missing or wrong; the text says which file, where, and what to do."""

    def __init__(self, path: Path, problem: str, remedy: str, *, line: int | None = None) -> None:
        place = str(path) if line is None else f"{path}, line {line}"
        super().__init__(f"{place}: {problem}; {remedy}")
