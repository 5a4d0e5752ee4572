"""Generic ticks that follow the market: each trade with the day's totals, and the mark price."""

from typing import Protocol

from microfutures.model.market import Quote
from microfutures.twsim.history.tick_tape import Trade
from microfutures.twsim.quotes.generic_ticks import (
    MARK_PRICES,
    MARK_TICK,
    RT_TICKS,
    Facts,
    mark_price,
    string_tick,
)
from microfutures.twsim.quotes.tick_streams import size_text
from microfutures.twsim.quotes.ticks import Line, price_tick

MILLISECOND = 1_000_000


class Writer(Protocol):
    """What a generic stream needs of its client."""

    client_id: int

    def write(self, frames: bytes) -> None:
        """Write messages that are spelled already."""
        ...


class GenericStream:
    """The generic ticks of one market data line that go on.

    The volume-weighted price counts the minutes that `facts` holds, and all trades since.
    """

    def __init__(
        self, client: Writer, request_id: int, numbers: tuple[int, ...], facts: Facts
    ) -> None:
        self.client = client
        self.request_id = request_id
        self._line = Line(request_id)
        self._ticks = [RT_TICKS[number] for number in numbers if number in RT_TICKS]
        self._shows_mark = not MARK_PRICES.isdisjoint(numbers)
        self._mark = mark_price(facts.quote)
        self._total = facts.quote.volume
        self._volume = sum(bar.volume for bar in facts.minutes)
        self._value = sum(bar.volume * bar.close for bar in facts.minutes)

    def on_trade(self, trade: Trade) -> None:
        """Send price, size, time (ms), volume, average price and whether one maker filled it."""
        self._total += trade.size
        self._volume += trade.size
        self._value += trade.size * trade.price
        average = self._value / self._volume
        moment = trade.time_ns // MILLISECOND
        text = (
            f"{trade.price!r};{size_text(trade.size)};{moment};{size_text(self._total)};"
            f"{average:.8f};true"
        )
        tails = [string_tick(tick_id, text) for tick_id in self._ticks]
        if tails:
            self.client.write(self._line.frames(tails))

    def on_quote(self, quote: Quote) -> None:
        """Send the mark price when it changed."""
        mark = mark_price(quote)
        if self._shows_mark and mark is not None and mark != self._mark:
            self._mark = mark
            self.client.write(self._line.frames([price_tick(MARK_TICK, mark)]))
