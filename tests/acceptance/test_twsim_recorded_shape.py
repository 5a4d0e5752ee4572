"""The exchanges that were recorded from a real TWS, held again with the simulator."""

import asyncio
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import pytest
from benchmarks.requests import requests_of

from helpers.gateway import a_server
from helpers.raw_client import greeted
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.recording.message import RecordedMessage, read_recording
from microfutures.twsim.wire import encode

VERSION = 173
IN_WORDS = re.compile(r"[A-Za-z_]")
PADDED = re.compile(r"-?[0-9]+\.[0-9]{2,}0")
"""Amounts of money have two decimals; other numbers end where they are exact."""
SUMMARY = "62"
STOCK, FUTURE = "STK", "FUT"


def shape(fields: Iterable[str]) -> list[str]:
    """Return what kind of value each field is; zeros that only fill up decimals are one of them."""
    return [kind(field) for field in fields]


def kind(field: str) -> str:
    if not field:
        return "empty"
    if IN_WORDS.search(field):
        return "text"
    return "padded number" if PADDED.fullmatch(field) else "number"


def exchanges(path: Path) -> list[tuple[str, list[RecordedMessage]]]:
    rows = [each for each in read_recording(path) if each.kind == "recorded"]
    parts = groupby(rows, key=lambda each: each.to == "tws")
    talks: list[tuple[str, list[RecordedMessage]]] = []
    for is_asked, part in parts:
        for message in part:
            if is_asked:
                talks.append((message.fields[0], [message]))
            else:
                talks[-1][1].append(message)
    return talks


def hold(asked: RecordedMessage) -> list[list[str]]:
    """Return the simulator's answer, from an account that holds a future and a fund."""

    async def scene() -> list[list[str]]:
        server = a_server()
        await server.start()
        transport, peer = await greeted(server.port, version=VERSION)
        await asyncio.sleep(2)
        bought = [each for each in requests_of(VERSION) if each[0] == "3" and "MKT" in each]
        for number, order in enumerate([bought[0], future_of(bought[0])]):
            order[1] = str(100 + number)
            transport.write(encode(order))
        await asyncio.sleep(2)
        peer.heard.clear()
        transport.write(encode(asked.fields))
        await asyncio.sleep(0.5)
        await server.stop()
        return peer.heard

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scene())


def future_of(order: list[str]) -> list[str]:
    """Return the same order for the future that the limit orders are for."""
    limit = next(each for each in requests_of(VERSION) if each[0] == "3" and "fuzz" in each)
    contract = order.index("BUY")
    return [*limit[: limit.index("SELL")], *order[contract:]]


def kinship(fields: list[str]) -> tuple[str, ...]:
    """Return the message id and what else must be the same for two messages to be compared."""
    tags = ("GrossPositionValue", "NetLiquidation", "TotalCashValue")
    return (fields[0], *[word for word in (STOCK, FUTURE, *tags) if word in fields])


RECORDED_ROWS, RECORDED_REQUESTS = 14, 5


def test_every_recorded_exchange_is_answered_in_the_same_shape(shared_dir: Path) -> None:
    talks = exchanges(shared_dir / "wire" / "captures.jsonl")
    assert len(talks) == RECORDED_REQUESTS
    assert sum(len(messages) for _, messages in talks) == RECORDED_ROWS
    for name, (asked, *answers) in talks:
        heard = hold(asked)
        recorded = [list(each.fields) for each in answers]
        assert [ours[0] for ours in heard] == [theirs[0] for theirs in recorded], name
        for theirs in recorded:
            alike = [ours for ours in heard if kinship(ours) == kinship(theirs)]
            assert alike, f"nothing like {theirs} in {heard}"
            assert shape(theirs) in [shape(ours) for ours in alike], f"{theirs} but {alike}"
        if asked.fields[0] == SUMMARY:
            assert [kinship(ours) for ours in heard] == [kinship(theirs) for theirs in recorded]


@pytest.mark.parametrize(
    ("fields", "shapes"),
    [
        (["", "NMS"], ["empty", "text"]),
        (["0.0", "-110", "78.5300"], ["number", "number", "padded number"]),
    ],
)
def test_shapes_tell_words_numbers_and_nothing_apart(fields: list[str], shapes: list[str]) -> None:
    assert shape(fields) == shapes
