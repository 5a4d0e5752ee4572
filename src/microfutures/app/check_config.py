"""`microfutures check-config`: the settings in force, and who said each of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from microfutures.config.fields import shown
from microfutures.config.loading import load_with_origins
from microfutures.config.log_directory import require_writable


def effective_lines(path: Path | None, overrides: Mapping[str, object]) -> list[str]:
    """Return one line a setting: its path, its value as JSON and flag, file or default.

    Raises
    ------
    ConfigurationError
        If anything is wrong, the log directory included; nothing is written.
    """
    loaded = load_with_origins(path, overrides)
    require_writable(Path(loaded.settings.logging.log_dir))
    rows = [
        (name, shown(value), loaded.origins[name].value)
        for name, value in _leaves("", msgspec.to_builtins(loaded.settings))
    ]
    name_width = max(len(name) for name, _, _ in rows)
    value_width = max(len(value) for _, value, _ in rows)
    lines = [
        f"{name:<{name_width}}  {value:<{value_width}}  {origin}" for name, value, origin in rows
    ]
    return [*lines, f"{path or 'no file'}: the settings are good"]


def _leaves(path: str, node: object) -> Iterator[tuple[str, object]]:
    if not isinstance(node, dict):
        yield path, int(node) if isinstance(node, float) and node.is_integer() else node
        return
    for key, value in node.items():
        yield from _leaves(f"{path}.{key}" if path else key, value)
