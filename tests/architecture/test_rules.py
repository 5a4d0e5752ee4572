"""Rules that layers cannot say."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from helpers.source_trees import source_trees

ROOT = Path(__file__).parents[2]

CLOCK_CALLS = {
    ("time", "time"), ("time", "time_ns"), ("time", "monotonic"), ("time", "sleep"),
    ("time", "perf_counter"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today"),
    ("asyncio", "sleep"),
}  # fmt: skip


def called_attributes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def imports(tree: ast.Module) -> set[str]:
    """Return what is imported as a module; ``from random import Random`` is a seeded class."""
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_clock_is_read_in_one_file() -> None:
    readers = {
        name
        for name, tree in source_trees()
        if any(call in CLOCK_CALLS for call in called_attributes(tree))
    }
    assert readers == {"adapters/system_clock.py"}


def test_randomness_is_always_seeded() -> None:
    unseeded = []
    for name, tree in source_trees():
        if "random" in imports(tree) or "secrets" in imports(tree):
            unseeded.append(name)
    assert not unseeded


def test_ib_async_is_spoken_only_in_its_adapter() -> None:
    speakers = {
        name
        for name, tree in source_trees()
        if any(module.split(".")[0] == "ib_async" for module in imported(tree))
    }
    assert speakers
    assert all(name.startswith("adapters/ib/") for name in speakers)


def test_only_the_risk_gate_makes_approvals() -> None:
    makers = {
        name
        for name, tree in source_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Approved"
    }
    assert makers == {"risk/gate.py"}


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    forbidden = re.compile(
        r"pypi\.(org|python)|pythonhosted|npmjs|(?<![\w.])/(work|root|home)/\w", re.IGNORECASE
    )
    found = []
    for name in listed:
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            text = path.read_text(errors="replace")
            found += [f"{name}: {match.group()}" for match in forbidden.finditer(text)]
    assert not found


def test_import_contracts_are_kept() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
