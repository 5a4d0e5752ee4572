"""IB's client of 2020, release 9.81, played through the same rows.

It has the name of today's, so it lives in a folder of its own and runs in a process of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .results import Result
from .rows import ROWS, Row

FOLDER = Path(sys.prefix) / "old-ibapi"
NAME = "ibapi 9.81"
SECONDS = 100


def missing() -> str | None:
    """Return why this client can't be played here; None when it can."""
    if (FOLDER / "ibapi").is_dir():
        return None
    return "needs its package: make clients"


def requests() -> set[str]:
    """Return the requests that the client has."""
    return set(_run())


def rows() -> list[Row]:
    """Return the rows whose method the client has."""
    known = requests()
    return [row for row in ROWS if row.method in known]


def play_old_ibapi(port: int) -> list[Result]:
    """Play the rows with this client over a real socket."""
    return [Result(row, NAME, answer) for row, answer in zip(rows(), _run(str(port)), strict=True)]


def _run(*arguments: str) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-m", "conformance.old_program", *arguments],
        env={**os.environ, "PYTHONPATH": f"{FOLDER}{os.pathsep}{Path(__file__).parents[1]}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    heard: list[Any] = json.loads(done.stdout)
    return heard
