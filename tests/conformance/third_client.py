"""@stoqey/ib, a client in TypeScript, played through the same rows by a program of Node."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .results import Result
from .rows import ROWS, SCANNER, Row

FOLDER = Path(__file__).parent / "stoqey"
NAME = "@stoqey/ib"
CLIENT_ID = 13
SECONDS = 300

OTHER_NAMES = {
    "reqHeadTimeStamp": "reqHeadTimestamp",
    "cancelHeadTimeStamp": "cancelHeadTimestamp",
    "cancelWshMetaData": "reqCancelWshMetaData",
    "cancelWshEventData": "reqCancelWshEventData",
}
"""Our row's method, as this client calls it."""

DECLARED = re.compile(r"^    (\w+)\(.*\): (?:IBApi|this);", re.MULTILINE)


class JsonKit:
    """The client's plain objects."""

    is_ibapi = False
    name = NAME

    def contract(self, **fields: Any) -> Any:
        return fields

    def leg(self, **fields: Any) -> Any:
        return fields

    def order(self, **fields: Any) -> Any:
        return {"transmit": True, **fields}

    def execution_filter(self) -> Any:
        return {}

    def scanner(self) -> Any:
        return SCANNER

    def wsh_events(self) -> Any:
        return 8314

    def order_cancel(self) -> tuple[Any, ...]:
        return ("",)

    def next_order_id(self) -> int:
        return 7001


def missing() -> str | None:
    """Return why this client can't be played here; None when it can."""
    if shutil.which("node") is None:
        return "needs Node.js"
    if not (FOLDER / "node_modules" / "@stoqey").is_dir():
        return "needs its packages: make clients, with npm installed"
    return None


def requests() -> set[str]:
    """Return the requests that the client declares."""
    declared = FOLDER / "node_modules" / "@stoqey" / "ib" / "dist" / "api" / "api.d.ts"
    names = set(DECLARED.findall(declared.read_text()))
    return names - {"connect", "disconnect", "on"}


def rows() -> list[Row]:
    """Return the rows whose method the client has."""
    known = requests()
    return [row for row in ROWS if OTHER_NAMES.get(row.method, row.method) in known]


def play_stoqey(port: int) -> list[Result]:
    """Play the rows with this client over a real socket."""
    played = rows()
    done = subprocess.run(
        ["node", "drive.js", str(port), str(CLIENT_ID)],
        cwd=FOLDER,
        input=json.dumps([_plan(row) for row in played]),
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    answers = json.loads(done.stdout)
    return [Result(row, NAME, answer) for row, answer in zip(played, answers, strict=True)]


def _plan(row: Row) -> dict[str, Any]:
    arguments = row.arguments(JsonKit())
    if row.method == "reqHistogramData":
        arguments = (*arguments[:3], 2, "DAY")
    return {
        "method": OTHER_NAMES.get(row.method, row.method),
        "arguments": arguments,
        "answers": row.answers,
        "id": row.request_id,
    }
