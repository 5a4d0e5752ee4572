"""The Python clients, unmodified, each played through the rows."""

import asyncio
import inspect
import re
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import ib_async
import ib_async.client
import ibapi.client
import ibapi.contract
import ibapi.execution
import ibapi.order
import ibapi.order_cancel
import ibapi.scanner
from ib_async.objects import WshEventData as AsyncWshEventData
from ibapi.common import WshEventData

from .ears import Ears
from .rows import ROWS, SILENT, Row

ANSWER_SECONDS = 10.0
QUIET_SECONDS = 0.05
"""How long nothing may come after a cancel; a simulated second."""

BARRIER = Row("reqCurrentTime", lambda kit: (), ("currentTime",))

REQUEST = re.compile(
    r"(req[A-Z]|cancel|calculate|query|subscribe|unsubscribe|exercise|request|replace|verify"
    r"|updateDisplay|placeOrder|setServerLogLevel)"
)


class Result(NamedTuple):
    """What a client heard to a row."""

    row: Row
    client: str
    answer: str | None

    @property
    def is_answered(self) -> bool:
        return self.answer is not None and self.answer in self.row.answers


def requests_of(client: type) -> list[str]:
    """Return the names of a client's requests; those of later servers' encoding left out."""
    return sorted(
        name
        for name, _ in inspect.getmembers(client, inspect.isfunction)
        if REQUEST.match(name) and not name.endswith("ProtoBuf")
    )


class IbapiKit:
    """IB's own client."""

    is_ibapi = True
    name = "ibapi"
    client = ibapi.client.EClient

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    def contract(self, **fields: Any) -> Any:
        return _filled(ibapi.contract.Contract(), fields)

    def order(self, **fields: Any) -> Any:
        return _filled(ibapi.order.Order(), fields)

    def execution_filter(self) -> Any:
        return ibapi.execution.ExecutionFilter()

    def scanner(self) -> Any:
        return _filled(ibapi.scanner.ScannerSubscription(), SCANNER)

    def wsh_events(self) -> Any:
        return WshEventData()

    def order_cancel(self) -> tuple[Any, ...]:
        return (ibapi.order_cancel.OrderCancel(),)

    def next_order_id(self) -> int:
        return 5001


class IbAsyncKit(IbapiKit):
    """ib_async's client."""

    is_ibapi = False
    name = "ib_async"
    client = ib_async.client.Client

    def contract(self, **fields: Any) -> Any:
        return ib_async.Contract(**fields)

    def order(self, **fields: Any) -> Any:
        return ib_async.Order(**fields)

    def execution_filter(self) -> Any:
        return ib_async.ExecutionFilter()

    def scanner(self) -> Any:
        return ib_async.ScannerSubscription(**SCANNER)

    def wsh_events(self) -> Any:
        return AsyncWshEventData()

    def order_cancel(self) -> tuple[Any, ...]:
        return ("",)


SCANNER: dict[str, Any] = {
    "instrument": "STK",
    "locationCode": "STK.US.MAJOR",
    "scanCode": "MOST_ACTIVE",
}


def _filled(thing: Any, fields: dict[str, Any]) -> Any:
    for name, value in fields.items():
        setattr(thing, name, value)
    return thing


def rows_of(client: type) -> Iterator[Row]:
    """Return the rows whose method a client has."""
    return (row for row in ROWS if hasattr(client, row.method))


def play_ibapi(port: int) -> list[Result]:
    """Play the rows with IB's own client over a real socket."""
    ears = Ears()
    kit = IbapiKit(ears)
    client = ibapi.client.EClient(ears)
    client.connect("127.0.0.1", port, clientId=11)
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


def _ask(ears: Ears, row: Row, client: Any, kit: Any) -> str | None:
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
    return _silence(ears, row, _wait(ears, BARRIER))


def _silence(ears: Ears, row: Row, barrier: str | None) -> str | None:
    """Return `SILENT` when the connection lives and the request's stream, if any, is at an end."""
    is_over = barrier is not None and not ears.stream_of(row.request_id)
    return SILENT if is_over else None


def _wait(ears: Ears, row: Row) -> str | None:
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until:
        answer = ears.answer(row)
        if answer is not None:
            return answer
        time.sleep(0.005)
    return None


async def play_ib_async(port: int) -> list[Result]:
    """Play the rows with ib_async's client over a real socket."""
    ears = Ears()
    kit = IbAsyncKit(ears)
    client = ib_async.client.Client(ears)
    await client.connectAsync("127.0.0.1", port, clientId=12)
    results = []
    for row in rows_of(type(client)):
        ears.forget()
        getattr(client, row.method)(*row.arguments(kit))
        if SILENT in row.answers:
            answer = await _hear_nothing(ears, row, client)
        else:
            answer = await _await(ears, row)
        results.append(Result(row, kit.name, answer))
    client.disconnect()
    return results


async def _hear_nothing(ears: Ears, row: Row, client: ib_async.client.Client) -> str | None:
    client.reqCurrentTime()
    if await _await(ears, BARRIER) is None or ears.answer(row) is not None:
        return ears.answer(row)
    ears.forget()
    await asyncio.sleep(QUIET_SECONDS)
    client.reqCurrentTime()
    return _silence(ears, row, await _await(ears, BARRIER))


async def _await(ears: Ears, row: Row) -> str | None:
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until:
        answer = ears.answer(row)
        if answer is not None:
            return answer
        await asyncio.sleep(0.005)
    return None
