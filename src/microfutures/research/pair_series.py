"""A pair as arrays: both legs, their joint liquid hours, and when they roll."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np

from microfutures.adapters.tapes.bar_columns import Integers
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.backtest.contracts import next_roll_ns
from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError
from microfutures.model.instrument import Instrument
from microfutures.model.sessions import Session
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, exchange_time, to_datetime, to_iso
from microfutures.research.leg_series import LegSeries, Months

DAY_STARTS_EARLY_NS = 6 * 3_600 * NANOSECONDS_PER_SECOND


class Chapter(NamedTuple):
    """A stretch of the tape on which both symbols mean one contract each."""

    start_ns: int
    legs: tuple[LegSeries, LegSeries]


@dataclass(frozen=True, eq=False)
class PairSeries:
    """Two legs, the stretches in which both are liquid, and the tape's first and last moment."""

    primary: Months
    secondary: Months
    start_ns: int
    end_ns: int

    @classmethod
    def of_market(
        cls, market: TapeMarket, primary: str, secondary: str, *, spread_ticks: int = 1
    ) -> Self:
        """Return the series of a tape of closes, as `app.backtest_tape` or `stored_tapes` load it.

        What lies before its start warms up.

        Raises
        ------
        ConfigurationError
            If the tape is not one of closes, or has no bars of a symbol.
        """
        if not market.is_of_closes:
            raise ConfigurationError(
                f"{market.describe()}: the kernel plays the closes of bars without splits; load "
                f"the tape with `--bar-path closes`, or use the event-driven backtest"
            )
        return cls(
            Months.of_market(market, primary, spread_ticks),
            Months.of_market(market, secondary, spread_ticks),
            start_ns=market.start_ns,
            end_ns=market.end_ns,
        )

    def chapters(self, start_ns: int, end_ns: int) -> tuple[Chapter, ...]:
        """Return what the symbols mean on a stretch; looked at anew in each daily break.

        Raises
        ------
        ConfigurationError
            If one of them means nothing at the start.
        """
        found: list[Chapter] = []
        moment_ns = start_ns
        first: LegSeries | None = None
        second: LegSeries | None = None
        while moment_ns < end_ns:
            before = first, second
            first, second = (
                months.front(moment_ns, leg) for months, leg in zip(self.legs, before, strict=True)
            )
            if first is None or second is None:
                missing = self.legs[0 if first is None else 1].instrument.symbol
                raise ConfigurationError(
                    f"no contract of {missing} on the tape may be held on {to_iso(moment_ns)}; "
                    f"begin earlier or later"
                )
            if (first, second) != before:
                found.append(Chapter(moment_ns, (first, second)))
            moment_ns = next_roll_ns(moment_ns)
        return tuple(found)

    @cached_property
    def sessions(self) -> Integers:
        """Return opening and closing moment of each stretch of joint liquid hours, ``[n, 2]``."""
        first = to_datetime(self.start_ns).date() - timedelta(days=7)
        last = to_datetime(self.end_ns).date() + timedelta(days=7)
        ours, theirs = (_liquid(leg.latest, first, last) for leg in self.legs)
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
    def legs(self) -> tuple[Months, Months]:
        """Return both legs, the primary first."""
        return self.primary, self.secondary

    def __repr__(self) -> str:
        """Return what it is in one line."""
        names = "/".join(leg.instrument.symbol for leg in self.legs)
        return (
            f"PairSeries({names}, {len(self.days)} days, "
            f"{to_iso(self.start_ns)} to {to_iso(self.end_ns)})"
        )


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
