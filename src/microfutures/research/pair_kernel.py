"""Backtests of the pair strategy at compiled speed: one parameter set, or thousands.

The decision is that of the live strategy (`analytics.pairs`), the market that of the event-driven
backtest with ``--bar-path closes``; docs/kernel.md says which runs come out equal, trade for trade,
and what is refused or counted as a doubt instead.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.analytics import pairs
from microfutures.config.strategy_parameters import PairParameters
from microfutures.research import pair_books as at
from microfutures.research.compiled import tell_first_use
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_inputs import (
    desk_of,
    eyes_of,
    gate_of,
    tape_of,
    terms_of_series,
    warm_ring,
)
from microfutures.research.pair_looks import empty_looks
from microfutures.research.pair_series import Floats, Integers, PairSeries
from microfutures.research.pair_trades import play
from microfutures.strategies.pair_plan import rules_of

MOST_TRADES = 1 << 16

TRADE = np.dtype(
    [
        ("opened_ns", "i8"),
        ("closed_ns", "i8"),
        ("direction", "i8"),
        ("units", "i8"),
        ("hedge_units", "i8"),
        ("action", "i8"),
        ("rule", "i8"),
        ("decided_entry_ns", "i8"),
        ("decided_exit_ns", "i8"),
        ("primary_entry", "f8"),
        ("secondary_entry", "f8"),
        ("primary_exit", "f8"),
        ("secondary_exit", "f8"),
        ("gross", "f8"),
        ("commissions", "f8"),
    ]
)
"""One round trip: direction of the spread, prices, USD; what `analytics.pairs` answered."""

DOUBTS = ("thin book", "price ran away", "margin", "old quote", "unfinished entry")
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
    chosen, most = desk or PairDesk(), MOST_TRADES
    job = _Job(series, chosen, first_day, after_day)
    while True:
        books = job.books(1, most)
        job.play([parameters], books)
        count = int(books.whole[0, at.TRIPS])
        if count <= most:
            break
        most = count
    trades = np.empty(count, TRADE)
    names = TRADE.names or ()
    for column, name in enumerate(names[:9]):
        trades[name] = books.trades[0, :count, column]
    for column, name in enumerate(names[9:]):
        trades[name] = books.prices[0, :count, column]
    refused, doubts = books.refused[0], books.doubts[0]
    return PairRun(
        parameters=parameters,
        days=job.days,
        trades=trades,
        daily=books.daily[0],
        gross=float(books.real[0, at.GROSS]),
        commissions=float(books.real[0, at.COMMISSIONS]),
        max_drawdown=float(books.real[0, at.DRAWDOWN]),
        exposure=float(job.exposure(books)[0]),
        refused={name: int(refused[rule]) for rule, name in RULE_NAMES.items() if refused[rule]},
        doubts={name: int(count) for name, count in zip(DOUBTS, doubts, strict=True) if count},
        is_halted=bool(books.whole[0, at.IS_HALTED]),
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
    books = job.books(len(parameter_sets), 0)

    def run(places: Sequence[int]) -> None:
        part = job.books(len(places), 0)
        job.play([parameter_sets[place] for place in places], part)
        for whole, piece in zip(books, part, strict=True):
            whole[places] = piece
        on_done(len(places))

    shares = _shares(parameter_sets, threads)
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, shares))
    else:
        for each in shares:
            run(each)
    return PairSweep(
        parameters=tuple(parameter_sets),
        days=job.days,
        daily=books.daily,
        trips=books.whole[:, at.TRIPS].copy(),
        won=books.real[:, at.WON].astype(np.int64),
        gross=books.real[:, at.GROSS].copy(),
        commissions=books.real[:, at.COMMISSIONS].copy(),
        max_drawdown=books.real[:, at.DRAWDOWN].copy(),
        exposure=job.exposure(books),
        refused=books.refused,
        doubts=books.doubts,
        is_halted=books.whole[:, at.IS_HALTED] != 0,
    )


class _Job:
    """A stretch of a series and a desk, made ready for compiled code."""

    def __init__(
        self, series: PairSeries, desk: PairDesk, first_day: int, after_day: int | None
    ) -> None:
        tell_first_use()
        self._series = series
        self._desk = desk
        self._tape, self.days = tape_of(series, desk.check_interval_seconds, first_day, after_day)
        self._start_ns = series.start_ns if first_day == 0 else int(self._tape.sessions[0, 0])
        self._terms = terms_of_series(series)

    def books(self, sets: int, most_trades: int) -> at.Books:
        """Return the books of so many sets before the first check."""
        whole = np.zeros((sets, at.WHOLE), np.int64)
        whole[:, [at.SESSION, at.DAY, at.FIRST_BAR, at.SECOND_BAR]] = -1
        real = np.zeros((sets, at.REAL))
        real[:, at.PEAK] = self._desk.initial_capital
        return at.Books(
            whole,
            real,
            np.zeros((sets, len(self.days))),
            np.zeros((sets, at.RULES), np.int64),
            np.zeros((sets, at.DOUBTS), np.int64),
            np.zeros((sets, most_trades, 9), np.int64),
            np.zeros((sets, most_trades, 6)),
        )

    def play(self, sets: Sequence[PairParameters], books: at.Books) -> None:
        """Run sets that look at the market in the same way."""
        desk, series = self._desk, self._series
        eyes = eyes_of(sets[0])
        ring, start = warm_ring(series, eyes, self._start_ns)
        rules = np.array([rules_of(each, desk.risk_tolerance) for each in sets])
        play(
            self._tape,
            eyes,
            start,
            ring,
            empty_looks(),
            rules,
            self._terms,
            gate_of(series, desk.limits, desk.initial_capital),
            desk_of(series, desk),
            books,
        )

    def exposure(self, books: at.Books) -> Floats:
        """Return the share of the checks at which each set held a position."""
        spans = self._tape.sessions[:, 1] - self._tape.sessions[:, 0]
        checks = max(1.0, float(spans.sum()) / self._tape.interval_ns)
        held = books.whole[:, at.HELD_CHECKS].astype(np.float64)
        return np.divide(held, checks)


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
