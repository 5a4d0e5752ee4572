"""What TWS remembers of orders and of their executions."""

from decimal import Decimal

import msgspec

from microfutures.model.instrument import Instrument
from microfutures.model.orders import OrderType
from microfutures.twsim.orders.conditions import OrderConditions
from microfutures.twsim.orders.layout import Terms
from microfutures.twsim.orders.request import OrderLeg
from microfutures.venue.messages import ComboLeg, LegFilled, OrderFilled
from microfutures.venue.order_types import RULES, Trigger

PENDING_SUBMIT, PRE_SUBMITTED, SUBMITTED = "PendingSubmit", "PreSubmitted", "Submitted"
FILLED, CANCELLED, INACTIVE = "Filled", "Cancelled", "Inactive"
OPEN_STATUSES = (PENDING_SUBMIT, PRE_SUBMITTED, SUBMITTED)

CANCEL_ALL, REDUCE_WITH_BLOCK, REDUCE_WITHOUT_BLOCK = 1, 2, 3
"""What a fill does to the other orders of a one-cancels-all group, in IB's numbers."""


class ComboTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The legs of a combo, as its order names them and as the venue knows them."""

    legs: tuple[OrderLeg, ...]
    parts: tuple[ComboLeg, ...]
    routing: tuple[str, ...]
    """Names and values in turn."""
    is_guaranteed: bool


class OrderFacts(msgspec.Struct, kw_only=True):
    """One order as TWS remembers it."""

    instrument: Instrument
    client_id: int
    order_id: int
    perm_id: int
    account: str
    action: str
    quantity: int
    order_type: str
    limit_price: Decimal
    aux_price: Decimal
    time_in_force: str
    order_ref: str
    parent_id: int
    outside_rth: bool
    oca_group: str = ""
    oca_type: int = REDUCE_WITHOUT_BLOCK
    status: str = PENDING_SUBMIT
    is_transmitted: bool = False
    is_at_venue: bool = False
    """False while it waits for its parent to be filled, or to be transmitted."""
    filled: int = 0
    average_price: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    commission: Decimal | None = None
    completed_ns: int | None = None
    completed_status: str = ""
    terms: Terms = msgspec.field(default_factory=dict)
    """What else its owner said of it, in the API's names; it is told back."""
    conditions: OrderConditions = OrderConditions()
    algo_parameters: tuple[str, ...] = ()
    combo: ComboTerms | None = None
    trail_stop: Decimal | None = None
    """Where a trailing stop stands now."""

    def price(self, name: str) -> Decimal | None:
        """Return a number among the terms; None when it is unset."""
        said = self.terms.get(name, "")
        return Decimal(said) if said else None

    @property
    def why_held(self) -> str:
        """Return what a held order waits for, in TWS's words."""
        if self.status != PRE_SUBMITTED:
            return ""
        waits = ["child"] if self.parent_id and not self.is_at_venue else []
        if RULES[OrderType(self.order_type)].trigger is not Trigger.NONE:
            waits.append("trigger")
        return ",".join(waits)

    @property
    def is_open(self) -> bool:
        """Tell whether it may still trade."""
        return self.status in OPEN_STATUSES


class MarginFields(msgspec.Struct, frozen=True):
    """The nine margin figures of a what-if, and the commission."""

    figures: tuple[Decimal, ...]
    commission: Decimal


class ExecutionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as TWS remembers it, of an order's contract or of one leg of its combo."""

    order: OrderFacts
    execution_id: str
    time_ns: int
    quantity: int
    price: Decimal
    cumulative: int
    average_price: Decimal
    commission: Decimal
    realized: Decimal | None
    leg: Instrument | None = None
    leg_action: str = ""

    @property
    def instrument(self) -> Instrument:
        """Return what was traded."""
        return self.order.instrument if self.leg is None else self.leg

    @property
    def action(self) -> str:
        """Return what was done with it, as an order says it."""
        return self.order.action if self.leg is None else self.leg_action

    @property
    def is_charged(self) -> bool:
        """Tell whether a commission report follows; a combo's legs are charged, not the combo."""
        return self.order.combo is None or self.leg is not None


def execution_of(
    order: OrderFacts, event: OrderFilled | LegFilled, leg: Instrument | None = None
) -> ExecutionFacts:
    """Return what an order has traded of its contract, or of a leg of its combo."""
    return ExecutionFacts(
        order=order,
        execution_id=event.execution_id,
        time_ns=event.time_ns,
        quantity=event.quantity,
        price=event.price,
        cumulative=event.cumulative,
        average_price=event.average_price,
        commission=event.commission,
        realized=event.realized,
        leg=leg,
        leg_action="" if leg is None else event.side.value,
    )
