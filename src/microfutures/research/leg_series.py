"""One leg of a pair as arrays: the closes of every contract that its symbol may mean.

What an event-driven backtest plays of a tape with ``--bar-path closes``: each bar's close, at the
last nanosecond of the bar, with a spread of so many ticks around it and as much displayed as
trades in three seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from microfutures.adapters.tapes.bar_columns import BarColumns, Floats, Integers
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.paths import Ticks, closes_of
from microfutures.backtest.contracts import Volume, front_month, volume_before
from microfutures.model.errors import ConfigurationError
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import to_iso

SHORTEST_BAR_SECONDS = 60
"""What own orders took of a book is back by the next bar; of shorter ones it is not."""


@dataclass(frozen=True, eq=False)
class LegSeries:
    """One contract: the moment of each close and the book of then."""

    instrument: Instrument
    bar_seconds: int
    times_ns: Integers
    closes: Floats
    bids: Floats
    asks: Floats
    sizes: Integers

    @classmethod
    def of_bars(cls, instrument: Instrument, bars: Sequence[Bar], spread_ticks: int = 1) -> Self:
        """Return the series that `bars` make.

        Raises
        ------
        ConfigurationError
            If there are none, or they are of several lengths or too short.
        """
        columns = BarColumns.of(bars)
        if columns is None or columns.seconds < SHORTEST_BAR_SECONDS:
            lengths = sorted({bar.seconds for bar in bars})
            raise ConfigurationError(
                f"{instrument.instrument_id}: a series needs bars of one length of at least "
                f"{SHORTEST_BAR_SECONDS} s, got {lengths or 'no bars'}"
            )
        ticks = Ticks(instrument)
        numerator, denominator = ticks.ratio
        played = closes_of(columns, ticks, spread_ticks)
        return cls(
            instrument=instrument,
            bar_seconds=columns.seconds,
            times_ns=played.times_ns,
            closes=columns.closes,
            bids=played.bids * numerator / denominator,
            asks=played.asks * numerator / denominator,
            sizes=played.sizes,
        )


@dataclass(frozen=True, eq=False)
class Months:
    """The contracts of one symbol, of which the desk means one at a time; a share is one."""

    instruments: tuple[Instrument, ...]
    """All that are listed, those without a bar included."""
    series: dict[InstrumentId, LegSeries]
    volume: Volume
    roll_business_days: int = ROLL_BUSINESS_DAYS

    @classmethod
    def single(cls, series: LegSeries) -> Self:
        """Return a leg that is one contract for ever."""
        instrument = series.instrument
        return cls((instrument,), {instrument.instrument_id: series}, lambda _id, _ns: 0.0)

    @classmethod
    def of_market(cls, market: TapeMarket, symbol: str, spread_ticks: int) -> Self:
        """Return the leg that a tape of closes has of a symbol.

        Raises
        ------
        ConfigurationError
            If the tape has no bars of it, or of several lengths.
        """
        listed = tuple(each for each in market.instruments if each.symbol == symbol)
        series = {
            each.instrument_id: LegSeries.of_bars(each, bars, spread_ticks)
            for each in listed
            if (bars := market.bars_of(each.instrument_id))
        }
        if not series:
            raise ConfigurationError(f"{market.describe()}: no bars of {symbol}")
        return cls(listed, series, partial(volume_before, market.past), market.roll_business_days)

    @property
    def instrument(self) -> Instrument:
        """Return one of them: symbol, tick, multiplier and fees are those of all."""
        return next(iter(self.series.values())).instrument

    @property
    def latest(self) -> Instrument:
        """Return the one that is traded longest."""
        known = [each.instrument for each in self.series.values()]
        return max(known, key=lambda each: (each.last_trade_date is None, each.last_trade_date))

    def front(self, now_ns: int, before: LegSeries | None) -> LegSeries | None:
        """Return what the symbol means from a moment on, by the rule of the desk.

        Raises
        ------
        ConfigurationError
            If that has not a single bar.
        """
        known = None if before is None else before.instrument
        found = front_month(
            self.instrument.symbol,
            self.instruments,
            now_ns,
            before=known,
            volume=self.volume,
            roll_business_days=self.roll_business_days,
        )
        if found is None:
            return before
        if found.instrument_id not in self.series:
            raise ConfigurationError(
                f"{found.instrument_id} is what {found.symbol} means from {to_iso(now_ns)} on, and "
                f"the tape has no bar of it; end the tape before"
            )
        return self.series[found.instrument_id]
