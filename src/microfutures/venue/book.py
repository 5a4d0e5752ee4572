"""The top of one instrument's book, its last trade and the day's volume."""

from collections import deque
from decimal import Decimal
from fractions import Fraction

from microfutures.model.instrument import Instrument
from microfutures.model.market import Quote
from microfutures.model.orders import Side
from microfutures.model.sessions import session_at
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.venue.messages import BarUpdate, BookUpdate, SplitUpdate

REMEMBERED_MOVES = 5
TAKEN_HALF_LIFE_NS = 2 * NANOSECONDS_PER_SECOND
"""How fast others put back what own orders took. A round figure; books of micros are quicker."""


class Taken:
    """What own orders took of one side, and how much of it nobody has put back yet."""

    __slots__ = ("levels", "lots", "since_ns")

    def __init__(self) -> None:
        self.levels = self.lots = 0.0
        self.since_ns = 0

    def add(self, levels: int, lots: int, time_ns: int) -> None:
        """Take more."""
        self._recover(time_ns)
        self.levels += levels
        self.lots += lots

    def missing(self, time_ns: int) -> tuple[int, int]:
        """Return the levels and the size at the touch that are still missing."""
        self._recover(time_ns)
        return round(self.levels), round(self.lots)

    def _recover(self, time_ns: int) -> None:
        share = 0.5 ** ((time_ns - self.since_ns) / TAKEN_HALF_LIFE_NS)
        self.levels, self.lots, self.since_ns = self.levels * share, self.lots * share, time_ns


class Book:
    """Prices in whole ticks; what own orders took is missing, and comes back within seconds."""

    __slots__ = (
        "_asks",
        "_bids",
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
        "is_taken_from",
        "last_ticks",
        "left_at_ask",
        "left_at_bid",
        "moves_ticks",
        "settled_ticks",
        "splits",
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
        self.is_taken_from = False
        """Whether own orders took anything that may still be missing."""
        self._bids, self._asks = Taken(), Taken()
        self.last_ticks: int | None = None
        self.settled_ticks: int | None = None
        """Price of the latest settlement; before one, the first price that was traded."""
        self.moves_ticks: deque[int] = deque(maxlen=REMEMBERED_MOVES)
        """What happened between the latest settlements."""
        self.splits: list[SplitUpdate] = []
        """Since the start, oldest first."""
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
        if self.is_taken_from:
            update = self._without_taken(update)
        self.updated_ns = update.time_ns
        self.bid_ticks = update.bid_ticks
        self.ask_ticks = update.ask_ticks
        self.bid_size = self.left_at_bid = update.bid_size
        self.ask_size = self.left_at_ask = update.ask_size
        self.bid_taken_levels = self.ask_taken_levels = 0
        return self._new_quote(update.time_ns)

    def _without_taken(self, update: BookUpdate) -> BookUpdate:
        """Return `update` less what own orders took and nobody has put back."""
        then_ns, now_ns = self.updated_ns, update.time_ns
        self._bids.add(*_eaten(self.bid_taken_levels, self.bid_size, self.left_at_bid), then_ns)
        self._asks.add(*_eaten(self.ask_taken_levels, self.ask_size, self.left_at_ask), then_ns)
        bid_levels, bid_lots = self._bids.missing(now_ns)
        ask_levels, ask_lots = self._asks.missing(now_ns)
        self.is_taken_from = any((bid_levels, bid_lots, ask_levels, ask_lots))
        bid, ask = update.bid_ticks, update.ask_ticks
        return BookUpdate(
            now_ns,
            update.instrument_id,
            None if bid is None else bid - bid_levels,
            None if ask is None else ask + ask_levels,
            max(update.bid_size - bid_lots, min(update.bid_size, 1)),
            max(update.ask_size - ask_lots, min(update.ask_size, 1)),
        )

    def trade(self, time_ns: int, ticks: int, size: int) -> Quote:
        """Take a trade of others and return the quote with the new last price and volume."""
        if time_ns >= self._volume_until_ns:
            session = session_at(self.instrument.trading_hours, time_ns)
            if session is not None:
                self._volume_until_ns = session.close_ns
                self.volume = 0
            if self.settled_ticks is None:
                self.settled_ticks = ticks
        self.last_ticks = ticks
        self.volume += size
        return self._new_quote(time_ns)

    def close_bar(self, update: BarUpdate) -> Quote:
        """Take a bar's close: its top of the book, then its trades."""
        now_ns, volume = update.time_ns, update.volume
        if self.is_taken_from:
            self.update(_top_of(update))
        else:  # no level is missing of either side
            self.updated_ns = now_ns
            self.bid_ticks, self.ask_ticks = update.bid_ticks, update.ask_ticks
            self.bid_size = self.left_at_bid = self.ask_size = self.left_at_ask = update.size
        if volume:
            if now_ns >= self._volume_until_ns:
                return self.trade(now_ns, update.last_ticks, volume)
            self.last_ticks = update.last_ticks
            self.volume += volume
        return self._new_quote(now_ns)

    def split(self, update: SplitUpdate) -> Quote:
        """Empty the book and restate the last price for the new share."""
        self.splits.append(update)
        self.bid_ticks = self.ask_ticks = None
        self.bid_size = self.ask_size = self.left_at_bid = self.left_at_ask = 0
        if self.last_ticks is not None:
            old_price = self.last_ticks * update.denominator
            self.last_ticks = round(Fraction(old_price, update.numerator))
        return self._new_quote(update.time_ns)

    def settle(self) -> None:
        """Take the present mark as the settlement price."""
        mark = self.mark_ticks()
        if mark is None:
            return
        if self.settled_ticks is not None:
            self.moves_ticks.append(abs(mark - self.settled_ticks))
        self.settled_ticks = mark

    def widest_move_ticks(self) -> int:
        """Return the largest move of the last days from a settlement to the next, or to now."""
        mark, settled = self.mark_ticks(), self.settled_ticks
        now = 0 if mark is None or settled is None else abs(mark - settled)
        return max((now, *self.moves_ticks))

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
        return self.ask_ticks if side.sign > 0 else self.bid_ticks

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


def _top_of(update: BarUpdate) -> BookUpdate:
    return BookUpdate(
        update.time_ns,
        update.instrument_id,
        update.bid_ticks,
        update.ask_ticks,
        update.size,
        update.size,
    )


def _eaten(levels: int, size: int, left: int) -> tuple[int, int]:
    """Return the whole levels that are gone, and what is gone of the next one."""
    return (levels + 1, 0) if left <= 0 < size else (levels, max(0, size - left))
