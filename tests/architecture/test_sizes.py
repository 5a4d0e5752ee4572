"""Files, functions and classes stay small enough to be read at once."""

import ast

from helpers.source_trees import SOURCE, source_trees

MAX_MODULE_LINES = 360
MAX_FUNCTION_LINES = 60
MAX_METHODS = 24

MESSAGE_TABLES = {"open_order", "completed_order", "details_message"}
"""Layouts of one message: a list with a field a line is easiest to read whole."""

FACADES = {"IBManager", "Link"}
"""They only delegate: a line a method, as many as the ports have."""


def test_no_module_is_longer_than_the_limit() -> None:
    lines = {name: (SOURCE / name).read_text().count("\n") for name, _ in source_trees()}
    long = {name: count for name, count in lines.items() if count > MAX_MODULE_LINES}
    assert not long


def test_no_function_is_longer_than_the_limit() -> None:
    long = []
    for name, tree in source_trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES and node.name not in MESSAGE_TABLES:
                    long.append(f"{name}: {node.name} has {lines} lines")
    assert not long


def test_no_class_has_more_methods_than_the_limit() -> None:
    wide = []
    for name, tree in source_trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name not in FACADES:
                count = sum(
                    isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in node.body
                )
                if count > MAX_METHODS:
                    wide.append(f"{name}: {node.name} has {count} methods")
    assert not wide
