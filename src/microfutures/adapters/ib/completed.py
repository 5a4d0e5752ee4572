"""Orders that are over, as the broker lists them: each is told once."""

import asyncio
from collections import OrderedDict

from ib_async import Contract, Order, OrderState

from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import STATUSES, instrument_id, money
from microfutures.model.events import BrokerOrder
from microfutures.model.identifiers import OrderRef
from microfutures.model.orders import OrderStatus

KEPT = 5_000


class CompletedOrders:
    """Lists the day's completed orders of all clients that have a reference."""

    def __init__(self) -> None:
        self._listed: list[BrokerOrder] = []
        self._listing: asyncio.Future[None] | None = None
        self._told: OrderedDict[int, None] = OrderedDict()

    def forget_connection(self) -> None:
        """Let go of whoever waits for a list."""
        if self._listing is not None:
            self._listing.cancel()
        self._listing = None

    async def list(self, ib: TappedIB) -> tuple[BrokerOrder, ...]:
        """Return those that were not told before; one call at a time."""
        self._listed = []
        self._listing = asyncio.get_running_loop().create_future()
        ib.client.reqCompletedOrders(False)
        await self._listing
        new = tuple(each for each in self._listed if each.permanent_id not in self._told)
        self._told.update(dict.fromkeys(each.permanent_id for each in new))
        while len(self._told) > KEPT:
            self._told.popitem(last=False)
        return new

    def on_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """Take one of the list."""
        status = STATUSES.get(state.status)
        if not order.orderRef or status is None or not status.is_final:
            return
        filled = round(money(float(order.filledQuantity)) or 0)
        self._listed.append(
            BrokerOrder(
                order_ref=OrderRef(order.orderRef),
                instrument_id=instrument_id(contract),
                status=status if status is not OrderStatus.REJECTED else OrderStatus.CANCELLED,
                filled=filled,
                remaining=0,
                permanent_id=order.permId,
            )
        )

    def on_end(self) -> None:
        """Finish a list."""
        if self._listing is not None and not self._listing.done():
            self._listing.set_result(None)
