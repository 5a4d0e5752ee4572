"""What is tried, and what can't be meant."""

import pytest

from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.errors import ConfigurationError
from microfutures.research.folds import parse_k_fold, parse_walk_forward
from microfutures.research.space import MOST_SETS, parse_space, possible_sets

BASE = PairParameters()


def test_range_and_list_make_their_combinations_with_exact_values() -> None:
    space = parse_space(["z_entry=1.1:1.4:0.1", "lookback=40,10"], BASE)
    assert space.axes[0].values == (1.1, 1.2, 1.3, 1.4)
    assert space.axes[1].values == (10, 40)
    sets = possible_sets(space, BASE)
    assert (space.size, len(sets)) == (8, 8)
    assert sets[0] == {"z_entry": 1.1, "lookback": 10}
    assert sets[1] == {"z_entry": 1.1, "lookback": 40}


def test_sets_that_contradict_a_rule_are_left_out() -> None:
    space = parse_space(["z_entry=1,2", "z_exit=0.5,1.5"], BASE)
    assert possible_sets(space, BASE) == [
        {"z_entry": 1.0, "z_exit": 0.5},
        {"z_entry": 2.0, "z_exit": 0.5},
        {"z_entry": 2.0, "z_exit": 1.5},
    ]
    with pytest.raises(
        ConfigurationError, match="none of the 1 sets of --grid is possible: z_entry"
    ):
        possible_sets(parse_space(["z_entry=0.2"], BASE), BASE)


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        (["z_entri=1,2"], "'z_entri' is no parameter; did you mean 'z_entry'?"),
        (["colour=1,2"], "'colour' is no parameter; there are: primary_symbol"),
        (["primary_symbol=1"], "primary_symbol is no number and can't be varied"),
        (["z_entry"], "write NAME=FIRST:LAST:STEP"),
        (["z_entry="], "write NAME=FIRST:LAST:STEP"),
        (["z_entry=1:2"], "a range is FIRST:LAST:STEP, like 1.5:3:0.25, was '1:2'"),
        (["z_entry=3:1:0.5"], "goes up by steps above 0, was 3 to 1 by 0.5"),
        (["z_entry=1:3:0"], "goes up by steps above 0"),
        (["z_entry=1:x:1"], "'x' is no number"),
        (["z_entry=1,,2"], "'' is no number"),
        (["z_entry=nan"], "'nan' is no number to try"),
        (["z_entry=0:1:0.5"], "z_entry must be a number above 0, was 0"),
        (["lookback=10.5"], "lookback must be a whole number from 2 to 100000, was 10.5"),
        (["lookback=1:100000:1"], "100,000 values, at most 10,000"),
        (["lookback=10", "lookback=20"], "--grid names lookback twice"),
        ([], "nothing to try"),
    ],
)
def test_grid_that_cannot_be_meant_is_refused(grid: list[str], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_space(grid, BASE)
    assert said in str(caught.value)


def test_grid_of_more_than_a_million_sets_names_the_way_out() -> None:
    space = parse_space(["z_entry=1:10:0.001", "lookback=10:1000:1"], BASE)
    assert space.size > MOST_SETS
    with pytest.raises(ConfigurationError, match="let --optuna N choose N of them"):
        possible_sets(space, BASE)


def test_folds_are_read_in_trading_days() -> None:
    (fold,) = parse_walk_forward("train=10d, test=5d, purge=1d", 17)
    assert (fold.train[0].end, fold.test.start, fold.test.end) == (10, 11, 16)
    assert parse_walk_forward("train=10,test=5,anchored", 20)[1].train[0].start == 0
    assert len(parse_k_fold("folds=4,purge=1d,embargo=1d", 20)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train=10d", "lacks test; write it like train=60d,test=20d,purge=1d,embargo=1d"),
        ("train=10d,test=5d,gap=1d", "'gap=1d' is not one of train, test, purge, embargo"),
        ("train=10d,test=5d,test=6d", "each once"),
        ("train=10w,test=5d", "train is a number of trading days, like train=5d, was '10w'"),
        ("train=100d,test=5d", "needs 102 trading days; there are 29"),
        ("train=0d,test=5d", "train must be at least 1 day, was 0"),
    ],
)
def test_folds_that_cannot_be_meant_are_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_walk_forward(text, 29)
    assert str(caught.value).startswith("--walk-forward")
    assert said in str(caught.value)
