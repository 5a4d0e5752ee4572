"""The fast way against the slow one, and what noise and an edge look like."""

from itertools import combinations

import numpy as np
import pytest

from microfutures.analytics.overfitting import Floats, blocks_for, overfitting
from microfutures.model.errors import InvalidValueError


def noise(seed: int, days: int = 160, sets: int = 30) -> Floats:
    return np.random.default_rng(seed).normal(0, 0.01, (days, sets))


def one_by_one(daily: Floats, blocks: int) -> list[float]:
    """Return the logits as the paper tells it, way by way."""
    parts = np.array_split(daily, blocks)
    logits = []
    for way in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[each] for each in way])
        outside = np.concatenate([parts[each] for each in range(blocks) if each not in way])
        best = int(np.argmax(inside.mean(axis=0) / inside.std(axis=0, ddof=1)))
        ratios = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        share = (1 + int((ratios < ratios[best]).sum())) / (1 + daily.shape[1])
        logits.append(float(np.log(share / (1 - share))))
    return logits


@pytest.mark.parametrize(("days", "blocks"), [(160, 8), (163, 10), (40, 4)])
def test_fast_way_agrees_with_the_paper_way_by_way(days: int, blocks: int) -> None:
    daily = noise(1, days)
    found = overfitting(daily, blocks)
    assert found is not None
    slow = one_by_one(daily, blocks)
    assert found.logits == pytest.approx(np.array(slow), rel=1e-12)
    assert found.probability == np.mean([each <= 0 for each in slow])
    assert found.ways == len(slow)


def test_best_of_noise_is_a_coin_toss_on_the_other_half() -> None:
    found = [overfitting(noise(seed)) for seed in range(8)]
    chances = [each.probability for each in found if each is not None]
    slopes = [each.slope for each in found if each is not None and each.slope is not None]
    assert len(chances) == len(slopes) == 8
    assert 0.3 < float(np.mean(chances)) < 0.7
    assert float(np.mean(slopes)) < 0


def test_set_with_an_edge_stays_the_best() -> None:
    daily = noise(2)
    daily[:, 7] += 0.01
    found = overfitting(daily)
    assert found is not None
    assert found.probability == 0.0
    assert found.loss_probability < 0.01
    assert found.out_of_sample.mean() == pytest.approx(1.0, abs=0.2)


def test_sets_that_never_traded_count_as_no_ratio() -> None:
    daily = noise(3)
    daily[:, 3:] = 0.0
    found = overfitting(daily)
    assert found is not None
    assert np.isfinite(found.logits).all()
    nothing = overfitting(np.zeros((160, 5)))
    assert nothing is not None
    assert (nothing.probability, nothing.slope) == (1.0, None)


def test_too_little_to_judge_by_is_none_and_impossible_input_is_refused() -> None:
    assert overfitting(noise(1, days=15)) is None
    assert overfitting(noise(1, sets=1)) is None
    assert [blocks_for(days) for days in (15, 16, 29, 64, 5000)] == [None, 4, 6, 16, 16]
    holed = noise(1)
    holed[3, 3] = np.nan
    with pytest.raises(InvalidValueError, match="missing or infinite"):
        overfitting(holed)
    with pytest.raises(InvalidValueError, match="blocks must be even and 2 to 160, were 7"):
        overfitting(noise(1), 7)
