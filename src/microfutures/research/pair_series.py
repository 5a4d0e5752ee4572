"""The closes of a pair of instruments as arrays, with all that a backtest of them needs to know.

What an event-driven backtest plays of a tape with ``--bar-path closes``: each bar's close, at the
last nanosecond of the bar, with a spread of so many ticks around it and as much displayed as
trades in three seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.paths import Ticks, close_updates
from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.sessions import Session
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, exchange_time, to_datetime, to_iso

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SHORTEST_BAR_SECONDS = 60
"""What own orders took of a book is back by the next bar; of shorter ones it is not."""
DAY_STARTS_EARLY_NS = 6 * 3_600 * NANOSECONDS_PER_SECOND


@dataclass(frozen=True, eq=False)
class LegSeries:
    """One leg: the moment of each close and the book of then."""

    instrument: Instrument
    bar_seconds: int
    times_ns: Integers
    closes: Floats
    bids: Floats
    asks: Floats
    sizes: Integers

    @classmethod
    def of_bars(cls, instrument: Instrument, bars: Sequence[Bar], spread_ticks: int = 1) -> Self:
        """Return the leg that `bars` make.

        Raises
        ------
        ConfigurationError
            If there are none, or they are of several lengths or too short.
        """
        lengths = {bar.seconds for bar in bars}
        if len(lengths) != 1 or min(lengths) < SHORTEST_BAR_SECONDS:
            raise ConfigurationError(
                f"{instrument.instrument_id}: a series needs bars of one length of at least "
                f"{SHORTEST_BAR_SECONDS} s, got {sorted(lengths) or 'no bars'}"
            )
        ticks = Ticks(instrument)
        numerator, denominator = ticks.ratio
        updates = list(close_updates(instrument.instrument_id, bars, ticks, spread_ticks))
        return cls(
            instrument=instrument,
            bar_seconds=lengths.pop(),
            times_ns=np.array([each.time_ns for each in updates], np.int64),
            closes=np.array([bar.close for bar in bars], np.float64),
            bids=np.array([each.bid_ticks * numerator / denominator for each in updates]),
            asks=np.array([each.ask_ticks * numerator / denominator for each in updates]),
            sizes=np.array([each.size for each in updates], np.int64),
        )


@dataclass(frozen=True, eq=False)
class PairSeries:
    """Two legs, the stretches in which both are liquid, and the tape's first and last moment."""

    primary: LegSeries
    secondary: LegSeries
    start_ns: int
    end_ns: int

    @classmethod
    def of_bars(
        cls,
        primary: tuple[Instrument, Sequence[Bar]],
        secondary: tuple[Instrument, Sequence[Bar]],
        *,
        spread_ticks: int = 1,
        start_ns: int | None = None,
        end_ns: int | None = None,
    ) -> Self:
        """Return the series of two instruments' bars; what lies before the start warms up."""
        ours, theirs = (LegSeries.of_bars(*each, spread_ticks) for each in (primary, secondary))
        legs = ours, theirs
        first_ns = max(int(leg.times_ns[0]) + 1 - _length_ns(leg) for leg in legs)
        after_ns = max(int(leg.times_ns[-1]) + 1 for leg in legs)
        return cls(
            ours,
            theirs,
            start_ns=first_ns if start_ns is None else start_ns,
            end_ns=after_ns if end_ns is None else end_ns,
        )

    @classmethod
    def of_market(
        cls, market: TapeMarket, primary: str, secondary: str, *, spread_ticks: int = 1
    ) -> Self:
        """Return the series of a tape of closes, as `app.backtest_tape` or `stored_tapes` load it.

        Raises
        ------
        ConfigurationError
            If a symbol has several contracts on the tape, or the tape is not one of closes.
        """
        if not market.is_of_closes:
            raise ConfigurationError(
                f"{market.describe()}: the kernel plays the closes of bars without splits; load "
                f"the tape with `--bar-path closes`, or use the event-driven backtest"
            )
        return cls.of_bars(
            _leg_of(market, primary),
            _leg_of(market, secondary),
            spread_ticks=spread_ticks,
            start_ns=market.start_ns,
            end_ns=market.end_ns,
        )

    @cached_property
    def sessions(self) -> Integers:
        """Return opening and closing moment of each stretch of joint liquid hours, ``[n, 2]``."""
        first = to_datetime(self.start_ns).date() - timedelta(days=7)
        last = to_datetime(self.end_ns).date() + timedelta(days=7)
        ours, theirs = (_liquid(leg.instrument, first, last) for leg in self.legs)
        joint = _intersection(ours, theirs)
        kept = [each for each in joint if each[1] > self.start_ns and each[0] < self.end_ns]
        return np.array(kept, np.int64).reshape(-1, 2)

    @cached_property
    def days(self) -> tuple[str, ...]:
        """Return the trading day of each session, like 2026-03-26."""
        return tuple(
            exchange_time(int(opens) + DAY_STARTS_EARLY_NS, pattern="%Y-%m-%d")
            for opens in self.sessions[:, 0]
        )

    @cached_property
    def prepared(self) -> dict[object, Any]:
        """Return what `pair_inputs` has made of the series for compiled code."""
        return {}

    @property
    def legs(self) -> tuple[LegSeries, LegSeries]:
        """Return both legs, the primary first."""
        return self.primary, self.secondary

    @cached_property
    def joint(self) -> tuple[Integers, Floats, Floats]:
        """Return moments and closes of the bars that both legs have: times, primary, secondary."""
        times, ours, theirs = np.intersect1d(
            self.primary.times_ns, self.secondary.times_ns, return_indices=True
        )
        return times, self.primary.closes[ours], self.secondary.closes[theirs]

    def __repr__(self) -> str:
        """Return what it is in one line."""
        names = "/".join(leg.instrument.instrument_id for leg in self.legs)
        return (
            f"PairSeries({names}, {len(self.primary.times_ns):,} bars, {len(self.days)} days, "
            f"{to_iso(self.start_ns)} to {to_iso(self.end_ns)})"
        )


