"""The file that `microfutures init` writes: every setting, explained, at its default."""

import json
from collections.abc import Mapping

from microfutures.config.fields import admitted
from microfutures.config.reference import (
    ANY_STRATEGY,
    FIELDS,
    SETTINGS,
    Setting,
    default_of,
    default_words,
)
from microfutures.config.settings import DEFAULT_STRATEGY

_HEADER = """\
// Settings of microfutures, all at their defaults; delete what you don't change.
// Lines that begin with // are comments. A flag on the command line wins over this file.
// Check it with: microfutures check-config <this file>
"""

Tree = dict[str, "Tree | Setting"]


def starting_file_text() -> str:
    """Return the text of the file."""
    tree: Tree = {}
    for row in SETTINGS:
        *parents, name = row.path.replace(ANY_STRATEGY, f"strategies.{DEFAULT_STRATEGY}").split(".")
        branch = tree
        for parent in parents:
            branch = _branch(branch, parent)
        branch[name] = row
    return f"{_HEADER}{{\n{_members(tree, 1)}\n}}\n"


def _branch(tree: Tree, name: str) -> Tree:
    found = tree.setdefault(name, {})
    if isinstance(found, Setting):
        raise TypeError(f"{name} is a setting and a section")
    return found


def _members(tree: Mapping[str, "Tree | Setting"], depth: int) -> str:
    return ",\n".join(_member(name, each, depth) for name, each in tree.items())


def _member(name: str, node: "Tree | Setting", depth: int) -> str:
    indent = "  " * depth
    if not isinstance(node, Setting):
        return f'{indent}"{name}": {{\n{_members(node, depth + 1)}\n{indent}}}'
    unit = f", {node.unit}" if node.unit else ""
    value = default_of(node.path)
    text = json.dumps(value) if isinstance(value, str) else default_words(node.path)
    return (
        f"{indent}// {node.text}{unit}: {admitted(FIELDS[node.path].type)}\n"
        f'{indent}"{name}": {text}'
    )
