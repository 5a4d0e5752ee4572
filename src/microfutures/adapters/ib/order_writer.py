"""Orders onto the wire, quickly.

ib_async spells an order of more than a hundred fields anew each time, and that takes longer than
the engine takes to decide on it. Here the first order of a kind is spelled by ib_async, and those
after it are that message with other numbers in four places.
"""

import re
from collections.abc import Callable

import msgspec
from ib_async.client import Client
from msgspec.structs import replace

from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.wire_order import ib_order
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.model.orders import Order, OrderType, Side, TimeInForce

_ORDER_ID, _QUANTITY, _TICKS = 1_987_654_321, 1_987_654_322, 1_987_654_323
_REFERENCE = OrderRef("what the order is called")
"""What stands in the four places while a pattern is learned, and nowhere else in the message."""


Kind = tuple[InstrumentId, Side, OrderType, TimeInForce, bool, str]
"""What orders have in common that differ in nothing but the four places: contract, side, type, time
in force, whether outside regular hours, account."""


class Pattern(msgspec.Struct, frozen=True, gc=False):
    """A message in parts, and which of them are the order's own; what lies between is one part."""

    resolved: Resolved
    parts: list[str]
    order_id: int
    quantity: int
    price: int | None
    """None for orders without one."""
    reference: int


class OrderWriter:
    """Spells the orders of one connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._patterns: dict[Kind, Pattern] = {}

    def spell(self, order_id: int, order: Order, resolved: Resolved, account: str) -> str:
        """Return the message that places an order."""
        kind = (
            order.instrument_id,
            order.side,
            order.order_type,
            order.time_in_force,
            order.outside_regular_hours,
            account,
        )
        pattern = self._patterns.get(kind)
        if pattern is None or pattern.resolved is not resolved:
            pattern = self._patterns[kind] = self._learn(order, resolved, account)
        parts = pattern.parts.copy()
        parts[pattern.order_id] = str(order_id)
        parts[pattern.quantity] = str(order.quantity)
        parts[pattern.reference] = order.order_ref
        ticks = order.limit_ticks if order.limit_ticks is not None else order.stop_ticks
        if pattern.price is not None and ticks is not None:
            parts[pattern.price] = str(resolved.instrument.float_price(ticks))
        return "".join(parts)

    def _learn(self, order: Order, resolved: Resolved, account: str) -> Pattern:
        sample = replace(
            order,
            order_ref=_REFERENCE,
            quantity=_QUANTITY,
            limit_ticks=None if order.limit_ticks is None else _TICKS,
            stop_ticks=None if order.stop_ticks is None else _TICKS,
        )
        pen = _Pen(self._client.serverVersion())
        spell: Callable[..., None] = pen.placeOrder
        spell(_ORDER_ID, resolved.contract, ib_order(sample, resolved, account))
        has_price = order.order_type is not OrderType.MARKET
        price = str(resolved.instrument.float_price(_TICKS))
        own = "|".join(map(re.escape, (str(_ORDER_ID), str(_QUANTITY), price, _REFERENCE)))
        parts = re.split(rf"(?<=\0)({own})(?=\0)", pen.written)
        return Pattern(
            resolved=resolved,
            parts=parts,
            order_id=parts.index(str(_ORDER_ID)),
            quantity=parts.index(str(_QUANTITY)),
            price=parts.index(price) if has_price else None,
            reference=parts.index(_REFERENCE),
        )


class _Pen(Client):
    """ib_async's spelling, without a connection."""

    def __init__(self, version: int) -> None:
        self._serverVersion = version
        self.written = ""

    def isConnected(self) -> bool:
        """Tell that there is somebody to write to."""
        return True

    def sendMsg(self, msg: str) -> None:
        """Keep the message."""
        self.written = msg