def _leg_of(market: TapeMarket, symbol: str) -> tuple[Instrument, Sequence[Bar]]:
    found = [
        each
        for each in market.instruments
        if each.symbol == symbol
        and any(
            market.start_ns <= bar.start_ns < market.end_ns
            for bar in market.bars_of(each.instrument_id)
        )
    ]
    if len(found) != 1:
        names = ", ".join(each.instrument_id for each in found) or "none"
        raise ConfigurationError(
            f"the kernel doesn't roll: it wants one contract of {symbol} on the tape, found "
            f"{names}; play a stretch with one, a continuous series, or the event-driven backtest"
        )
    return found[0], market.bars_of(found[0].instrument_id)


def _length_ns(leg: LegSeries) -> int:
    return leg.bar_seconds * NANOSECONDS_PER_SECOND


def _liquid(instrument: Instrument, first: date, last: date) -> Sequence[Session]:
    _, liquid = catalog.sessions(instrument.symbol, first, last)
    end_ns = catalog.end_of_trading(instrument)
    if end_ns is None:
        return liquid
    return [
        Session(each.open_ns, min(each.close_ns, end_ns))
        for each in liquid
        if each.open_ns < end_ns
    ]


def _intersection(ours: Sequence[Session], theirs: Sequence[Session]) -> list[tuple[int, int]]:
    joint: list[tuple[int, int]] = []
    place = 0
    for session in ours:
        while place < len(theirs) and theirs[place].close_ns <= session.open_ns:
            place += 1
        for other in theirs[place:]:
            if other.open_ns >= session.close_ns:
                break
            opens = max(session.open_ns, other.open_ns)
            closes = min(session.close_ns, other.close_ns)
            if closes > opens:
                joint.append((opens, closes))
    return joint
