"""What a study asks of a backtest, whichever does it: sets and a stretch in, daily results out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import fsum
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.config.strategy_parameters import PairParameters

Floats = NDArray[np.float64]


class Stretch(msgspec.Struct, frozen=True, order=True):
    """A part of the tape: trading days ``[first, end)``, counted from the tape's first."""

    first: int
    end: int


class SetResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one set came to on one stretch. Money in USD."""

    capital: float
    profits: tuple[float, ...]
    """Of each trading day, after costs, in order; what is open counts at its day's last price."""
    trades: int
    wins: int
    losses: int
    gross: float
    """Of the trades, before costs."""
    costs: float
    doubts: int = 0
    """Moments at which the event-driven backtest might do otherwise; none if it did this run."""
    refused: dict[str, int] = {}
    """By rule, how many looks at the market did not become an entry."""

    @property
    def net(self) -> float:
        """Return what is left after costs."""
        return fsum(self.profits)

    @property
    def closes(self) -> Floats:
        """Return the capital, then the equity at the end of each day."""
        return np.concatenate(([self.capital], self.capital + np.cumsum(self.profits)))

    @property
    def returns(self) -> Floats:
        """Return simple daily returns; after ruin nothing more can be lost: −1 once, then 0."""
        closes = self.closes
        before = closes[:-1]
        alive = np.minimum.accumulate(before) > 0
        shares = np.divide(np.diff(closes), before, out=np.zeros(len(before)), where=alive)
        daily: Floats = np.maximum(shares, -1.0)
        return daily


def together(parts: Sequence[SetResult]) -> SetResult:
    """Return the results of one set on several stretches as one, in their order."""
    return SetResult(
        capital=parts[0].capital,
        profits=tuple(profit for part in parts for profit in part.profits),
        trades=sum(part.trades for part in parts),
        wins=sum(part.wins for part in parts),
        losses=sum(part.losses for part in parts),
        gross=fsum(part.gross for part in parts),
        costs=fsum(part.costs for part in parts),
        doubts=sum(part.doubts for part in parts),
        refused=dict(refusals(parts)),
    )


def refusals(results: Iterable[SetResult]) -> Counter[str]:
    """Return how often each rule stopped an entry, over all of the results."""
    total: Counter[str] = Counter()
    for each in results:
        total.update(each.refused)
    return total


class Evaluator(Protocol):
    """Runs sets of parameters; made anew in every process, so it must be picklable.

    The same set on the same stretch has the same result, whatever else is evaluated, where, and
    in how many threads.
    """

    @property
    def identity(self) -> str:
        """Return the fingerprint of all that results depend on, the parameters aside."""
        ...

    @property
    def sets_a_task(self) -> int:
        """Return how many sets are worth the way to another process."""
        ...

    @property
    def is_threaded(self) -> bool:
        """Tell whether one call of `evaluate` can keep several cores busy."""
        ...

    def evaluate(
        self, sets: Sequence[PairParameters], stretch: Stretch, threads: int
    ) -> list[SetResult]:
        """Return the result of each set on the stretch, a run of its own with fresh capital."""
        ...
