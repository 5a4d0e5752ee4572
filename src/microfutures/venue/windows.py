"""When an order may trade: the hours of its contract, cut by its own dates and auctions."""

import msgspec

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.orders import TimeInForce
from microfutures.model.sessions import next_open, session_at
from microfutures.venue.hours import next_window
from microfutures.venue.messages import VenueOrder
from microfutures.venue.order_types import RULES

AUCTION_NS = 60 * 10**9
"""There are no auctions here: the first and the last minute of a session stand for them."""


class OrderWindow(msgspec.Struct, frozen=True, gc=False):
    """One stretch in which an order works, ``[open_ns, close_ns)``, nanoseconds UTC."""

    open_ns: int
    close_ns: int
    market_since_ns: int
    """When the session began: a book from before is no market."""


def order_window(instrument: Instrument, order: VenueOrder, now_ns: int) -> OrderWindow | None:
    """Return the window in which `order` works now, or the next one; None when none is known.

    An order that ends before its contract trades again gets a window that closes as it opens.
    """
    after_ns = max(now_ns, order.good_after_ns or 0)
    if RULES[order.order_type].is_at_close:
        window = _closing(instrument, after_ns)
    elif order.time_in_force is TimeInForce.AT_THE_OPENING:
        window = _opening(instrument, after_ns)
    else:
        session = next_window(instrument, order, after_ns)
        if session is None:
            return None
        opens_ns = max(session.open_ns, order.good_after_ns or 0)
        window = OrderWindow(opens_ns, session.close_ns, session.open_ns)
    if window is None or order.good_till_ns is None:
        return window
    until_ns = min(window.close_ns, order.good_till_ns)
    return OrderWindow(min(window.open_ns, until_ns), until_ns, window.market_since_ns)


def _closing(instrument: Instrument, after_ns: int) -> OrderWindow | None:
    hours = instrument.liquid_hours
    session = session_at(hours, after_ns) or next_open(hours, after_ns)
    if session is None:
        return None
    opens_ns = max(session.open_ns, session.close_ns - AUCTION_NS)
    return OrderWindow(opens_ns, session.close_ns, session.open_ns)


def _opening(instrument: Instrument, after_ns: int) -> OrderWindow | None:
    is_future = instrument.security_type is SecurityType.FUTURE
    session = next_open(
        instrument.trading_hours if is_future else instrument.liquid_hours, after_ns
    )
    if session is None:
        return None
    return OrderWindow(session.open_ns, session.open_ns + AUCTION_NS, session.open_ns)
