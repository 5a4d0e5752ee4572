"""The top of one instrument's book, its last trade and the day's volume."""

from decimal import Decimal
from fractions import Fraction

from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.model.orders import Side
from microfutures.model.sessions import session_at
from microfutures.venue.messages import BookUpdate


class Book:
    """Prices in whole ticks; what own orders took is missing until the market's next update."""

    __slots__ = (
        "_denominator",
        "_numerator",
        "_quote",
        "_volume_until_ns",
        "ask_size",
        "ask_taken_levels",
        "ask_ticks",
        "bid_size",
        "bid_taken_levels",
        "bid_ticks",
        "instrument",
        "last_ticks",
        "left_at_ask",
        "left_at_bid",
        "updated_ns",
        "volume",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        # ticks * numerator / denominator is the correctly rounded float of the price.
        tick = Fraction(instrument.tick_size)
        self._numerator, self._denominator = tick.numerator, tick.denominator
        self._quote: Quote | None = None
        self._volume_until_ns = 0
        self.bid_ticks: int | None = None
        self.ask_ticks: int | None = None
        self.bid_size = self.ask_size = 0
        # How far own orders ate into each side: whole levels gone, and what is left at the next.
        self.bid_taken_levels = self.ask_taken_levels = 0
        self.left_at_bid = self.left_at_ask = 0
        self.last_ticks: int | None = None
        self.volume = 0
        self.updated_ns = 0
        """When the top of the book last came."""

    @property
    def quote(self) -> Quote | None:
        """Return the latest quote; None before the first update."""
        return self._quote

    def to_float(self, ticks: int) -> float:
        """Return the price of `ticks`, correctly rounded."""
        return ticks * self._numerator / self._denominator

    def price(self, ticks: int) -> Decimal:
        """Return the exact price of `ticks`."""
        return self.instrument.tick_size * ticks

    def update(self, update: BookUpdate) -> Quote:
        """Take the market's new top of book and return the quote it makes."""
        self.updated_ns = update.time_ns
        self.bid_ticks = update.bid_ticks
        self.ask_ticks = update.ask_ticks
        self.bid_size = self.left_at_bid = update.bid_size
        self.ask_size = self.left_at_ask = update.ask_size
        self.bid_taken_levels = self.ask_taken_levels = 0
        return self._new_quote(update.time_ns)

    def trade(self, time_ns: int, ticks: int, size: int) -> Quote:
        """Take a trade of others and return the quote with the new last price and volume."""
        if time_ns >= self._volume_until_ns:
            session = session_at(self.instrument.trading_hours, time_ns)
            if session is not None:
                self._volume_until_ns = session.close_ns
                self.volume = 0
        self.last_ticks = ticks
        self.volume += size
        return self._new_quote(time_ns)

    def split(self, time_ns: int, numerator: int, denominator: int) -> Quote:
        """Empty the book and restate the last price for the new share."""
        self.bid_ticks = self.ask_ticks = None
        self.bid_size = self.ask_size = self.left_at_bid = self.left_at_ask = 0
        if self.last_ticks is not None:
            self.last_ticks = round(Fraction(self.last_ticks * denominator, numerator))
        return self._new_quote(time_ns)

    def mark_ticks(self) -> int | None:
        """Return the price positions are valued at: the last trade, held within bid and ask."""
        mark = self.last_ticks
        if mark is None:
            return self.bid_ticks if self.bid_ticks is not None else self.ask_ticks
        if self.bid_ticks is not None and mark < self.bid_ticks:
            return self.bid_ticks
        if self.ask_ticks is not None and mark > self.ask_ticks:
            return self.ask_ticks
        return mark

    def touch_ticks(self, side: Side) -> int | None:
        """Return the price at which an order of `side` would trade at once."""
        return self.ask_ticks if side is Side.BUY else self.bid_ticks

    def _new_quote(self, time_ns: int) -> Quote:
        numerator, denominator = self._numerator, self._denominator
        bid, ask, last = self.bid_ticks, self.ask_ticks, self.last_ticks
        quote = Quote(
            self.instrument.instrument_id,
            time_ns,
            None if bid is None else bid * numerator / denominator,
            None if ask is None else ask * numerator / denominator,
            self.bid_size,
            self.ask_size,
            None if last is None else last * numerator / denominator,
            self.volume,
        )
        self._quote = quote
        return quote
