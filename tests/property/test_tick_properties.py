"""Prices into ticks: the quick way of a price on the tick agrees with exact arithmetic."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from helpers.desk import an_instrument

TICKS = [Decimal(each) for each in ("0.01", "0.0001", "0.25", "0.0000005", "5", "0.015625")]


@pytest.mark.parametrize("tick_size", TICKS)
@given(ticks=st.integers(-10_000_000, 10_000_000))
def test_price_on_the_tick_is_its_ticks(tick_size: Decimal, ticks: int) -> None:
    instrument = replace(an_instrument(), tick_size=tick_size)
    price = float(instrument.price(ticks))
    assert instrument.float_price(ticks) == price
    assert instrument.ticks_at_or_below(price) == ticks
    assert instrument.ticks_at_or_above(price) == ticks


@pytest.mark.parametrize("tick_size", TICKS)
@given(price=st.floats(-1e6, 1e6))
def test_any_price_lies_between_its_ticks(tick_size: Decimal, price: float) -> None:
    instrument = replace(an_instrument(), tick_size=tick_size)
    below, above = instrument.ticks_at_or_below(price), instrument.ticks_at_or_above(price)
    exact = Decimal(repr(price)) / tick_size
    if float(tick_size * below) == price:
        assert below == above
    else:
        assert below == int(exact.to_integral_value(ROUND_FLOOR))
        assert above == int(exact.to_integral_value(ROUND_CEILING))
