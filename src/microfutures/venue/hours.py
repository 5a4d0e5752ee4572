"""When an order may trade: futures all session, stocks in regular hours unless told otherwise."""

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.orders import OrderType
from microfutures.model.sessions import Session, next_open, session_at
from microfutures.venue.messages import VenueOrder


def eligible_hours(instrument: Instrument, order: VenueOrder) -> tuple[Session, ...]:
    """Return the sessions in which `order` works.

    Like at IB, the flag for outside hours means nothing to a future, and nothing to a stock order
    that isn't a limit.
    """
    if instrument.security_type is SecurityType.FUTURE:
        return instrument.trading_hours
    if order.outside_regular_hours and order.order_type is OrderType.LIMIT:
        return instrument.trading_hours
    return instrument.liquid_hours


def next_window(instrument: Instrument, order: VenueOrder, now_ns: int) -> Session | None:
    """Return the session in which `order` works now, or the next one; None when none is known."""
    hours = eligible_hours(instrument, order)
    return session_at(hours, now_ns) or next_open(hours, now_ns)
