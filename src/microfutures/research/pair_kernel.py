"""Backtests of the pair strategy at compiled speed: one parameter set, or thousands.

The decision is that of the live strategy (`analytics.pairs`), the market that of the event-driven
backtest with ``--bar-path closes``; docs/kernel.md says which runs come out equal, trade for trade,
and what is refused or counted as a doubt instead.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.adapters.tapes.bar_columns import Floats, Integers
from microfutures.analytics import pairs
from microfutures.config.strategy_parameters import PairParameters
from microfutures.research import pair_books as at
from microfutures.research.compiled import tell_first_use
from microfutures.research.pair_books import TRADE, Rows
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_inputs import (
    desk_of,
    eyes_of,
    gate_of,
    tape_of,
    terms_of_series,
    warmth_of,
)
from microfutures.research.pair_looks import empty_looks
from microfutures.research.pair_series import PairSeries
from microfutures.research.pair_trades import play
from microfutures.strategies.pair_plan import rules_of

MOST_TRADES = 1 << 16

DOUBTS = ("thin book", "price ran away", "margin", "old quote", "unfinished entry", "flawed quote")
"""Where the event-driven run may differ; see `pair_trades`."""


class PairRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one parameter set did."""

    parameters: PairParameters
    days: tuple[str, ...]
    trades: NDArray[np.void]
    """Oldest first; see `TRADE`."""
    daily: Floats
    """Net result of each trading day, USD; positions never stay over night."""
    gross: float
    commissions: float
    max_drawdown: float
    """USD, open positions at the middle of their quotes at each check."""
    exposure: float
    """Share of the checks in joint liquid hours with a position on."""
    refused: dict[str, int]
    """By rule, how many looks beyond ``z_entry`` did not become an entry."""
    doubts: dict[str, int]
    """Moments at which the event-driven run may differ; empty when it does not."""
    is_halted: bool
    """Whether the drawdown ended trading for good."""

    @property
    def net(self) -> float:
        """Return what is left after commissions, USD."""
        return self.gross - self.commissions

    @property
    def equity(self) -> Floats:
        """Return the net result at the end of each trading day, USD, added up."""
        return np.cumsum(self.daily)


class PairSweep(msgspec.Struct, frozen=True, kw_only=True):
    """What many parameter sets did; one row a set, in the order they were given."""

    parameters: tuple[PairParameters, ...]
    days: tuple[str, ...]
    daily: Floats
    """Net result by set and trading day, USD: ``[sets, days]``."""
    trips: Integers
    won: Integers
    gross: Floats
    commissions: Floats
    max_drawdown: Floats
    exposure: Floats
    refused: Integers
    """``[sets, rules]``: the numbers of the rules are those of `analytics.pairs`, then the gate."""
    doubts: Integers
    """``[sets, len(DOUBTS)]``."""
    is_halted: NDArray[np.bool_]

    @property
    def net(self) -> Floats:
        """Return what is left after commissions of each set, USD."""
        return self.gross - self.commissions


RULE_NAMES = {
    pairs.COOLDOWN: "cooldown",
    pairs.AFTER_STOP: "after stop",
    pairs.SESSION_END: "session end",
    pairs.HEDGE: "hedge",
    pairs.COST: "cost",
    pairs.SIZE: "size",
    at.GATE: "risk gate",
}


def refusals_by_name(counts: Integers) -> dict[str, int]:
    """Return the rules that stopped entries, and how many."""
    return {name: int(counts[rule]) for rule, name in RULE_NAMES.items() if counts[rule]}


def run_pair(
    series: PairSeries,
    parameters: PairParameters,
    desk: PairDesk | None = None,
    *,
    first_day: int = 0,
    after_day: int | None = None,
) -> PairRun:
    """Run one parameter set over the trading days ``[first_day, after_day)`` of `series`.

    What lies before them warms the spread up. The first use on a machine compiles, and says so.

    Raises
    ------
    ConfigurationError
        If the series, the parameters or the desk ask for what the kernel does not model.
    """
    job, most = _Job(series, desk or PairDesk(), first_day, after_day), MOST_TRADES
    while True:
        results = job.results(1, most)
        job.play([parameters], results)
        book, count = results.books[0], int(results.books["trips"][0])
        if count <= most:
            break
        most = count
    return PairRun(
        parameters=parameters,
        days=job.days,
        trades=results.trades[0, :count],
        daily=results.daily[0],
        gross=float(book["gross"]),
        commissions=float(book["commissions"]),
        max_drawdown=float(book["drawdown"]),
        exposure=float(job.exposure(results)[0]),
        refused=refusals_by_name(book["refused"]),
        doubts={
            name: int(times) for name, times in zip(DOUBTS, book["doubts"], strict=True) if times
        },
        is_halted=bool(book["is_halted"]),
    )


