"""Days to choose on and days to judge on, with what would leak between them left out.

Of these, scikit-learn and skfolio know only splits by count; ours are spans of trading days, so
that a backtest can be run on each of them.
"""

from itertools import pairwise

import msgspec

from microfutures.model.errors import InvalidValueError


class Span(msgspec.Struct, frozen=True, order=True):
    """Days ``[start, end)``, counted from the first."""

    start: int
    end: int

    def __len__(self) -> int:
        """Return how many days."""
        return self.end - self.start


class Fold(msgspec.Struct, frozen=True):
    """One choice and its judgement."""

    train: tuple[Span, ...]
    test: Span


def walk_forward(
    days: int, *, train: int, test: int, purge: int = 0, embargo: int = 0, anchored: bool = False
) -> list[Fold]:
    """Return folds that walk through the days: choose on the past, judge on what follows.

    Parameters
    ----------
    train, test
        Days to choose on and to judge on; the last test may be shorter, down to half.
    purge
        Days left out between the two: what a trade or a window of the one still sees of the other.
    embargo
        Days left out between one test and the next, so that their results are apart.
    anchored
        Choose on everything since the first day instead of on the last `train` days.

    Raises
    ------
    InvalidValueError
        If a number is impossible, or there aren't days enough for one fold.
    """
    _check(train=train, test=test)
    _check_gaps(purge, embargo)
    folds = []
    start = train + purge
    while start + max(1, test // 2) <= days:
        end = min(start + test, days)
        until = start - purge
        folds.append(Fold((Span(0 if anchored else until - train, until),), Span(start, end)))
        start = end + embargo
    if not folds:
        needed = train + purge + max(1, test // 2)
        raise InvalidValueError(
            f"a walk forward of {train} days to choose on, {purge} left out and {test} to judge on "
            f"needs {needed} trading days; there are {days}"
        )
    return folds


def purged_k_fold(days: int, *, folds: int, purge: int = 0, embargo: int = 0) -> list[Fold]:
    """Return folds that judge each stretch of the days once and choose on all others.

    `purge` days are left out of the choice on both sides of the test, `embargo` more after it:
    M. Lopez de Prado, Advances in Financial Machine Learning (2018), 7.4.

    Raises
    ------
    InvalidValueError
        If a number is impossible, or nothing would be left to choose on.
    """
    _check_gaps(purge, embargo)
    if not 2 <= folds <= days:
        raise InvalidValueError(f"folds must be 2 to the {days} trading days, were {folds}")
    edges = [days * place // folds for place in range(folds + 1)]
    found = []
    for start, end in pairwise(edges):
        sides = (Span(0, start - purge), Span(end + purge + embargo, days))
        train = tuple(span for span in sides if span.end > span.start)
        if not train:
            raise InvalidValueError(
                f"{days} trading days in {folds} folds leave nothing to choose on beside {purge} "
                f"purged and {embargo} under embargo"
            )
        found.append(Fold(train, Span(start, end)))
    return found


def _check(**lengths: int) -> None:
    for name, length in lengths.items():
        if length < 1:
            raise InvalidValueError(f"{name} must be at least 1 day, was {length}")


def _check_gaps(purge: int, embargo: int) -> None:
    if purge < 0 or embargo < 0:
        raise InvalidValueError(f"purge and embargo can't be below 0, were {purge} and {embargo}")
