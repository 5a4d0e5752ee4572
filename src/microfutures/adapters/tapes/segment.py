"""One contract's part of a tape: what it plays, and the bars it remembers."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Self

from microfutures.adapters.tapes.bar_columns import BarColumns
from microfutures.adapters.tapes.paths import BarPath, Ticks, bar_updates, close_updates
from microfutures.model.catalog import with_hours
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.venue.messages import BookUpdate, MarketUpdate, SplitUpdate, TradeUpdate

Play = Callable[[], Iterator[MarketUpdate]]


class Segment:
    """One instrument, its updates in ascending time, its bars of trades."""

    def __init__(
        self,
        instrument: Instrument,
        play: Play,
        bars: Sequence[Bar],
        span_ns: tuple[int, int],
        *,
        is_of_closes: bool = False,
    ) -> None:
        self.instrument = instrument
        self._play = play
        self.bars = bars
        self.span_ns = span_ns
        """First moment, and the first after the last."""
        self.is_of_closes = is_of_closes
        """Whether it plays the closes of its bars and nothing else."""

    def around(self, day: date) -> Self:
        """Return the same part of the tape, its instrument's hours being those around `day`."""
        return type(self)(
            with_hours(self.instrument, day),
            self._play,
            self.bars,
            self.span_ns,
            is_of_closes=self.is_of_closes,
        )

    def updates(self, start_ns: int, end_ns: int) -> Iterator[MarketUpdate]:
        """Return what lies in ``[start_ns, end_ns)``."""
        first_ns, after_ns = self.span_ns
        if start_ns <= first_ns and after_ns <= end_ns:
            return self._play()
        return self._between(start_ns, end_ns)

    def _between(self, start_ns: int, end_ns: int) -> Iterator[MarketUpdate]:
        for update in self._play():
            if update.time_ns >= end_ns:
                return
            if update.time_ns >= start_ns:
                yield update


def of_bars(
    instrument: Instrument,
    bars: Sequence[Bar],
    *,
    spread_ticks: int,
    path: BarPath,
    splits: Sequence[SplitUpdate] = (),
) -> Segment:
    """Return a segment that plays each bar along its path, and each split before its bar."""
    ticks, name, columns = Ticks(instrument), instrument.instrument_id, BarColumns.of(bars)

    def play() -> Iterator[MarketUpdate]:
        waiting = list(splits)
        for bar in bars:
            while waiting and waiting[0].time_ns <= bar.start_ns:
                yield waiting.pop(0)
            yield from bar_updates(name, bar, ticks, spread_ticks, path)

    end_ns = bars[-1].start_ns + bars[-1].seconds * NANOSECONDS_PER_SECOND
    span_ns = (bars[0].start_ns, end_ns)
    is_of_closes = path is BarPath.CLOSE and not splits
    if columns is None:
        return Segment(instrument, play, bars, span_ns, is_of_closes=is_of_closes)
    if is_of_closes:
        return Segment(
            instrument,
            lambda: close_updates(name, columns, ticks, spread_ticks),
            columns,
            span_ns,
            is_of_closes=True,
        )
    return Segment(instrument, play, columns, span_ns)


def of_updates(
    instrument: Instrument, updates: Sequence[MarketUpdate], bars: Sequence[Bar] | None = None
) -> Segment:
    """Return a segment that plays recorded updates as they are."""
    known = _seconds_of(instrument, updates) if bars is None else bars
    span_ns = (updates[0].time_ns, updates[-1].time_ns + 1)
    return Segment(instrument, lambda: iter(updates), known, span_ns)


def _seconds_of(instrument: Instrument, updates: Sequence[MarketUpdate]) -> list[Bar]:
    """Return bars of five seconds, of the trades, or of the mid where nothing was traded."""
    tick = float(instrument.tick_size)
    has_trades = any(isinstance(update, TradeUpdate) for update in updates)
    seconds = 5
    length_ns = seconds * NANOSECONDS_PER_SECOND
    bars: list[Bar] = []
    for update in updates:
        price, volume = _price_of(update, tick, may_use_mid=not has_trades)
        if price is None:
            continue
        start_ns = update.time_ns - update.time_ns % length_ns
        if bars and bars[-1].start_ns == start_ns:
            last = bars.pop()
            bars.append(
                Bar(
                    start_ns,
                    seconds,
                    last.open,
                    max(last.high, price),
                    min(last.low, price),
                    price,
                    last.volume + volume,
                )
            )
        else:
            bars.append(Bar(start_ns, seconds, price, price, price, price, volume))
    return bars


def _price_of(
    update: MarketUpdate, tick: float, *, may_use_mid: bool
) -> tuple[float | None, float]:
    """Return price and volume of what a bar is made of; no price for what it isn't."""
    if isinstance(update, TradeUpdate):
        return update.price_ticks * tick, float(update.size)
    if not may_use_mid or not isinstance(update, BookUpdate):
        return None, 0.0
    if update.bid_ticks is None or update.ask_ticks is None:
        return None, 0.0
    return (update.bid_ticks + update.ask_ticks) / 2 * tick, 0.0