def sweep_pairs(
    series: PairSeries,
    parameter_sets: Sequence[PairParameters],
    desk: PairDesk | None = None,
    *,
    first_day: int = 0,
    after_day: int | None = None,
    threads: int = 1,
    on_done: Callable[[int], None] = lambda _sets: None,
) -> PairSweep:
    """Run many parameter sets over the trading days ``[first_day, after_day)`` of `series`.

    The result of a set does not depend on the other ones, nor on `threads`. ``on_done`` is told
    of so many more finished sets, from the threads. Besides the daily results (8 bytes a set and
    day) memory does not grow with the sets.

    Raises
    ------
    ConfigurationError
        As of `run_pair`.
    """
    job = _Job(series, desk or PairDesk(), first_day, after_day)
    results = job.results(len(parameter_sets), 0)

    def run(places: Sequence[int]) -> None:
        part = job.results(len(places), 0)
        job.play([parameter_sets[place] for place in places], part)
        results.books[places], results.daily[places] = part.books, part.daily
        on_done(len(places))

    shares = _shares(parameter_sets, threads)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, shares))
    else:
        for each in shares:
            run(each)
    books = results.books
    return PairSweep(
        parameters=tuple(parameter_sets),
        days=job.days,
        daily=results.daily,
        trips=books["trips"].copy(),
        won=books["won"].copy(),
        gross=books["gross"].copy(),
        commissions=books["commissions"].copy(),
        max_drawdown=books["drawdown"].copy(),
        exposure=job.exposure(results),
        refused=books["refused"].copy(),
        doubts=books["doubts"].copy(),
        is_halted=books["is_halted"] != 0,
    )


class _Results(NamedTuple):
    """Where compiled code writes: a row a set."""

    books: Rows
    daily: Floats
    trades: Rows


class _Job:
    """A stretch of a series and a desk, made ready for compiled code."""

    def __init__(
        self, series: PairSeries, desk: PairDesk, first_day: int, after_day: int | None
    ) -> None:
        tell_first_use()
        self._series = series
        self._desk = desk
        self._tape, self._chapters, self.days = tape_of(series, desk, first_day, after_day)
        self._terms = terms_of_series(series)

    def results(self, sets: int, most_trades: int) -> _Results:
        """Return room for the results of so many sets."""
        return _Results(
            at.book(sets, self._desk.initial_capital),
            np.zeros((sets, len(self.days))),
            np.empty((sets, most_trades), TRADE),
        )

    def play(self, sets: Sequence[PairParameters], results: _Results) -> None:
        """Run sets that look at the market in the same way."""
        desk, series = self._desk, self._series
        eyes = eyes_of(sets[0])
        rules = np.array([rules_of(each, desk.risk_tolerance) for each in sets])
        play(
            self._tape,
            eyes,
            warmth_of(self._chapters, eyes),
            np.zeros(eyes.lookback),
            empty_looks(),
            rules,
            self._terms,
            gate_of(series, desk.limits, desk.initial_capital),
            desk_of(series, desk),
            *results,
        )

    def exposure(self, results: _Results) -> Floats:
        """Return the share of the checks at which each set held a position."""
        spans = self._tape.sessions["closes_ns"] - self._tape.sessions["opens_ns"]
        checks = max(1.0, float(spans.sum()) / self._tape.interval_ns)
        return np.divide(results.books["held_checks"].astype(np.float64), checks)


def _shares(sets: Sequence[PairParameters], threads: int) -> list[list[int]]:
    """Return the places of the sets in shares of equal eyes, some for every thread."""
    groups: dict[object, list[int]] = {}
    for place, each in enumerate(sets):
        groups.setdefault(eyes_of(each), []).append(place)
    most = max(1, -(-len(sets) // (4 * threads))) if threads > 1 else len(sets)
    return [
        group[begin : begin + most]
        for group in groups.values()
        for begin in range(0, len(group), most)
    ]
