"""The conformance table: request, client, result."""

import asyncio

from helpers.gateway import gateway_in_a_thread

from . import old_client, third_client
from .clients import IbapiKit, IbAsyncKit, play_ib_async, play_ibapi
from .results import Result

PYTHON_CLIENTS: tuple[type, ...] = (IbapiKit.client, IbAsyncKit.client)

SPEED = 20.0
"""Simulated seconds a second: five-second bars come four times a second."""


def play_all() -> list[Result]:
    """Play every row with every client against one running server."""
    with gateway_in_a_thread(speed=SPEED) as server:
        results = play_ibapi(server.port)
        results += asyncio.run(play_ib_async(server.port))
        if old_client.missing() is None:
            results += old_client.play_old_ibapi(server.port)
        if third_client.missing() is None:
            results += third_client.play_stoqey(server.port)
    return results


def rendered(results: list[Result]) -> str:
    """Return the table as text, one line a request."""
    clients = list(dict.fromkeys(result.client for result in results))
    lines: dict[str, dict[str, str]] = {}
    for result in results:
        note = f" ({result.row.note})" if result.row.note else ""
        mark = "" if result.is_answered else "!! "
        cells = lines.setdefault(result.row.method + note, {})
        cells[result.client] = f"{mark}{result.answer or 'no answer'}"
    heads = ["request", *clients]
    rows = [[name, *(cells.get(each, "-") for each in clients)] for name, cells in lines.items()]
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [heads, ["-" * width for width in widths], *rows]
    ]
    answered = sum(result.is_answered for result in results)
    return "\n".join([*text, "", f"{answered} of {len(results)} requests answered as by TWS"])
