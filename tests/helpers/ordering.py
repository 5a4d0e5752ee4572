"""A client that orders at the simulator on the virtual loop, and what it hears."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import ib_async

from helpers.gateway import a_server
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.twsim.server import TwsServer


class Desk:
    """A connected ib_async with two contracts and their prices."""

    def __init__(self, server: TwsServer, ib: ib_async.IB) -> None:
        self.server, self.ib = server, ib
        self.errors: list[tuple[int, str]] = []
        ib.errorEvent += lambda _id, code, text, _contract: self.errors.append((code, text))
        self.oil = ib_async.Future("MCL", "202611", "NYMEX")
        self.fund = ib_async.Stock("USO", "SMART", "USD")

    async def begin(self) -> None:
        await self.ib.qualifyContractsAsync(self.oil, self.fund)
        await asyncio.sleep(5)  # the market begins

    async def place(
        self, order_type: str, *, contract: ib_async.Contract | None = None, **terms: Any
    ) -> ib_async.Trade:
        said: dict[str, Any] = {"action": "BUY", "totalQuantity": 1, "tif": "DAY"} | terms
        order = ib_async.Order(orderType=order_type, **said)
        trade = self.ib.placeOrder(contract or self.oil, order)
        await asyncio.sleep(1)
        return trade

    async def seen_by_another(self) -> ib_async.Order:
        """Return the only open order as the server tells a client that didn't place it."""
        other = ib_async.IB()
        await other.connectAsync("127.0.0.1", self.server.port, clientId=2)
        (listed,) = await other.reqAllOpenOrdersAsync()
        other.disconnect()
        return listed.order

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.server.exchange.clock.now_ns() / 1e9, tz=UTC)


def play(
    scene: Callable[[Desk], Awaitable[None]],
    *,
    start_ns: int | None = None,
    symbols: tuple[str, ...] = ("MCL", "USO"),
) -> None:
    """Run `scene` with a desk at a server that was just started."""

    async def main() -> None:
        server = a_server(start_ns=start_ns, symbols=symbols)
        await server.start()
        ib = ib_async.IB()
        await ib.connectAsync("127.0.0.1", server.port, clientId=1)
        desk = Desk(server, ib)
        await desk.begin()
        await scene(desk)
        ib.disconnect()
        await server.stop()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
