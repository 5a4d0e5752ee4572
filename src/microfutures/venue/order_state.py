"""What the venue knows of one order while it lives and after."""

from decimal import Decimal
from enum import StrEnum

from microfutures.model.instrument import Instrument
from microfutures.model.orders import OrderType
from microfutures.model.sessions import Session
from microfutures.venue.messages import VenueOrder, WorkingOrder


class OrderStage(StrEnum):
    """Where an order stands, in IB's words."""

    HELD = "PreSubmitted"
    WORKING = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"


class OrderState:
    """Mutable; owned by the order desk alone."""

    __slots__ = (
        "charged",
        "filled",
        "filled_value",
        "instrument",
        "is_new_to_market",
        "is_triggered",
        "limit_ticks",
        "order",
        "queue_ahead",
        "stage",
        "stop_ticks",
        "window",
    )

    def __init__(self, order: VenueOrder, instrument: Instrument, window: Session) -> None:
        self.instrument = instrument
        self.window = window
        self.stage = OrderStage.HELD
        self.filled = 0
        self.filled_value = Decimal(0)
        """Price times quantity, without the multiplier."""
        self.charged = Decimal(0)
        self.is_triggered = order.order_type is not OrderType.STOP
        self.is_new_to_market = True
        """Whether it still has to meet a book of its own session."""
        self.queue_ahead: int | None = None
        """What others must trade first at our price; None while it isn't the touch."""
        self.replace(order)

    def replace(self, order: VenueOrder) -> None:
        """Take new terms; the place in the queue is lost."""
        self.order = order
        self.limit_ticks = _ticks(self.instrument, order.limit_price)
        self.stop_ticks = _ticks(self.instrument, order.stop_price)
        self.queue_ahead = None
        self.is_new_to_market = True

    def wait_for(self, window: Session) -> None:
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
