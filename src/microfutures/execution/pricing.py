"""What a marketable limit is worth: through the other side by a collar, in whole ticks."""

from math import isfinite

from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.model.orders import Side


def marketable_ticks(
    instrument: Instrument, quote: Quote | None, side: Side, collar_ticks: int
) -> int | None:
    """Return the limit, in ticks, that trades at once; None when the side to hit has no price."""
    if quote is None:
        return None
    is_buy = side.sign > 0
    touch = quote.ask if is_buy else quote.bid
    if touch is None or not isfinite(touch):
        return None
    if is_buy:
        return instrument.ticks_at_or_above(touch) + collar_ticks
    return instrument.ticks_at_or_below(touch) - collar_ticks
