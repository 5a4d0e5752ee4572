"""What the venue knows of one order while it lives and after."""

from decimal import Decimal
from enum import StrEnum

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


class OrderState:
    """Mutable; owned by the order desk alone."""

    __slots__ = (
        "cap_ticks",
        "charged",
        "filled",
        "filled_value",
        "follows_market",
        "instrument",
        "is_new_to_market",
        "is_triggered",
        "limit_ticks",
        "order",
        "queue_ahead",
        "rule",
        "stage",
        "stop_ticks",
        "trigger_sign",
        "window",
    )

    def __init__(self, order: VenueOrder, instrument: Instrument, window: OrderWindow) -> None:
        self.instrument = instrument
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

    def wait_for(self, window: OrderWindow) -> None:
        """Hold the order until a later session; its place in the queue is lost."""
        self.stage, self.window = OrderStage.HELD, window
        self.queue_ahead, self.is_new_to_market = None, True

    @property
    def remaining(self) -> int:
        """Return what is not filled yet."""
        return self.order.quantity - self.filled

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
