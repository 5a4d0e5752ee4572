"""The compiled kernel rolls as the desk does: the months it means, and what it forgets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from acceptance.test_kernel_parity import assert_kernel_agrees
from helpers.pair_tapes import OPEN_NS, strung
from microfutures.adapters.tapes import TapeMarket, load_tapes
from microfutures.adapters.tapes.load import TapeOptions, join_segments
from microfutures.adapters.tapes.paths import BarPath
from microfutures.adapters.tapes.segment import of_bars
from microfutures.config.risk_limits import RiskLimits
from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Bar
from microfutures.model.timestamp import seconds, to_datetime
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_series import PairSeries

DAYS = (0, 1, 4, 5, 6, 7)
"""From Thursday, 2026-03-26."""
ROLLED_AFTER = 2
"""Days on which the nearer month was traded more."""
MINUTES = 390
SHORT: dict[str, object] = {"lookback": 5, "cost_multiple": 0}
"""Trades often."""


def two_months(seed: int) -> TapeMarket:
    """Return days on which two months of MCL are traded at once, and USO; the first one warms up.

    The later month has a price of its own; from some day on it is traded more.
    """
    draws = Random(seed)
    near: list[Bar] = []
    later: list[Bar] = []
    fund: list[Bar] = []
    price, gap = 70.0, 0.0
    for number, day in enumerate(DAYS):
        for minute in range(MINUTES):
            start_ns = OPEN_NS + seconds(86_400 * day + 60 * minute)
            price *= 1 + draws.gauss(0, 0.0006)
            gap = 0.93 * gap + draws.gauss(0, 0.002)
            is_rolled = number >= ROLLED_AFTER
            for bars, close, volume in (
                (near, price, 20_000.0 if is_rolled else 90_000.0),
                (later, price * 0.985 * (1 + draws.gauss(0, 0.0004)), 60_000.0),
                (fund, price * 1.1 * (1 + gap), 60_000.0),
            ):
                rounded = round(close, 2)
                bars.append(Bar(start_ns, 60, rounded, rounded, rounded, rounded, volume))
    first = to_datetime(OPEN_NS).date()
    contracts = [catalog.future("MCL", 2026, month, first) for month in (5, 6)]
    parts = [
        of_bars(instrument, bars, spread_ticks=1, path=BarPath.CLOSE)
        for instrument, bars in (
            (contracts[0], near),
            (contracts[1], later),
            (catalog.fund("USO", first), fund),
        )
    ]
    start = datetime.fromtimestamp(OPEN_NS / 1e9 + 86_400 + 1.3, UTC)
    return join_segments([parts[:2], parts[2:]], "two months at once", start=start)


def desk(check_interval_seconds: float, *, max_quote_age_seconds: float) -> PairDesk:
    return PairDesk(
        initial_capital=20_000.0,
        cash=1_000_000,
        check_interval_seconds=check_interval_seconds,
        latency_seconds=0.25,
        limits=RiskLimits(max_quote_age_seconds=max_quote_age_seconds),
    )


def months(market: TapeMarket) -> list[str]:
    series = PairSeries.of_market(market, "MCL", "USO")
    chapters = series.chapters(series.start_ns, series.end_ns)
    return [each.legs[0].instrument.instrument_id for each in chapters]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "parameters", "first_trade"),
    [
        (1, {"lookback": 12, "z_entry": 1.2}, "2026-03-27"),
        (2, {"lookback": 5, "sample_seconds": 120, "cooldown_seconds": 0.0}, "2026-03-27"),
        # So seldom a sample that a night is no gap: the new month is warmed up with its own past.
        (3, {"lookback": 4, "sample_seconds": 14_400, "z_entry": 1.2}, "2026-04-01"),
    ],
)
def test_a_month_that_is_traded_more_is_rolled_into(
    tmp_path: Path, seed: int, parameters: dict[str, object], first_trade: str
) -> None:
    market = two_months(seed)
    assert months(market) == ["MCLK6", "MCLM6"]
    run = assert_kernel_agrees(
        tmp_path,
        market,
        desk=desk(30, max_quote_age_seconds=200),
        parameters={"cost_multiple": 0, "max_quote_age_seconds": 65.0, **parameters},
    )
    days = [to_datetime(int(each["opened_ns"])).date().isoformat() for each in run.trades]
    assert days[-1] >= "2026-04-01", "the later month was not traded"
    assert days[0] <= first_trade


def test_real_minutes_are_traded_alike_over_a_roll(tmp_path: Path, shared_dir: Path) -> None:
    market = load_tapes(
        shared_dir / "data/micro_2026",
        symbols=("MCL", "USO"),
        start=datetime(2026, 2, 20, 12, 0, 1, 300_000, tzinfo=UTC),
        options=TapeOptions(path=BarPath.CLOSE, bar_size="5m"),
    )
    assert months(market) == ["MCLJ6", "MCLK6"]
    run = assert_kernel_agrees(
        tmp_path,
        market,
        desk=desk(60, max_quote_age_seconds=700),
        parameters={**SHORT, "sample_seconds": 300, "max_quote_age_seconds": 310.0},
    )
    assert {to_datetime(int(each["opened_ns"])).month for each in run.trades} == {2, 3}


@pytest.mark.parametrize(("roll_days", "quiet"), [(7, range(10, 17)), (2, ())])
def test_a_strung_tape_is_traded_alike_and_on_the_days_of_its_months(
    tmp_path: Path, roll_days: int, quiet: Sequence[int]
) -> None:
    run = assert_kernel_agrees(
        tmp_path,
        strung(120, roll_days),
        desk=desk(60, max_quote_age_seconds=200),
        parameters={**SHORT, "z_entry": 1.2, "max_quote_age_seconds": 65.0},
    )
    days = {to_datetime(int(each["opened_ns"])).day for each in run.trades}
    april = {7, 8, 9, 10, 13, 14, 15, 16, 17, 20, 21}
    assert days == april.difference(quiet)


def test_a_month_that_is_meant_and_has_no_bar_is_refused() -> None:
    series = PairSeries.of_market(two_months(1), "MCL", "USO")
    known = {name: each for name, each in series.primary.series.items() if name == "MCLK6"}
    holed = replace(series, primary=replace(series.primary, series=known))
    with pytest.raises(ConfigurationError, match="MCLM6 is what MCL means from 2026-03-30T21:30"):
        holed.chapters(series.start_ns, series.end_ns)


def test_months_that_may_not_be_held_any_more_are_passed_over() -> None:
    market = two_months(1)
    bars = market.bars_of(InstrumentId("USO"))
    far = of_bars(
        catalog.future("MCL", 2027, 5, to_datetime(OPEN_NS).date()),
        bars,
        spread_ticks=1,
        path=BarPath.CLOSE,
    )
    fund = of_bars(
        catalog.fund("USO", to_datetime(OPEN_NS).date()), bars, spread_ticks=1, path=BarPath.CLOSE
    )
    ended = of_bars(
        catalog.future("MCL", 2026, 4, to_datetime(OPEN_NS).date()),
        bars,
        spread_ticks=1,
        path=BarPath.CLOSE,
    )
    assert months(join_segments([[ended, far], [fund]], "an old month and a far one")) == ["MCLK7"]
    only = join_segments([[ended], [fund]], "an old month")
    with pytest.raises(ConfigurationError, match="no contract of MCL on the tape may be held"):
        months(only)
