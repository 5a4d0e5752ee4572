"""Why an order is refused at the door, in TWS's codes and words.

Sources: IB's list of API message codes (103, 104, 110, 200, 321, 334, 434,
10147, 10148), and the texts of 201 that users quote.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.orders import TimeInForce
from microfutures.venue.messages import VenueOrder
from microfutures.venue.order_state import OrderState
from microfutures.venue.order_types import RULES
from microfutures.venue.windows import OrderWindow

Reason = tuple[int, str]
"""TWS code and message."""

CENT = Decimal("0.01")

DUPLICATE: Reason = (103, "Duplicate order id")
OFF_TICK: Reason = (
    110,
    "The price does not conform to the minimum price variation for this contract.",
)
UNKNOWN_CONTRACT: Reason = (200, "No security definition has been found for the request")
NO_SESSION: Reason = (201, "Order rejected - reason:The contract is not available for trading.")
CLOSED_FOR_IMMEDIATE: Reason = (201, "Order rejected - reason:The exchange is closed.")
INVALID_GOOD_TILL: Reason = (334, "Invalid Good Till Date order")
NOT_MODIFIABLE: Reason = (104, "Cannot modify a filled order.")
BELOW_FILLED: Reason = (201, "Order rejected - reason:The quantity is below what is filled.")
ZERO_SIZE: Reason = (434, "The order size cannot be zero.")


AT_ONCE = frozenset({TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL})
"""Orders that trade when they arrive or never."""


def unknown_account(name: str) -> Reason:
    """Return the refusal of an order for an account that doesn't exist."""
    return (321, f"Error validating request: invalid account code '{name}'.")


def not_found(order_id: int, verb: str) -> Reason:
    """Return the refusal of a request about an order that doesn't exist."""
    return (10147, f"OrderId {order_id} that needs to be {verb} is not found.")


def too_late(order_id: int, stage: str) -> Reason:
    """Return the refusal to cancel an order that is final."""
    return (
        10148,
        f"OrderId {order_id} that needs to be cancelled can not be cancelled, state: {stage}.",
    )


def check_terms(order: VenueOrder, instrument: Instrument) -> Reason | None:
    """Return why the order's own terms can't stand; None when they can."""
    if order.quantity <= 0:
        return ZERO_SIZE
    rule, wanted = RULES[order.order_type], order.order_type
    for name in rule.needs:
        if getattr(order, name) is None:
            text = f"a {wanted} order needs a {name.replace('_', ' ')}"
            return (321, f"Error validating request: {text}")
    if rule.is_trailing and not _has_trail(order):
        return (321, f"Error validating request: a {wanted} order needs an amount or a percentage")
    for price in (order.limit_price, order.stop_price):
        if price is not None and not _is_on_tick(instrument, price):
            return OFF_TICK
    return None


def _has_trail(order: VenueOrder) -> bool:
    """Tell whether exactly one of the two ways to say a distance is used, and is positive."""
    ways = [each for each in (order.trail_amount, order.trail_percent) if each is not None]
    return len(ways) == 1 and ways[0] > 0


def check_hours(order: VenueOrder, window: OrderWindow | None, now_ns: int) -> Reason | None:
    """Return why the order can't wait for its hours; None when it can."""
    if window is None:
        return NO_SESSION
    if order.good_till_ns is not None and order.good_till_ns <= now_ns:
        return INVALID_GOOD_TILL
    if order.time_in_force in AT_ONCE and now_ns < window.open_ns:
        return CLOSED_FOR_IMMEDIATE
    return None


def margin_reason(equity: Decimal, initial_margin: Decimal) -> Reason:
    """Return the refusal of an order that the account can't carry."""
    return (
        201,
        "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED "
        f"POSITION YOUR EQUITY WITH LOAN VALUE [{equity.quantize(CENT)} USD] MUST EXCEED "
        f"THE INITIAL MARGIN [{initial_margin.quantize(CENT)} USD]",
    )


def worst_changes(
    orders: Iterable[OrderState], quantities: Mapping[InstrumentId, int]
) -> dict[InstrumentId, int]:
    """Return the fills of `orders` that would leave the largest positions, by instrument.

    Either all buys or all sales of an instrument are thought filled, whichever ends larger.
    """
    buys: dict[InstrumentId, int] = {}
    sales: dict[InstrumentId, int] = {}
    for state in orders:
        for key, change in state.open_parts:
            side = buys if change > 0 else sales
            side[key] = side.get(key, 0) + abs(change)
    changes: dict[InstrumentId, int] = {}
    for key in sorted(buys.keys() | sales.keys()):
        held = quantities.get(key, 0)
        candidates = (0, buys.get(key, 0), -sales.get(key, 0))
        changes[key] = max(candidates, key=lambda change: abs(held + change))
    return changes


def _is_on_tick(instrument: Instrument, price: Decimal) -> bool:
    if not price.is_finite():
        return False
    try:
        instrument.ticks_exactly(price)
    except InvalidValueError:
        return False
    return True
