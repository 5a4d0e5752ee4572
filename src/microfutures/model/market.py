"""What the market shows: quotes and bars."""

from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from math import isfinite

import msgspec

from microfutures.model.errors import InvalidValueError
from microfutures.model.flaws import FLAWS, Flaw
from microfutures.model.identifiers import InstrumentId


class MarketDataType(IntEnum):
    """How fresh a feed is, in IB's own numbers."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


class Quote(msgspec.Struct, frozen=True, gc=False, tag="quote"):
    """Top of the book of one contract; an event of the engine.

    ``None`` where the broker sent no value (IB's -1 and NaN never get this far). Floats: quotes
    feed signals; an order's price is made of whole ticks. ``time_ns`` is the arrival on the
    broker's clock, ``volume`` the day's.
    """

    instrument_id: InstrumentId
    time_ns: int
    bid: float | None = None
    ask: float | None = None
    bid_size: float = 0.0
    ask_size: float = 0.0
    last: float | None = None
    volume: float = 0.0
    data_type: MarketDataType = MarketDataType.LIVE
    trouble: Flaw = Flaw.NONE
    """What the values themselves don't show: a halt, or what the market was before."""

    @property
    def is_two_sided(self) -> bool:
        """Tell whether bid and ask are both there and not crossed."""
        return self.bid is not None and self.ask is not None and self.bid <= self.ask

    @property
    def mid(self) -> float | None:
        """Return the middle of bid and ask; None unless both are there."""
        if self.bid is None or self.ask is None:
            return None
        return (self.bid + self.ask) / 2

    @property
    def mark(self) -> Decimal | None:
        """Return the middle exactly, as money is counted; None unless both sides can be right."""
        if self.trouble and FLAWS[self.trouble].is_price_wrong:
            return None
        if self.bid is None or self.ask is None or not isfinite(self.bid + self.ask):
            return None
        return _exact_middle(self.bid, self.ask)


@lru_cache(maxsize=4096)
def _exact_middle(bid: float, ask: float) -> Decimal:
    # repr() is a float's shortest exact spelling; the same few prices come again and again.
    return (Decimal(repr(bid)) + Decimal(repr(ask))) / 2


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One bar; ``start_ns`` is its opening moment UTC, ``seconds`` its length."""

    start_ns: int
    seconds: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0

    def __post_init__(self) -> None:
        """Refuse NaN and a high below the low."""
        prices = (self.open, self.high, self.low, self.close)
        if not all(isfinite(price) for price in prices):
            raise InvalidValueError(f"bar at {self.start_ns}: prices must be finite, were {prices}")
        if self.high < self.low:
            raise InvalidValueError(
                f"bar at {self.start_ns}: high {self.high} is below low {self.low}"
            )
