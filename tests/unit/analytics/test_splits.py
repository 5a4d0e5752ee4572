"""No day is judged that was chosen on, and the gaps are kept."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microfutures.analytics.splits import Fold, Span, purged_k_fold, walk_forward
from microfutures.model.errors import InvalidValueError


def days_of(spans: tuple[Span, ...]) -> set[int]:
    return {day for span in spans for day in range(span.start, span.end)}


def test_walk_goes_through_the_days() -> None:
    folds = walk_forward(20, train=8, test=4, purge=1, embargo=1)
    assert folds == [
        Fold((Span(0, 8),), Span(9, 13)),
        Fold((Span(5, 13),), Span(14, 18)),
    ]
    anchored = walk_forward(20, train=8, test=4, anchored=True)
    assert [fold.train for fold in anchored] == [(Span(0, 8),), (Span(0, 12),), (Span(0, 16),)]


def test_last_test_may_be_half_as_long() -> None:
    assert walk_forward(14, train=8, test=4)[-1].test == Span(12, 14)
    assert walk_forward(13, train=8, test=4)[-1].test == Span(8, 12)


def test_k_fold_purges_both_sides_and_embargoes_what_follows() -> None:
    folds = purged_k_fold(20, folds=4, purge=1, embargo=2)
    assert folds[1] == Fold((Span(0, 4), Span(13, 20)), Span(5, 10))
    assert folds[0].train == (Span(8, 20),)
    assert folds[3].train == (Span(0, 14),)


lengths = st.integers(1, 30)
gaps = st.integers(0, 5)


@given(st.integers(2, 200), lengths, lengths, gaps, gaps, st.booleans())
def test_no_walk_judges_what_it_chose_on(
    days: int, train: int, test: int, purge: int, embargo: int, anchored: bool
) -> None:
    assume(days >= train + purge + test)
    folds = walk_forward(
        days, train=train, test=test, purge=purge, embargo=embargo, anchored=anchored
    )
    for fold in folds:
        assert max(days_of(fold.train)) + purge + 1 == fold.test.start
        assert fold.test.end <= days
        assert len(days_of(fold.train)) >= train
    tests = [fold.test for fold in folds]
    assert all(after.start - before.end == embargo for before, after in pairwise(tests))


@given(st.integers(10, 200), st.integers(2, 8), gaps, gaps)
def test_every_day_is_judged_once_by_k_folds(
    days: int, count: int, purge: int, embargo: int
) -> None:
    assume(days // count > purge + embargo)
    folds = purged_k_fold(days, folds=count, purge=purge, embargo=embargo)
    judged = [day for fold in folds for day in range(fold.test.start, fold.test.end)]
    assert judged == list(range(days))
    for fold in folds:
        chosen = days_of(fold.train)
        near = range(fold.test.start - purge, fold.test.end + purge + embargo)
        assert chosen.isdisjoint(near)
        assert chosen | set(near) >= set(range(days))


def test_impossible_splits_are_refused_with_the_numbers() -> None:
    with pytest.raises(InvalidValueError, match="needs 83 trading days; there are 29"):
        walk_forward(29, train=72, test=20, purge=1)
    with pytest.raises(InvalidValueError, match="test must be at least 1 day, was 0"):
        walk_forward(29, train=7, test=0)
    with pytest.raises(InvalidValueError, match="purge and embargo can't be below 0"):
        walk_forward(29, train=7, test=5, embargo=-1)
    with pytest.raises(InvalidValueError, match="folds must be 2 to the 29 trading days, were 1"):
        purged_k_fold(29, folds=1)
    with pytest.raises(InvalidValueError, match="leave nothing to choose on"):
        purged_k_fold(10, folds=2, purge=5)
