"""The package's own source, parsed once for all rules about it."""

import ast
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "microfutures"


@cache
def source_trees() -> tuple[tuple[str, ast.Module], ...]:
    """Return each module's path below the package and its syntax tree."""
    return tuple(
        (path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text()))
        for path in sorted(SOURCE.rglob("*.py"))
    )
