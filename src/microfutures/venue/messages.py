"""What the market tells the venue, what it is ordered to do, and what it answers."""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from microfutures.model.identifiers import ExecutionId, InstrumentId
from microfutures.model.market import Quote
from microfutures.model.orders import OrderType, Side, TimeInForce


class BookUpdate(msgspec.Struct, frozen=True, gc=False):
    """Top of the book, in whole ticks; None where nobody quotes."""

    time_ns: int
    instrument_id: InstrumentId
    bid_ticks: int | None
    ask_ticks: int | None
    bid_size: int
    ask_size: int


class TradeUpdate(msgspec.Struct, frozen=True, gc=False):
    """A trade of others."""

    time_ns: int
    instrument_id: InstrumentId
    price_ticks: int
    size: int


class BarUpdate(msgspec.Struct, frozen=True, gc=False):
    """The close of a bar: the top of the book then, and what was traded in the bar, in one."""

    time_ns: int
    instrument_id: InstrumentId
    bid_ticks: int
    ask_ticks: int
    size: int
    """Displayed at either side."""
    last_ticks: int
    volume: int
    """0 where nobody traded: then there is no last price either."""


class DividendUpdate(msgspec.Struct, frozen=True, gc=False):
    """A fund went without its dividend: `amount` USD a share for who holds it at that moment."""

    time_ns: int
    instrument_id: InstrumentId
    amount: Decimal


class SplitUpdate(msgspec.Struct, frozen=True, gc=False):
    """A share split: `numerator` new shares for `denominator` old ones; 1:8 reverse is (1, 8)."""

    time_ns: int
    instrument_id: InstrumentId
    numerator: int
    denominator: int


MarketUpdate = BookUpdate | TradeUpdate | BarUpdate | SplitUpdate | DividendUpdate


class ComboLeg(msgspec.Struct, frozen=True):
    """One part of a combo; a ratio below zero is sold when the combo is bought."""

    instrument_id: InstrumentId
    ratio: int


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as it arrives; ``order_id`` is the venue's own, IB's permId.

    ``stop_price`` is the trigger of every type that has one, and where a trail begins; ``offset``
    leads from the stop to the limit of a trailing stop limit, and from the touch or the midpoint
    to the price of a pegged order. A trail is a distance or a percentage of the price. An order
    with ``legs`` is for a combo of them: ``instrument_id`` and ``quantity`` are the combo's.
    """

    order_id: int
    account: str
    instrument_id: InstrumentId
    side: Side
    quantity: int
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    offset: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    good_after_ns: int | None = None
    good_till_ns: int | None = None
    outside_regular_hours: bool = False
    legs: tuple[ComboLeg, ...] = ()
    is_guaranteed: bool = True
    """Whether the legs of a combo trade together or not at all."""
    block: str = ""
    """Orders of one block are at the exchange one at a time; empty for alone."""

    @property
    def parts(self) -> tuple[tuple[InstrumentId, int], ...]:
        """Return what it trades, filled whole: contracts and signed quantities."""
        signed = self.side.sign * self.quantity
        if not self.legs:
            return ((self.instrument_id, signed),)
        return tuple((leg.instrument_id, leg.ratio * signed) for leg in self.legs)


class OrderAccepted(msgspec.Struct, frozen=True, gc=False):
    """The order stands; held means its stop isn't triggered, or its hours haven't begun."""

    order_id: int
    time_ns: int
    is_held: bool


class OrderReleased(msgspec.Struct, frozen=True, gc=False):
    """A held order began to work."""

    order_id: int
    time_ns: int


class OrderRejected(msgspec.Struct, frozen=True):
    """Refused with TWS's code and wording.

    ``is_request_only``: a change or a cancel was refused, the order itself stands as it stood.
    """

    order_id: int
    time_ns: int
    code: int
    message: str
    is_request_only: bool = False


class LegFilled(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one leg of a combo; what is summed up is of that leg alone."""

    order_id: int
    time_ns: int
    execution_id: ExecutionId
    instrument_id: InstrumentId
    side: Side
    quantity: int
    price: Decimal
    cumulative: int
    average_price: Decimal
    commission: Decimal
    realized: Decimal | None


class OrderFilled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution; ``realized`` is net of commissions like IB's, None when nothing was closed.

    Of a combo, commissions and profits are those of ``legs``.
    """

    order_id: int
    time_ns: int
    execution_id: ExecutionId
    instrument_id: InstrumentId
    side: Side
    quantity: int
    price: Decimal
    cumulative: int
    remaining: int
    average_price: Decimal
    commission: Decimal
    realized: Decimal | None
    legs: tuple[LegFilled, ...] = ()


class OrderModified(msgspec.Struct, frozen=True):
    """The order's new quantity and prices hold."""

    order_id: int
    time_ns: int


class OrderCancelled(msgspec.Struct, frozen=True):
    """The order is gone: asked for, expired, or the rest of an immediate order."""

    order_id: int
    time_ns: int
    reason: str


class AccountMoved(msgspec.Struct, frozen=True):
    """Cash or positions changed without an order: a settlement, a dividend, a split.

    ``changed`` are the contracts whose positions are different now.
    """

    account: str
    time_ns: int
    changed: tuple[InstrumentId, ...]


class QuoteChanged(msgspec.Struct, frozen=True, gc=False):
    """Top of the book, last price or the day's volume changed."""

    quote: Quote


class TradePrinted(msgspec.Struct, frozen=True, gc=False):
    """A trade appeared on the tape."""

    instrument_id: InstrumentId
    time_ns: int
    price: Decimal
    size: int


VenueEvent = (
    OrderAccepted
    | OrderReleased
    | OrderRejected
    | OrderFilled
    | LegFilled
    | OrderModified
    | OrderCancelled
    | AccountMoved
    | QuoteChanged
    | TradePrinted
)


class VenuePosition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One position as IB reports it: ``average_cost`` holds the multiplier and the commissions."""

    instrument_id: InstrumentId
    quantity: int
    average_cost: Decimal
    market_price: Decimal
    market_value: Decimal
    unrealized: Decimal
    realized: Decimal


class AccountState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One account, USD.

    ``net_liquidation`` is initial cash + ``realized`` + ``unrealized``, exactly; both are net of
    commissions, which ``commissions`` also sums up. ``cash`` holds the profit of futures
    that is closed or settled.
    """

    account: str
    cash: Decimal
    net_liquidation: Decimal
    available_funds: Decimal
    excess_liquidity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    gross_position_value: Decimal
    realized: Decimal
    unrealized: Decimal
    commissions: Decimal
    positions: tuple[VenuePosition, ...]


class MarginImpact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an order would do to the account's margin (IB's what-if), USD."""

    initial_before: Decimal
    initial_change: Decimal
    initial_after: Decimal
    maintenance_before: Decimal
    maintenance_change: Decimal
    maintenance_after: Decimal
    equity_with_loan_before: Decimal
    equity_with_loan_change: Decimal
    equity_with_loan_after: Decimal
    commission: Decimal


class WorkingOrder(NamedTuple):
    """An order that is not final, how much of it is filled, and IB's word for its state."""

    order: VenueOrder
    filled: int
    status: str
    """``PreSubmitted`` while held, ``Submitted`` while working."""
