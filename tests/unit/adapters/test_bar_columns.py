"""Bars as columns are the same bars: one by one, cut, folded and played."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.adapters.tapes.bar_columns import BarColumns
from microfutures.adapters.tapes.paths import DISPLAYED_SECONDS, Ticks, close_updates
from microfutures.model import catalog
from microfutures.model.errors import InvalidValueError
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import seconds, to_datetime
from microfutures.venue.bars import fold
from microfutures.venue.messages import BarUpdate

START_NS = 1_774_531_800_000_000_000
MINUTE_NS = seconds(60)
PRICES = st.integers(-5_000, 5_000).map(lambda cents: cents / 100)
DAY = to_datetime(START_NS).date()
INSTRUMENTS = (
    catalog.future("MCL", 2026, 5, DAY),
    catalog.future("MES", 2026, 6, DAY),
    catalog.fund("USO", DAY),
)


@st.composite
def minutes(draw: st.DrawFn, most: int = 12) -> list[Bar]:
    """Draw ascending minutes with holes between them."""
    bars: list[Bar] = []
    start_ns = START_NS
    for _ in range(draw(st.integers(1, most))):
        start_ns += MINUTE_NS * draw(st.sampled_from([1, 1, 1, 2, 7, 300]))
        ends = draw(PRICES), draw(PRICES)
        low, high = (
            min(ends) - draw(st.sampled_from([0, 0.5])),
            max(ends) + draw(st.sampled_from([0, 1.25])),
        )
        volume = draw(st.sampled_from([0.0, 0.5, 1.5, 7.0, 10_000.0]))
        bars.append(Bar(start_ns, 60, ends[0], high, low, ends[1], volume))
    return bars


def columns_of(bars: list[Bar]) -> BarColumns:
    columns = BarColumns.of(bars)
    assert columns is not None
    return columns


@given(minutes(), st.integers(-15, 15), st.integers(-15, 15))
def test_columns_hold_the_bars_they_were_made_of(bars: list[Bar], first: int, last: int) -> None:
    columns = columns_of(bars)
    assert list(columns) == bars
    assert [columns[place] for place in range(len(bars))] == bars
    assert list(columns[first:last]) == bars[first:last]
    assert columns[-1] == bars[-1]
    assert columns.ends_ns[-1] == bars[-1].start_ns + MINUTE_NS
    assert BarColumns.of(columns) is columns


@given(minutes(), st.sampled_from([60, 300, 3600, 86_400]))
def test_columns_are_folded_as_bars_are(bars: list[Bar], length: int) -> None:
    assert columns_of(bars).folded(length) == fold(bars, length)


@given(minutes(), st.sampled_from(INSTRUMENTS), st.integers(1, 3))
def test_closes_are_played_in_whole_ticks_around_the_nearest(
    bars: list[Bar], instrument: Instrument, spread_ticks: int
) -> None:
    ticks = Ticks(instrument)
    played = close_updates(instrument.instrument_id, columns_of(bars), ticks, spread_ticks)
    expected: list[BarUpdate] = []
    for bar in bars:
        price, volume = ticks.nearest(bar.close), round(bar.volume)
        bid = price - spread_ticks // 2
        size = round(volume * DISPLAYED_SECONDS / bar.seconds) or 1
        moment_ns = bar.start_ns + MINUTE_NS - 1
        name = instrument.instrument_id
        expected.append(BarUpdate(moment_ns, name, bid, bid + spread_ticks, size, price, volume))
    assert list(played) == expected


def test_bars_of_several_lengths_are_no_columns() -> None:
    bars = [Bar(START_NS, 60, 1, 1, 1, 1), Bar(START_NS + MINUTE_NS, 300, 1, 1, 1, 1)]
    assert BarColumns.of(bars) is None
    assert BarColumns.of([]) is None


@pytest.mark.parametrize(("high", "close"), [(0.5, 1.0), (2.0, float("nan")), (2.0, float("inf"))])
def test_columns_refuse_what_no_bar_can_be(high: float, close: float) -> None:
    starts_ns = np.array([START_NS, START_NS + MINUTE_NS])
    ones = np.ones(2)
    prices = (ones, np.array([1.0, high]), ones, np.array([1.0, close]))
    with pytest.raises(InvalidValueError, match=f"bar at {START_NS + MINUTE_NS}: prices must be"):
        BarColumns(60, starts_ns, prices, ones)
