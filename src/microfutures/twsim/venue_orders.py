"""What an order of a client is at the venue."""

from decimal import Decimal

from microfutures.model.errors import InvalidValueError
from microfutures.model.instrument import Instrument
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.twsim.order_messages import OrderFacts
from microfutures.twsim.order_request import OrderRequest
from microfutures.venue.messages import VenueOrder

TYPES = {"MKT": OrderType.MARKET, "LMT": OrderType.LIMIT, "STP": OrderType.STOP}
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
TIMES_IN_FORCE = frozenset(each.value for each in TimeInForce)


def relevant_prices(
    order_type: str, limit: Decimal | None, aux: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Return limit and stop price as far as the type of the order has them."""
    return (limit if order_type == "LMT" else None, aux if order_type == "STP" else None)


def are_on_tick(instrument: Instrument, request: OrderRequest) -> bool:
    """Tell whether the prices that matter lie on the tick."""
    try:
        for price in relevant_prices(request.order_type, request.limit_price, request.aux_price):
            if price is not None:
                instrument.ticks_exactly(price)
    except InvalidValueError:
        return False
    return True


def venue_order(order: OrderFacts) -> VenueOrder:
    """Return the order as the venue takes it."""
    limit, stop = relevant_prices(order.order_type, order.limit_price, order.aux_price)
    return VenueOrder(
        order_id=order.perm_id,
        account=order.account,
        instrument_id=order.instrument.instrument_id,
        side=SIDES[order.action],
        quantity=order.quantity,
        order_type=TYPES[order.order_type],
        limit_price=limit,
        stop_price=stop,
        time_in_force=TimeInForce(order.time_in_force),
        outside_regular_hours=order.outside_rth,
    )
