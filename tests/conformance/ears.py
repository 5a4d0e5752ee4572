"""Stands in for a client's wrapper: keeps every callback, and finds the answer to a request."""

import threading
from collections.abc import Callable
from datetime import UTC
from types import SimpleNamespace
from typing import Any

from .rows import SILENT, Row

Call = tuple[str, tuple[Any, ...]]

ADVISORY = frozenset({10167, 10349, *range(2100, 2200)})
"""Codes that come beside an answer and are none."""

_CHATTER = ("tcpDataArrived", "tcpDataProcessed", "setEventsDone", "connectAck")


class Ears:
    """Hears everything, in the client's thread; asked in the test's."""

    ib = SimpleNamespace(TimezoneTWS="")
    defaultTimezone = UTC

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.lock = threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., None]:
        def record(*arguments: Any, **named: Any) -> None:
            if name not in _CHATTER:
                with self.lock:
                    self.calls.append((name, (*arguments, *named.values())))

        return record

    def forget(self) -> None:
        with self.lock:
            self.calls.clear()

    def heard(self) -> list[Call]:
        with self.lock:
            return list(self.calls)

    def answer(self, row: Row) -> str | None:
        """Return the expected answer once it came; an unexpected error is an answer too."""
        for name, arguments in self.heard():
            if name == "error":
                request_id, code = arguments[0], error_code(arguments)
                if code not in ADVISORY and request_id in (row.request_id, -1):
                    return f"error {code}"
            elif name in row.answers and (
                row.request_id < 0 or not arguments or arguments[0] == row.request_id
            ):
                return name
        return None

    def stream_of(self, request_id: int) -> list[str]:
        """Return the callbacks that name a request."""
        return [
            name
            for name, arguments in self.heard()
            if arguments and arguments[0] == request_id and request_id >= 0
        ]

    def silence(self, row: Row, barrier: str | None) -> str | None:
        """Return `SILENT` when the connection lives and the request's stream, if any, has ended."""
        is_over = barrier is not None and not self.stream_of(row.request_id)
        return SILENT if is_over else None


def error_code(arguments: tuple[Any, ...]) -> int:
    """Return the code of an error callback; newer clients put a time before it."""
    return int(arguments[1] if isinstance(arguments[2], str) else arguments[2])
