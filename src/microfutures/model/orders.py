"""Orders, their states and the one table of moves between them."""

from enum import StrEnum

import msgspec

from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef, StrategyName


class Side(StrEnum):
    """Which way an order trades, in IB's own words."""

    sign: int
    """+1 for BUY, -1 for SELL."""

    BUY = "BUY"
    SELL = "SELL"

    def __init__(self, word: str) -> None:
        self.sign = 1 if word == "BUY" else -1

    @property
    def opposite(self) -> "Side":
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """How an order is priced, in IB's own words."""

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAILING_STOP = "TRAIL"
    TRAILING_STOP_LIMIT = "TRAIL LIMIT"
    MARKET_IF_TOUCHED = "MIT"
    LIMIT_IF_TOUCHED = "LIT"
    MARKET_TO_LIMIT = "MTL"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    RELATIVE = "REL"
    PEGGED_TO_MIDPOINT = "PEG MID"


# Python 3.11 looks a member of an enumeration up in ten times the time of a global.
LIMIT, STOP = OrderType.LIMIT, OrderType.STOP

DESK_TYPES = frozenset({OrderType.MARKET, LIMIT, STOP})
"""The types that this desk sends; the simulated venue knows all."""


class TimeInForce(StrEnum):
    """How long an order lives."""

    DAY = "DAY"
    GOOD_TILL_CANCELLED = "GTC"
    IMMEDIATE_OR_CANCEL = "IOC"
    FILL_OR_KILL = "FOK"
    GOOD_TILL_DATE = "GTD"
    AT_THE_OPENING = "OPG"


class OrderPurpose(StrEnum):
    """Why an order is sent; exits are never held up by limits that guard entries."""

    ENTRY = "entry"
    HEDGE = "hedge"
    EXIT = "exit"
    FLATTEN = "flatten"

    reduces_risk: bool
    """Whether refusing it would leave more risk than sending it."""

    def __init__(self, word: str) -> None:
        self.reduces_risk = word != "entry"


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One order as this desk means it; prices are whole ticks of its instrument."""

    order_ref: OrderRef
    intent_id: IntentId
    strategy: StrategyName
    instrument_id: InstrumentId
    side: Side
    quantity: int
    order_type: OrderType
    purpose: OrderPurpose
    limit_ticks: int | None = None
    stop_ticks: int | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_regular_hours: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse an order that no broker could take."""
        if self.quantity <= 0:
            raise InvalidValueError(f"{self.order_ref}: quantity must be > 0, was {self.quantity}")
        if self.order_type not in DESK_TYPES:
            raise InvalidValueError(
                f"{self.order_ref}: an order must be one of {', '.join(sorted(DESK_TYPES))}, "
                f"was {self.order_type}"
            )
        if (self.order_type is LIMIT) != (self.limit_ticks is not None):
            raise InvalidValueError(f"{self.order_ref}: a limit price belongs to LMT orders, only")
        if (self.order_type is STOP) != (self.stop_ticks is not None):
            raise InvalidValueError(f"{self.order_ref}: a stop price belongs to STP orders, only")

    @property
    def signed_quantity(self) -> int:
        """Return the quantity, negative for a sale."""
        return self.side.sign * self.quantity


class OrderStatus(StrEnum):
    """Where an order stands, as this desk last heard."""

    IN_FLIGHT = "in_flight"
    WORKING = "working"
    CANCEL_IN_FLIGHT = "cancel_in_flight"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    is_final: bool
    """Whether nothing more can happen to the order (but a late fill)."""


_NEXT: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.IN_FLIGHT: frozenset(OrderStatus) - {OrderStatus.IN_FLIGHT},
    OrderStatus.WORKING: frozenset(
        {
            OrderStatus.FILLED,
            OrderStatus.CANCEL_IN_FLIGHT,
            OrderStatus.CANCELLED,
            OrderStatus.REJECTED,  # IB can reject after acknowledging: margin, halts
        }
    ),
    OrderStatus.CANCEL_IN_FLIGHT: frozenset(
        {OrderStatus.CANCELLED, OrderStatus.FILLED, OrderStatus.WORKING, OrderStatus.REJECTED}
    ),
    OrderStatus.FILLED: frozenset(),
    # A fill can overtake its cancel on the wire: the exchange, not the message order, is right.
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
}


for _status, _next in _NEXT.items():
    _status.is_final = not _next


def can_move(before: OrderStatus, after: OrderStatus) -> bool:
    """Tell whether the table leads from `before` to `after`."""
    return after in _NEXT[before]
