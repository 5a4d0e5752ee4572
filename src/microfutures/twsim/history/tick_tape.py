"""Single trades and quotes of the past: recorded as they came, before that made of bars.

A market source knows bars only, so older ticks are made of them: four trades for each bar of five
seconds, and a quote beside each. The same request gives the same ticks at every call.
"""

from collections import deque
from typing import NamedTuple, TypeVar

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote
from microfutures.twsim.history.bars import History

SECOND = 1_000_000_000
KEPT_TICKS = 5_000
"""Trades, and as many quotes, that are remembered of one instrument."""

BAR_SECONDS = 5
BAR_NS = BAR_SECONDS * SECOND
LONGEST_LOOK_NS = 10 * 86_400 * SECOND
"""How much time is searched for ticks when the market was quiet."""

_MOMENTS = (0, 1, 2, 4)
"""Seconds into a bar at which its open, its extremes and its close are traded."""


class Trade(NamedTuple):
    """One trade of the tape."""

    time_ns: int
    price: float
    size: float


_Tick = TypeVar("_Tick", Trade, Quote)


class TickTape:
    """Answers what was traded and quoted, tick by tick."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._trades: dict[InstrumentId, deque[Trade]] = {}
        self._quotes: dict[InstrumentId, deque[Quote]] = {}

    def on_trade(self, name: InstrumentId, trade: Trade) -> None:
        """Record a trade."""
        kept = self._trades.get(name)
        if kept is None:
            kept = self._trades[name] = deque(maxlen=KEPT_TICKS)
        kept.append(trade)

    def on_quote(self, quote: Quote) -> None:
        """Record a quote."""
        kept = self._quotes.get(quote.instrument_id)
        if kept is None:
            kept = self._quotes[quote.instrument_id] = deque(maxlen=KEPT_TICKS)
        kept.append(quote)

    def trades(self, instrument: Instrument, start_ns: int, end_ns: int) -> list[Trade]:
        """Return the trades from `start_ns` to just before `end_ns`, ascending."""
        recorded = list(self._trades.get(instrument.instrument_id, ()))
        first_ns = _recorded_from(recorded, end_ns)
        made = [
            trade
            for bar in self._bars(instrument, start_ns, first_ns)
            for trade in _trades_of(bar, instrument)
        ]
        return _between(made, start_ns, first_ns) + _between(recorded, start_ns, end_ns)

    def quotes(self, instrument: Instrument, start_ns: int, end_ns: int) -> list[Quote]:
        """Return the two-sided quotes from `start_ns` to just before `end_ns`, ascending."""
        kept = self._quotes.get(instrument.instrument_id, ())
        recorded = [quote for quote in kept if quote.is_two_sided]
        first_ns = _recorded_from(recorded, end_ns)
        made = [
            _quote_beside(trade, instrument)
            for bar in self._bars(instrument, start_ns, first_ns)
            for trade in _trades_of(bar, instrument)
        ]
        return _between(made, start_ns, first_ns) + _between(recorded, start_ns, end_ns)

    def _bars(self, instrument: Instrument, start_ns: int, end_ns: int) -> list[Bar]:
        if end_ns <= start_ns:
            return []
        count = min((end_ns - start_ns) // BAR_NS + 2, LONGEST_LOOK_NS // BAR_NS)
        return self._history.bars(instrument, "TRADES", end_ns, BAR_SECONDS, count)


def _recorded_from(recorded: list[_Tick], end_ns: int) -> int:
    """Return the moment from which on the record is used: a bar that it is a part of is not."""
    return min(recorded[0].time_ns // BAR_NS * BAR_NS, end_ns) if recorded else end_ns


def _between(ticks: list[_Tick], start_ns: int, end_ns: int) -> list[_Tick]:
    return [tick for tick in ticks if start_ns <= tick.time_ns < end_ns]


def _trades_of(bar: Bar, instrument: Instrument) -> list[Trade]:
    """Return trades that would have made this bar; none when nothing was traded."""
    volume = int(bar.volume)
    if volume <= 0:
        return []
    rises = bar.close >= bar.open
    extremes = (bar.low, bar.high) if rises else (bar.high, bar.low)
    prices = (bar.open, *extremes, bar.close)
    share, rest = divmod(volume, len(prices))
    sizes = [share + (1 if place < rest else 0) for place in range(len(prices))]
    return [
        Trade(bar.start_ns + second * SECOND, price, float(size))
        for second, price, size in zip(_MOMENTS, prices, sizes, strict=True)
        if size
    ]


def _quote_beside(trade: Trade, instrument: Instrument) -> Quote:
    """Return a quote of one tick around a trade: the odd ones were bought, the even ones sold."""
    ticks = instrument.ticks_at_or_below(trade.price)
    is_bought = (ticks + trade.time_ns // SECOND) % 2 == 1
    bid = ticks - 1 if is_bought else ticks
    size = max(trade.size, 1.0)
    return Quote(
        instrument.instrument_id,
        trade.time_ns,
        instrument.float_price(bid),
        instrument.float_price(bid + 1),
        size,
        size + (ticks % 3),
        trade.price,
    )
