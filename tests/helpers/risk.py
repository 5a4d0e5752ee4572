"""Orders and the desk at the moment they are checked, for tests of the risk gate."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from helpers.desk import OPEN_NS, a_quote, an_instrument
from microfutures.model.events import ConnectionState
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef, StrategyName
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.risk.context import RiskContext


def an_order(
    quantity: int = 1,
    *,
    instrument_id: str = "MCLX6",
    side: Side = Side.BUY,
    purpose: OrderPurpose = OrderPurpose.ENTRY,
    limit_ticks: int | None = 7004,
    ref: str = "r1",
    strategy: str = "pair",
) -> Order:
    return Order(
        order_ref=OrderRef(ref),
        intent_id=IntentId("i1"),
        strategy=StrategyName(strategy),
        instrument_id=InstrumentId(instrument_id),
        side=side,
        quantity=quantity,
        order_type=OrderType.MARKET if limit_ticks is None else OrderType.LIMIT,
        purpose=purpose,
        limit_ticks=limit_ticks,
    )


def a_context(instrument_id: str = "MCLX6", **changes: Any) -> RiskContext:
    """A calm moment: connected, open, quoted, flat."""
    bid, ask = (75.10, 75.12) if instrument_id == "USO" else (70.00, 70.02)
    calm = RiskContext(
        now_ns=OPEN_NS,
        connection=ConnectionState.CONNECTED,
        is_paused=False,
        pause_reason="",
        kill_reason="",
        instrument=an_instrument(instrument_id),
        quote=a_quote(instrument_id, bid, ask),
        position=0,
        working=0,
        strategy_position=0,
        strategy_working=0,
        strategy_notional=0.0,
        family="crude oil",
        family_gross=0.0,
        family_net=0.0,
        unresolved="",
        open_orders=0,
        day_net=Decimal(0),
        capital=Decimal(2000),
        drawdown_percent=0.0,
    )
    return replace(calm, **changes)
