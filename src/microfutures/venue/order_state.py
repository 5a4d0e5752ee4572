"""What the venue knows of one order while it lives and after."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.venue.messages import VenueOrder, WorkingOrder
from microfutures.venue.order_types import RULES, Peg, Trigger
from microfutures.venue.windows import OrderWindow


class OrderStage(StrEnum):
    """Where an order stands, in IB's words."""

    HELD = "PreSubmitted"
    WORKING = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"


class LegState:
    """What was traded of one leg of a combo's order."""

    __slots__ = ("charged", "filled", "filled_value", "instrument", "ratio")

    def __init__(self, instrument: Instrument, ratio: int) -> None:
        self.instrument = instrument
        self.ratio = ratio
        self.filled = 0
        self.filled_value = Decimal(0)
        self.charged = Decimal(0)


class OrderState:
    """Mutable; owned by the order desk alone."""

    __slots__ = (
        "begun",
        "cap_ticks",
        "charged",
        "filled",
        "filled_value",
        "follows_market",
        "instrument",
        "is_new_to_market",
        "is_triggered",
        "legs",
        "limit_ticks",
        "order",
        "queue_ahead",
        "rule",
        "stage",
        "stop_ticks",
        "trigger_sign",
        "window",
    )

    def __init__(
        self,
        order: VenueOrder,
        instrument: Instrument,
        window: OrderWindow,
        members: Sequence[Instrument] = (),
    ) -> None:
        self.instrument = instrument
        self.legs = tuple(
            LegState(member, leg.ratio) for leg, member in zip(order.legs, members, strict=True)
        )
        """What became of each leg; empty unless it is for a combo."""
        self.begun: list[tuple[int, int]] = []
        """Units of a combo whose first leg has traded and whose others have not: how many, and
        what the first leg of one cost in ticks of the combo."""
        self.rule = rule = RULES[order.order_type]
        self.follows_market = rule.is_trailing or rule.peg is not Peg.NONE
        is_touch = rule.trigger is Trigger.TOUCH
        self.trigger_sign = -order.side.sign if is_touch else order.side.sign
        """+1 when the market must rise to trigger it, -1 when it must fall."""
        self.window = window
        self.stage = OrderStage.HELD
        self.filled = 0
        self.filled_value = Decimal(0)
        """Price times quantity, without the multiplier."""
        self.charged = Decimal(0)
        self.is_triggered = rule.trigger is Trigger.NONE
        self.is_new_to_market = True
        """Whether it still has to meet a book of its own session."""
        self.queue_ahead: int | None = None
        """What others must trade first at our price; None while it isn't the touch."""
        self.order = order
        self.stop_ticks = _ticks(self.instrument, order.stop_price)
        self.replace(order)

    def replace(self, order: VenueOrder) -> None:
        """Take new terms; the place in the queue is lost, what a stop has trailed is not."""
        if not self.rule.is_trailing or order.stop_price != self.order.stop_price:
            self.stop_ticks = _ticks(self.instrument, order.stop_price)
        self.order = order
        limit = _ticks(self.instrument, order.limit_price)
        self.cap_ticks = limit
        """The limit as it was ordered; pegged orders work at other prices, too."""
        if not (self.rule.is_trailing and self.is_triggered):
            self.limit_ticks = limit
        self.queue_ahead = None
        self.is_new_to_market = True

    @property
    def members(self) -> tuple[Instrument, ...]:
        """Return the contracts of a combo's legs."""
        return tuple(leg.instrument for leg in self.legs)

    def take_fills_of(self, other: "OrderState") -> None:
        """Have traded what another state of the same order has."""
        self.filled, self.filled_value = other.filled, other.filled_value
        self.charged, self.begun = other.charged, list(other.begun)
        for own, its in zip(self.legs, other.legs, strict=True):
            own.filled, own.filled_value, own.charged = its.filled, its.filled_value, its.charged

    def wait_for(self, window: OrderWindow) -> None:
        """Hold the order until a later session; its place in the queue is lost."""
        self.stage, self.window = OrderStage.HELD, window
        self.queue_ahead, self.is_new_to_market = None, True

    @property
    def remaining(self) -> int:
        """Return what is not filled yet."""
        return self.order.quantity - self.filled

    @property
    def committed(self) -> int:
        """Return what is filled, units of which a part is included."""
        return self.filled + sum(units for units, _ in self.begun)

    @property
    def open_parts(self) -> tuple[tuple[InstrumentId, int], ...]:
        """Return what it would still trade: contracts and signed quantities."""
        if not self.legs:
            return ((self.order.instrument_id, self.order.side.sign * self.remaining),)
        done = (leg.filled * (1 if leg.ratio > 0 else -1) for leg in self.legs)
        sign = self.order.side.sign
        return tuple(
            (name, wanted - sign * filled)
            for (name, wanted), filled in zip(self.order.parts, done, strict=True)
        )

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self.stage in (OrderStage.FILLED, OrderStage.CANCELLED)

    @property
    def average_price(self) -> Decimal:
        """Return the average price of its fills."""
        return self.filled_value / self.filled

    def working(self) -> WorkingOrder:
        """Return what a client may see."""
        return WorkingOrder(self.order, self.filled, self.stage.value)


def _ticks(instrument: Instrument, price: Decimal | None) -> int | None:
    return None if price is None else instrument.ticks_exactly(price)
