"""An order of ours in the words of ib_async."""

from ib_async import Order as IBOrder

from microfutures.adapters.ib.contracts import Resolved
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
        ib.lmtPrice = instrument.float_price(order.limit_ticks)
    if order.stop_ticks is not None:
        ib.auxPrice = instrument.float_price(order.stop_ticks)
    return ib
