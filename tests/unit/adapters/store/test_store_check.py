"""Markets made strange on purpose, and the finding that names it; real ones with known scars."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from microfutures.adapters.store.check import CheckReport, check_series
from microfutures.adapters.store.findings import FindingKind
from microfutures.adapters.store.numbers import Floats
from microfutures.adapters.store.plan import ImportOptions, plan_import
from microfutures.adapters.store.series import Kind, Series
from microfutures.adapters.store.tidy import to_table

DATA = Path(__file__).parents[5] / "shared" / "data"
MCL = Series("MCLK26", Kind.BARS, "1m")
USO = Series("USO", Kind.BARS, "1m")
MINUTE = timedelta(minutes=1)
OPEN = datetime(2026, 3, 24, 22, 0, tzinfo=UTC)
"""Of the Globex session of 2026-03-25; it ends at 21:00 UTC."""
REGULAR = datetime(2026, 3, 25, 13, 30, tzinfo=UTC)

Change = Callable[[Floats], None]


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def walk(count: int, seed: int = 7) -> Floats:
    return 95 + np.cumsum(np.random.default_rng(seed).choice([-0.01, 0.01], count))


def check(series: Series, moments: list[datetime], prices: Floats) -> CheckReport:
    columns = dict.fromkeys(("open", "high", "low", "close"), prices)
    columns["volume"] = np.full(len(prices), 10.0)
    return check_series(series, to_table(Kind.BARS, np.array([ns(at) for at in moments]), columns))


def texts(report: CheckReport, kind: FindingKind) -> list[str]:
    return [finding.text for finding in report.findings if finding.kind is kind]


def session(minutes: int = 23 * 60) -> list[datetime]:
    return [OPEN + MINUTE * number for number in range(minutes)]


def test_whole_session_is_not_strange() -> None:
    report = check(MCL, session(), walk(1380))
    assert report.findings == ()
    assert (report.present, report.expected) == (1380, 1380)


def test_gap_is_found_with_its_length_and_the_break_of_the_day_is_none() -> None:
    two_days = [*session(), *(at + timedelta(days=1) for at in session())]
    left = two_days[:300] + two_days[310:]
    report = check(MCL, left, walk(len(left)))
    assert texts(report, FindingKind.GAP) == ["10 bars missing to 2026-03-25 03:10"]
    assert (report.present, report.expected) == (2750, 2760)


def test_sessions_without_a_row_are_told_together_and_weekends_are_not_missing() -> None:
    week_later = [at + timedelta(days=7) for at in session()]
    report = check(MCL, [*session(), *week_later], walk(2760))
    assert texts(report, FindingKind.GAP) == [
        "4 sessions without a row, the last opens 2026-03-30 22:00"
    ]


def test_rows_in_the_daily_break_are_outside_of_hours() -> None:
    report = check(MCL, session(1380 + 5), walk(1385))
    assert texts(report, FindingKind.HOURS) == ["5 rows outside of trading hours"]


@pytest.mark.parametrize("hours", [-4, 5])
def test_fund_whose_clock_was_taken_for_another_zone_is_found(hours: int) -> None:
    moments = [REGULAR + MINUTE * number + timedelta(hours=hours) for number in range(390)]
    (text,) = texts(check(USO, moments, walk(390)), FindingKind.CLOCK)
    assert text.startswith(f"{-hours:+d} h would bring 100.0% into hours, as they are")


def test_future_whose_clock_was_taken_for_utc_is_found() -> None:
    days = [at + timedelta(days=day, hours=-4) for day in range(3) for at in session()]
    (text,) = texts(check(MCL, days, walk(len(days))), FindingKind.CLOCK)
    assert text.startswith("+4 h would bring 100.0% into hours")


def test_spike_is_an_outlier_and_told_apart_from_a_jump_that_stays() -> None:
    prices = walk(1380)
    prices[500] += 3.0
    prices[900:] -= 2.0
    found = texts(check(MCL, session(), prices), FindingKind.OUTLIER)
    assert [text.endswith("taken back by the next row") for text in found] == [True, False, False]


def test_unknown_instrument_is_checked_without_hours() -> None:
    report = check(Series("XYZ", Kind.BARS, "1m"), session(), walk(1380))
    assert texts(report, FindingKind.HOURS) == ["not in the catalog: hours unknown"]


def test_crossed_quotes_and_repeated_moments_are_found() -> None:
    moments = np.array([ns(OPEN), ns(OPEN), ns(OPEN) + 1])
    columns = {name: np.ones(3) for name in ("bid", "bid_size", "ask_size", "last", "last_size")}
    columns["ask"] = np.array([1.0, 0.5, 1.0])
    quotes = check_series(
        Series("MCLK26", Kind.QUOTES, "tick"), to_table(Kind.QUOTES, moments, columns)
    )
    assert texts(quotes, FindingKind.CROSSED) == ["1 rows: bid above ask"]
    prices = to_table(Kind.PRICES, moments, {"price": np.ones(3)})
    twice = check_series(Series("MCLK26", Kind.PRICES, "1m"), prices)
    assert texts(twice, FindingKind.REPEAT) == ["1 moments stand there twice"]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_known_scars_of_the_real_minutes_are_found() -> None:
    (part,) = plan_import(DATA / "micro_2026/MCL_5m.csv", ImportOptions()).parts
    report = check_series(part.series, part.table)
    outliers = texts(report, FindingKind.OUTLIER)
    assert "98.6 to 86.66 (-12.1%), 63 times the usual move" in outliers
    assert "37 bars missing to 2026-03-04 08:30" in texts(report, FindingKind.GAP)
    assert not texts(report, FindingKind.CLOCK)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_april_2020_is_told_and_every_business_day_is_there() -> None:
    plan = plan_import(DATA / "RTL_CL_daily/CL_by_contract_1to4.csv", ImportOptions())
    part = next(part for part in plan.parts if part.series.instrument == "CLK20")
    report = check_series(part.series, part.table)
    assert (report.present, report.expected) == (83, 83)
    assert texts(report, FindingKind.NEGATIVE) == ["1 prices at or below zero, the first -37.63"]
    assert not texts(report, FindingKind.GAP)
