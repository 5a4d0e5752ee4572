"""Open, high, low and previous close of an instrument's day, as TWS shows them.

A future's day is its trading session; a stock's the regular one, trades outside it count for none
of the four.
"""

from collections.abc import Callable

import msgspec

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.sessions import Session
from microfutures.twsim.quotes.ticks import Tail, TickIds, price_tick

MINUTE = 60
SECOND = 1_000_000_000

PastBars = Callable[[int, int, int], list[Bar]]
"""Bars of trades of the instrument, by end (ns), bar size (s) and count."""


class Day(msgspec.Struct):
    """One instrument's day so far; what is unknown is None."""

    session: Session | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    """Of the day before."""
    last: float | None = None
    """Within the hours that count."""

    def add(self, instrument: Instrument, time_ns: int, price: float) -> bool:
        """Take a trade; tell whether anything of the day changed."""
        if self.session is None or time_ns >= self.session.close_ns:
            session = day_session(instrument, time_ns)
            if session is None or session == self.session or time_ns >= session.close_ns:
                return False
            self.session = session
            self.close, self.open, self.high, self.low = self.last, None, None, None
        if time_ns < self.session.open_ns:
            return False
        self.last = price
        if self.open is None or self.high is None or self.low is None:
            self.open = self.high = self.low = price
            return True
        before = (self.high, self.low)
        self.high, self.low = max(self.high, price), min(self.low, price)
        return before != (self.high, self.low)

    def ticks(self, ids: TickIds) -> list[Tail]:
        """Return the ticks of what is known."""
        known = (
            (ids.high, self.high),
            (ids.low, self.low),
            (ids.close, self.close),
            (ids.open, self.open),
        )
        return [price_tick(tick_id, price) for tick_id, price in known if price is not None]


def day_session(instrument: Instrument, now_ns: int) -> Session | None:
    """Return the session that is the instrument's day: the one under way, or the latest."""
    is_stock = instrument.security_type is SecurityType.STOCK
    hours = instrument.liquid_hours if is_stock else instrument.trading_hours
    begun = [session for session in hours if session.open_ns <= now_ns]
    return begun[-1] if begun else None


def day_of(instrument: Instrument, now_ns: int, past: PastBars) -> Day:
    """Return the day up to now, made of past bars."""
    session = day_session(instrument, now_ns)
    if session is None:
        return Day()
    day = Day(session=session)
    minutes = -(-(min(now_ns, session.close_ns) - session.open_ns) // (MINUTE * SECOND))
    bars = [
        bar
        for bar in past(min(now_ns, session.close_ns), MINUTE, minutes)
        if bar.start_ns >= session.open_ns
    ]
    if bars:
        day.open, day.last = bars[0].open, bars[-1].close
        day.high, day.low = max(bar.high for bar in bars), min(bar.low for bar in bars)
    before = past(_day_before_ends(instrument, session), MINUTE, 1)
    if before:
        day.close = before[-1].close
        day.last = day.last if day.last is not None else day.close
    return day


def _day_before_ends(instrument: Instrument, session: Session) -> int:
    is_stock = instrument.security_type is SecurityType.STOCK
    hours = instrument.liquid_hours if is_stock else instrument.trading_hours
    earlier = [each.close_ns for each in hours if each.close_ns <= session.open_ns]
    return earlier[-1] if earlier else session.open_ns
