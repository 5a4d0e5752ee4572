"""A configuration file as plain JSON values: reads it and says where it is broken.

Lines that begin with ``//`` are comments, so that a starting file can explain itself; everything
else is strict JSON, with duplicate keys, NaN and Infinity refused.
"""

import json
from pathlib import Path

from microfutures.model.errors import ConfigurationError

MAX_BYTES = 1_000_000


def read_document(path: Path) -> dict[str, object]:
    """Return the JSON object in `path`; raise `ConfigurationError` naming line and column."""
    return parse_document(_text_of(path), place=str(path))


def parse_document(text: str, *, place: str) -> dict[str, object]:
    """Return the JSON object that `text` spells; `place` names it in errors."""
    if not text.strip():
        raise ConfigurationError(f"{place}: the file is empty; `microfutures init` writes one")
    try:
        value = json.loads(
            _without_comments(text),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise ConfigurationError(_broken(place, text, error)) from None
    except RecursionError:
        raise ConfigurationError(f"{place}: nested too deeply to be a configuration") from None
    except ValueError as error:
        # The hooks below, and Python's own limit on the digits of a whole number.
        raise ConfigurationError(f"{place}: {str(error).split(';')[0]}") from None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{place}: must be a JSON object, {{...}}, at its top")
    return value


def _text_of(path: Path) -> str:
    try:
        if path.is_dir():
            raise ConfigurationError(f"{path}: is a directory, not a configuration file")
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(
                f"{path}: larger than {MAX_BYTES:,} bytes; not a configuration"
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such file; `microfutures init {path}` writes a starting file"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text, see byte {error.start}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{str(path)!a}: can't be read: {reason}") from None


def _without_comments(text: str) -> str:
    """Blank out comment lines, so that lines and columns keep their numbers."""
    return "\n".join("" if line.lstrip().startswith("//") else line for line in text.split("\n"))


def _broken(place: str, text: str, error: json.JSONDecodeError) -> str:
    line = text.split("\n")[error.lineno - 1]
    hint = ""
    if error.doc[: error.pos].rstrip().endswith(",") and error.doc[error.pos :][:1] in {"}", "]"}:
        hint = "; a comma before } or ] is not allowed"
    elif "//" in line or "/*" in line or line.lstrip().startswith("#"):
        hint = "; a comment needs a line of its own that begins with //"
    elif error.msg.startswith("Extra data"):
        hint = "; the object ended before it"
    return f"{place}: line {error.lineno} column {error.colno}: not valid JSON: {error.msg}{hint}"


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {json.dumps(key)} stands twice in one object, keep one")
        result[key] = value
    return result


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number that a setting can have")
