"""An order of ours in the words of ib_async."""

from ib_async import Order as IBOrder

from microfutures.adapters.ib.contracts import Resolved
from microfutures.model.instrument import Instrument
from microfutures.model.orders import Order


def ib_order(order: Order, resolved: Resolved, account: str) -> IBOrder:
    """Return the order as IB takes it; time in force is always said."""
    instrument = resolved.instrument
    ib = IBOrder(
        action=order.side.value,
        totalQuantity=order.quantity,
        orderType=order.order_type.value,
        tif=order.time_in_force.value,
        orderRef=order.order_ref,
        outsideRth=order.outside_regular_hours,
        account=account,
        transmit=True,
    )
    if order.limit_ticks is not None:
        ib.lmtPrice = wire_price(instrument, order.limit_ticks)
    if order.stop_ticks is not None:
        ib.auxPrice = wire_price(instrument, order.stop_ticks)
    return ib


def wire_price(instrument: Instrument, ticks: int) -> float:
    """Return a price as ib_async takes it."""
    # str() of the nearest float is the shortest spelling, so the wire shows the price exactly.
    return float(instrument.price(ticks))
