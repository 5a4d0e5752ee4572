"""Plays the rows with IB's own client, of any release: it reads in a thread."""

import threading
import time
from typing import Any

from .ears import Ears
from .results import Result, rows_of
from .rows import SILENT, Kit, Row

ANSWER_SECONDS = 10.0
QUIET_SECONDS = 0.05
"""How long nothing may come after a cancel; a simulated second."""

BARRIER = Row("reqCurrentTime", lambda kit: (), ("currentTime",))


def play(client: Any, kit: Kit, ears: Ears, port: int, client_id: int) -> list[Result]:
    """Connect, play the rows that the client has, and disconnect."""
    client.connect("127.0.0.1", port, clientId=client_id)
    thread = threading.Thread(target=client.run, daemon=True)
    thread.start()
    try:
        _wait(ears, Row("", lambda kit: (), ("nextValidId",)))
        return [
            Result(row, kit.name, _ask(ears, row, client, kit)) for row in rows_of(type(client))
        ]
    finally:
        client.disconnect()
        thread.join(5)


def _ask(ears: Ears, row: Row, client: Any, kit: Kit) -> str | None:
    ears.forget()
    getattr(client, row.method)(*row.arguments(kit))
    if SILENT not in row.answers:
        return _wait(ears, row)
    client.reqCurrentTime()
    if _wait(ears, BARRIER) is None or ears.answer(row) is not None:
        return ears.answer(row)
    # What was under way is through: from here on nothing more may come.
    ears.forget()
    time.sleep(QUIET_SECONDS)
    client.reqCurrentTime()
    return ears.silence(row, _wait(ears, BARRIER))


def _wait(ears: Ears, row: Row) -> str | None:
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until:
        answer = ears.answer(row)
        if answer is not None:
            return answer
        time.sleep(0.005)
    return None
