"""What single trades came to: hit rate, expectancy, excursions, by any key.

A trade here is a round trip from flat to flat. Money is net of commissions unless it says gross.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from math import isfinite
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError

Floats = NDArray[np.float64]
Key = TypeVar("Key", bound=Hashable)

NANOSECONDS = 1_000_000_000


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One round trip; money in USD."""

    strategy: str
    instrument: str
    """Of the leg that opened it."""
    opened_ns: int
    closed_ns: int
    direction: str
    """``long`` or ``short``."""
    units: int
    gross: float
    costs: float = 0.0
    """Commissions, at least 0 unless there are rebates."""
    notional: float = 0.0
    """What was bought and sold in all, in money: for the turnover."""
    worst: float | None = None
    """Lowest open result on the way (maximum adverse excursion), at most 0."""
    best: float | None = None
    """Highest open result on the way (maximum favourable excursion), at least 0."""
    reason: str = ""
    """Why it was closed."""

    def __post_init__(self) -> None:
        """Refuse a trade that ends before it begins, or money that isn't finite."""
        if self.closed_ns < self.opened_ns:
            raise InvalidValueError(f"a trade from {self.opened_ns} to {self.closed_ns}")
        if not isfinite(self.gross) or not isfinite(self.costs):
            raise InvalidValueError(f"a trade of {self.gross} and {self.costs} USD")

    @property
    def net(self) -> float:
        """Return what it came to after costs."""
        return self.gross - self.costs

    @property
    def seconds(self) -> float:
        """Return how long it lasted."""
        return (self.closed_ns - self.opened_ns) / NANOSECONDS


class TradeStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of some trades; None where there is nothing to divide by. Money in USD."""

    count: int
    wins: int
    losses: int
    net: float
    gross: float
    costs: float
    hit_rate: float | None
    """Wins among the trades that weren't even."""
    expectancy: float | None
    """Mean net of a trade."""
    average_win: float | None
    average_loss: float | None
    """At most 0."""
    payoff_ratio: float | None
    """Average win to average loss, both positive."""
    profit_factor: float | None
    """Sum of wins to sum of losses, both positive."""
    largest_win: float | None
    largest_loss: float | None
    longest_losing_run: int
    average_seconds: float | None
    average_worst: float | None
    """Mean adverse excursion of the trades that know theirs."""
    average_best: float | None


def trade_statistics(trades: Sequence[Trade]) -> TradeStatistics:
    """Return the numbers of `trades`, in order of their closing."""
    nets = np.array([trade.net for trade in trades], dtype=np.float64)
    wins, losses = nets[nets > 0], nets[nets < 0]
    average_win, average_loss = _mean(wins), _mean(losses)
    decided = len(wins) + len(losses)
    return TradeStatistics(
        count=len(nets),
        wins=len(wins),
        losses=len(losses),
        net=float(nets.sum()),
        gross=sum(trade.gross for trade in trades),
        costs=sum(trade.costs for trade in trades),
        hit_rate=len(wins) / decided if decided else None,
        expectancy=_mean(nets),
        average_win=average_win,
        average_loss=average_loss,
        payoff_ratio=None if average_win is None or average_loss is None
        else average_win / -average_loss,
        profit_factor=float(wins.sum() / -losses.sum()) if len(losses) else None,
        largest_win=float(wins.max()) if len(wins) else None,
        largest_loss=float(losses.min()) if len(losses) else None,
        longest_losing_run=_longest_run(nets < 0),
        average_seconds=_mean(np.array([trade.seconds for trade in trades])),
        average_worst=_mean(_known(trade.worst for trade in trades)),
        average_best=_mean(_known(trade.best for trade in trades)),
    )  # fmt: skip


def by(trades: Iterable[Trade], key: Callable[[Trade], Key]) -> dict[Key, TradeStatistics]:
    """Return the numbers of each group, keys in order of their first trade."""
    groups: dict[Key, list[Trade]] = {}
    for trade in trades:
        groups.setdefault(key(trade), []).append(trade)
    return {name: trade_statistics(group) for name, group in groups.items()}


def opening_hour(trade: Trade, zone: str = "America/New_York") -> int:
    """Return the local hour in which a trade was opened, 0 to 23."""
    return datetime.fromtimestamp(trade.opened_ns // NANOSECONDS, tz=ZoneInfo(zone)).hour


def excursions(
    times_ns: NDArray[np.int64], open_result: Floats, opened_ns: int, closed_ns: int
) -> tuple[float, float]:
    """Return the worst and the best open result of a trade along its path; 0 if none was seen.

    ``open_result`` is what the trade would have come to if closed at each moment, in money.
    """
    low, high = np.searchsorted(times_ns, (opened_ns, closed_ns + 1))
    path = open_result[low:high]
    if len(path) == 0:
        return 0.0, 0.0
    return min(0.0, float(path.min())), max(0.0, float(path.max()))


def exposure(trades: Iterable[Trade], start_ns: int, end_ns: int) -> float:
    """Return the share of ``[start, end)`` in which at least one trade was on."""
    if end_ns <= start_ns:
        raise InvalidValueError(f"a stretch from {start_ns} to {end_ns} is empty")
    covered, until = 0, start_ns
    for trade in sorted(trades, key=lambda each: each.opened_ns):
        begins, ends = max(trade.opened_ns, until), min(trade.closed_ns, end_ns)
        if ends > begins:
            covered += ends - begins
            until = ends
    return covered / (end_ns - start_ns)


def turnover(trades: Iterable[Trade], average_equity: float, days: int) -> float | None:
    """Return what is bought and sold in a year, in multiples of the equity (252 days)."""
    if average_equity <= 0 or days <= 0:
        return None
    return sum(trade.notional for trade in trades) / average_equity * 252 / days


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _known(values: Iterable[float | None]) -> Floats:
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _longest_run(flags: NDArray[np.bool_]) -> int:
    longest = run = 0
    for flag in flags.tolist():
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
