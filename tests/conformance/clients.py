"""The Python clients of today, unmodified, each played through the rows."""

import asyncio
from typing import Any

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

from . import threaded
from .ears import Ears
from .results import Result, rows_of
from .rows import SCANNER, SILENT, Row, filled
from .threaded import ANSWER_SECONDS, BARRIER, QUIET_SECONDS


class IbapiKit:
    """IB's own client."""

    is_ibapi = True
    name = "ibapi"
    client = ibapi.client.EClient

    def contract(self, **fields: Any) -> Any:
        return filled(ibapi.contract.Contract(), fields)

    def leg(self, **fields: Any) -> Any:
        return filled(ibapi.contract.ComboLeg(), fields)

    def order(self, **fields: Any) -> Any:
        return filled(ibapi.order.Order(), fields)

    def execution_filter(self) -> Any:
        return ibapi.execution.ExecutionFilter()

    def scanner(self) -> Any:
        return filled(ibapi.scanner.ScannerSubscription(), SCANNER)

    def wsh_events(self) -> Any:
        return WshEventData()

    def order_cancel(self) -> tuple[Any, ...]:
        return (ibapi.order_cancel.OrderCancel(),)

    def next_order_id(self) -> int:
        return 5001


class IbAsyncKit:
    """ib_async's client."""

    is_ibapi = False
    name = "ib_async"
    client = ib_async.client.Client

    def contract(self, **fields: Any) -> Any:
        return ib_async.Contract(**fields)

    def leg(self, **fields: Any) -> Any:
        return ib_async.ComboLeg(**fields)

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

    def next_order_id(self) -> int:
        return 5001


def play_ibapi(port: int) -> list[Result]:
    """Play the rows with IB's own client over a real socket."""
    ears = Ears()
    return threaded.play(ibapi.client.EClient(ears), IbapiKit(), ears, port, 11)


async def play_ib_async(
    port: int, *, version: int | None = None, quiet_seconds: float = QUIET_SECONDS
) -> list[Result]:
    """Play the rows with ib_async's client, as one that knows no later server than `version`."""
    ears = Ears()
    kit = IbAsyncKit()
    client = ib_async.client.Client(ears)
    client.MaxClientVersion = version or client.MaxClientVersion
    await client.connectAsync("127.0.0.1", port, clientId=12)
    results = []
    for row in rows_of(type(client)):
        ears.forget()
        getattr(client, row.method)(*row.arguments(kit))
        if SILENT in row.answers:
            answer = await _hear_nothing(ears, row, client, quiet_seconds)
        else:
            answer = await _await(ears, row)
        results.append(Result(row, kit.name, answer))
    client.disconnect()
    return results


async def _hear_nothing(
    ears: Ears, row: Row, client: ib_async.client.Client, quiet_seconds: float
) -> str | None:
    client.reqCurrentTime()
    if await _await(ears, BARRIER) is None or ears.answer(row) is not None:
        return ears.answer(row)
    ears.forget()
    await asyncio.sleep(quiet_seconds)
    client.reqCurrentTime()
    return ears.silence(row, await _await(ears, BARRIER))


async def _await(ears: Ears, row: Row) -> str | None:
    until = asyncio.get_running_loop().time() + ANSWER_SECONDS
    while asyncio.get_running_loop().time() < until:
        answer = ears.answer(row)
        if answer is not None:
            return answer
        await asyncio.sleep(0.005)
    return None
