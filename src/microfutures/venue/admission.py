"""Why an order is refused at the door, in TWS's codes and words.

Sources: IB's list of API message codes (103, 104, 110, 200, 321, 434, 10147,
10148), and the texts of 201 that users
quote.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.model.sessions import Session
from microfutures.venue.messages import VenueOrder
from microfutures.venue.order_state import OrderState

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
NOT_MODIFIABLE: Reason = (104, "Cannot modify a filled order.")
BELOW_FILLED: Reason = (201, "Order rejected - reason:The quantity is below what is filled.")
ZERO_SIZE: Reason = (434, "The order size cannot be zero.")


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
    for wanted, price, name in (
        (OrderType.LIMIT, order.limit_price, "limit"),
        (OrderType.STOP, order.stop_price, "stop"),
    ):
        if order.order_type is wanted and price is None:
            return (321, f"Error validating request: a {wanted} order needs a {name} price")
        if price is not None and not _is_on_tick(instrument, price):
            return OFF_TICK
    return None


def check_hours(order: VenueOrder, window: Session | None, now_ns: int) -> Reason | None:
    """Return why the order can't wait for its hours; None when it can."""
    if window is None:
        return NO_SESSION
    if order.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL and now_ns < window.open_ns:
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
        side = buys if state.order.side is Side.BUY else sales
        key = state.order.instrument_id
        side[key] = side.get(key, 0) + state.remaining
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
