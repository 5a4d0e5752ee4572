"""Days on which a tape has no price of the month that is held are found and said."""

from datetime import date

import pytest

from helpers.pair_tapes import pair_of_bars, strung
from microfutures.adapters.tapes.load import TapeOptions
from microfutures.adapters.tapes.paths import BarPath
from microfutures.app.backtest.files import month_notes
from microfutures.backtest.quoted_months import find_unquoted
from microfutures.model.errors import ConfigurationError


def test_days_between_the_desks_roll_and_the_vendors_are_found() -> None:
    (found,) = find_unquoted(strung(3))
    # May's last day is the 20th of April: a desk leaves it after the 9th, the file on the 17th.
    assert (found.symbol, found.days, found.of_days) == ("MCL", 5, 11)
    assert (found.first, found.instrument_id) == (date(2026, 4, 10), "MCLM6")


def test_a_month_that_is_held_as_long_as_the_file_has_it_is_always_quoted() -> None:
    assert find_unquoted(strung(3, roll_business_days=2)) == []


def test_a_month_that_is_held_longer_than_the_file_has_it_is_found_too() -> None:
    (found,) = find_unquoted(strung(3, roll_business_days=1))
    assert (found.days, found.first, found.instrument_id) == (1, date(2026, 4, 17), "MCLK6")


def test_a_tape_of_one_month_says_nothing() -> None:
    assert find_unquoted(pair_of_bars(30, BarPath.CLOSE)) == []


def test_the_remedy_is_named_where_it_helps() -> None:
    (line,) = month_notes(find_unquoted(strung(3)))
    assert "MCL: on 5 of 11 trading days" in line
    assert "MCLM6 on 2026-04-10" in line
    assert "--roll-days 2" in line
    (line,) = month_notes(find_unquoted(strung(3, roll_business_days=1)))
    assert "--roll-days" not in line


def test_a_month_cannot_be_held_to_its_very_end() -> None:
    with pytest.raises(ConfigurationError, match="roll_business_days must be at least 1, was 0"):
        TapeOptions(roll_business_days=0)
