"""How often the best set of one half of the days is a poor one on the other half.

Combinatorially symmetric cross-validation: D. H. Bailey, J. Borwein, M. Lopez de Prado and
Q. J. Zhu, The Probability of Backtest Overfitting, Journal of Computational Finance 20 (2017).
"""

from itertools import combinations

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError

Floats = NDArray[np.float64]

BLOCKS = (16, 14, 12, 10, 8, 6, 4)
LEAST_DAYS_A_BLOCK = 4
HALVES_AT_ONCE = 512
"""Memory is bounded by so many halves times the sets."""
FLAT = 1e-15
"""A deviation below this share of the largest return is rounding."""


class Overfitting(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the best of one half on the other half, over all ways to halve the days."""

    probability: float
    """Of overfitting: share of the ways in which the best is in the lower half of the others."""
    logits: Floats
    """``ln(w / (1 - w))`` of each way, w being the relative rank out of sample."""
    in_sample: Floats
    """Sharpe ratio of a day of each best, where it was chosen."""
    out_of_sample: Floats
    """The same set's, on the other half."""
    loss_probability: float
    """Share of the ways in which the best loses on the other half."""
    slope: float | None
    """Of the least-squares line of out-of-sample on in-sample ratios; below 0: the better, the
    worse. None where the latter don't differ."""
    blocks: int

    @property
    def ways(self) -> int:
        """Return in how many ways the days were halved."""
        return len(self.logits)


def blocks_for(days: int) -> int | None:
    """Return the most blocks, an even number up to 16, that `days` make; None if too few."""
    return next((each for each in BLOCKS if days >= each * LEAST_DAYS_A_BLOCK), None)


def overfitting(daily: Floats, blocks: int | None = None) -> Overfitting | None:
    """Return how overfitted the choice of the best column is.

    Parameters
    ----------
    daily
        Returns, a row a day and a column a set.
    blocks
        Stretches that the days are cut into; by default as many as there are days for.

    Returns
    -------
    Overfitting or None
        None for fewer than two sets or 16 days.

    Raises
    ------
    InvalidValueError
        If a return isn't finite, or `blocks` isn't even and at most the days.
    """
    days, sets = daily.shape
    if not np.isfinite(daily).all():
        raise InvalidValueError("a return of the sets is missing or infinite")
    count = blocks_for(days) if blocks is None else blocks
    if count is None or sets < 2:
        return None
    if count % 2 or not 2 <= count <= days:
        raise InvalidValueError(f"blocks must be even and 2 to {days}, were {count}")
    halves = _halves(count)
    sums = _BlockSums.of(daily, count)
    inside, outside, logits = [], [], []
    for start in range(0, len(halves), HALVES_AT_ONCE):
        chosen = halves[start : start + HALVES_AT_ONCE]
        ratios, others = sums.sharpe(chosen), sums.sharpe(~chosen)
        rows, best = np.arange(len(chosen)), np.argmax(ratios, axis=1)
        found = others[rows, best]
        inside.append(ratios[rows, best])
        outside.append(found)
        logits.append(_logits(others, found))
    return _result(np.concatenate(inside), np.concatenate(outside), np.concatenate(logits), count)


class _BlockSums(msgspec.Struct, frozen=True):
    """Sums of each block, from which those of any half are put together."""

    days: Floats
    total: Floats
    squares: Floats
    mean: Floats
    """Taken off every return before, so that squares keep their digits."""
    scale: Floats
    """Largest return of each set."""

    @classmethod
    def of(cls, daily: Floats, count: int) -> "_BlockSums":
        mean = daily.mean(axis=0)
        parts = np.array_split(daily - mean, count)
        return cls(
            np.array([float(len(part)) for part in parts]),
            np.array([part.sum(axis=0) for part in parts]),
            np.array([(part**2).sum(axis=0) for part in parts]),
            mean,
            np.abs(daily).max(axis=0),
        )

    def sharpe(self, halves: NDArray[np.bool_]) -> Floats:
        """Return the ratio of every set on each half; 0 where a set's returns don't vary."""
        weights = halves.astype(np.float64)
        days = (weights @ self.days)[:, np.newaxis]
        total = weights @ self.total
        variance = (weights @ self.squares - total**2 / days) / (days - 1)
        deviation = np.sqrt(np.maximum(variance, 0))
        mean = total / days + self.mean
        moves = deviation > np.maximum(FLAT, 1e-9 * self.scale)
        ratios: Floats = np.divide(mean, deviation, out=np.zeros_like(mean), where=moves)
        return ratios


def _halves(count: int) -> NDArray[np.bool_]:
    ways = list(combinations(range(count), count // 2))
    halves = np.zeros((len(ways), count), dtype=np.bool_)
    for row, way in enumerate(ways):
        halves[row, list(way)] = True
    return halves


def _logits(ratios: Floats, found: Floats) -> Floats:
    """Return the logit of each found ratio's rank in its row; equals share their ranks."""
    below = (ratios < found[:, np.newaxis]).sum(axis=1)
    equal = (ratios == found[:, np.newaxis]).sum(axis=1)
    share = (below + (equal + 1) / 2) / (ratios.shape[1] + 1)
    logits: Floats = np.log(share / (1 - share))
    return logits


def _result(inside: Floats, outside: Floats, logits: Floats, blocks: int) -> Overfitting:
    varies = float(np.ptp(inside)) > 0
    return Overfitting(
        probability=float(np.mean(logits <= 0)),
        logits=logits,
        in_sample=inside,
        out_of_sample=outside,
        loss_probability=float(np.mean(outside < 0)),
        slope=float(np.polyfit(inside, outside, 1)[0]) if varies else None,
        blocks=blocks,
    )
