"""Joined months and split shares: no step that no holder had, April 2020 included."""

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from microfutures.analytics.continuous import (
    Adjustment,
    Change,
    Continuous,
    Leg,
    roll_days,
    splice,
)
from microfutures.analytics.share_adjustment import Action, adjusted
from microfutures.model.errors import InvalidValueError
from microfutures.model.expiry import MONTH_CODES, crude_oil

DATA = Path(__file__).parents[4] / "shared" / "data"
DAY_NS = 86_400 * 10**9

real = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")


def day_ns(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_NS


def leg(name: str, first: int, *prices: float) -> Leg:
    times = np.arange(first, first + len(prices), dtype=np.int64)
    return Leg(name, times, {"price": np.array(prices)})


def held_steps(legs: dict[str, Leg], joined: Continuous) -> list[float]:
    """Return the steps of the contract that was held over each step, from its own prices."""
    steps = []
    for row in range(1, len(joined.times)):
        contract = legs[str(joined.contracts[row])]
        now, before = (
            contract.prices["price"][np.flatnonzero(contract.times == joined.times[place])]
            for place in (row, row - 1)
        )
        steps.append(float(now[0] - before[0]))
    return steps


@pytest.fixture(scope="module")
def oil() -> dict[str, Leg]:
    days: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with (DATA / "RTL_CL_daily" / "CL_by_contract_1to4.csv").open() as file:
        for row in csv.DictReader(file):
            days[row["contract"]].append(
                (day_ns(date.fromisoformat(row["date"])), float(row["settle"]))
            )
    return {
        name: Leg(
            name,
            np.array([time for time, _ in rows], dtype=np.int64),
            {"price": np.array([price for _, price in rows])},
        )
        for name, rows in days.items()
    }


def oil_changes(first: date, last: date, business_days: int) -> list[Change]:
    return [
        Change(day_ns(day), f"CL{MONTH_CODES[month - 1]}{year % 100:02d}")
        for day, (year, month) in roll_days(crude_oil, MONTH_CODES, first, last, business_days)
    ]


LEGS = {"A": leg("A", 0, 10.0, 11.0, 12.0), "B": leg("B", 1, 21.0, 24.0, 26.0, 25.0)}
CHANGES = [Change(0, "A"), Change(3, "B")]


def test_difference_moves_the_old_month_to_the_new_one() -> None:
    joined = splice(LEGS, CHANGES, Adjustment.DIFFERENCE, "price")
    assert joined.prices["price"].tolist() == [22.0, 23.0, 24.0, 26.0, 25.0]
    assert joined.contracts.tolist() == ["A", "A", "A", "B", "B"]
    (roll,) = joined.rolls
    assert (roll.time_ns, roll.old_price, roll.new_price) == (2, 12.0, 24.0)


def test_ratio_scales_the_old_month_to_the_new_one() -> None:
    joined = splice(LEGS, CHANGES, Adjustment.RATIO, "price")
    assert joined.prices["price"].tolist() == [20.0, 22.0, 24.0, 26.0, 25.0]


def test_without_adjustment_the_jump_stays() -> None:
    joined = splice(LEGS, CHANGES, Adjustment.NONE, "price")
    assert joined.prices["price"].tolist() == [10.0, 11.0, 12.0, 26.0, 25.0]


def test_months_that_share_no_moment_are_refused() -> None:
    apart = {"A": LEGS["A"], "B": leg("B", 3, 26.0)}
    with pytest.raises(InvalidValueError, match="A and B share no moment before their roll"):
        splice(apart, CHANGES, Adjustment.DIFFERENCE, "price")
    with pytest.raises(InvalidValueError, match="no rows of B"):
        splice({"A": LEGS["A"]}, CHANGES, Adjustment.DIFFERENCE, "price")


def test_roll_days_leave_a_month_so_many_business_days_before_its_end() -> None:
    held = roll_days(crude_oil, MONTH_CODES, date(2026, 3, 2), date(2026, 4, 30), 5)
    # CLJ26 stops on Friday 2026-03-20, CLK26 on Tuesday 2026-04-21.
    assert held == [
        (date(2026, 3, 2), (2026, 4)),
        (date(2026, 3, 13), (2026, 5)),
        (date(2026, 4, 14), (2026, 6)),
    ]


@real
@pytest.mark.parametrize("business_days", [0, 1, 7])
def test_every_step_of_nineteen_years_of_oil_was_had_by_a_holder(
    oil: dict[str, Leg], business_days: int
) -> None:
    changes = oil_changes(date(2007, 1, 3), date(2025, 9, 1), business_days)
    joined = splice(oil, changes, Adjustment.DIFFERENCE, "price")
    prices = joined.prices["price"]
    assert np.isfinite(prices).all()
    assert np.diff(prices) == pytest.approx(held_steps(oil, joined), abs=1e-9)


@real
def test_april_2020_costs_a_holder_what_it_cost_and_no_more(oil: dict[str, Leg]) -> None:
    joined = splice(
        oil, oil_changes(date(2020, 3, 2), date(2020, 5, 29), 0), Adjustment.DIFFERENCE, "price"
    )
    steps = dict(zip(joined.times[1:].tolist(), np.diff(joined.prices["price"]), strict=True))
    assert steps[day_ns(date(2020, 4, 20))] == pytest.approx(-37.63 - 18.27)
    assert steps[day_ns(date(2020, 4, 21))] == pytest.approx(10.01 + 37.63)
    # From the 22nd the June month is held: 11.57 to 13.78, not 10.01 to 13.78.
    assert steps[day_ns(date(2020, 4, 22))] == pytest.approx(13.78 - 11.57)


@real
def test_ratio_through_a_negative_price_is_refused_and_before_it_is_not(
    oil: dict[str, Leg],
) -> None:
    changes = [
        Change(day_ns(date(2020, 4, 1)), "CLK20"),
        Change(day_ns(date(2020, 4, 21)), "CLM20"),
    ]
    with pytest.raises(InvalidValueError, match=r"CLK20 at -37\.63 and CLM20 at 20\.43: adjust by"):
        splice(oil, changes, Adjustment.RATIO, "price")
    early = oil_changes(date(2020, 3, 2), date(2020, 5, 29), 7)
    joined = splice(oil, early, Adjustment.RATIO, "price")
    assert (joined.prices["price"] > 0).all()


@real
def test_split_of_2020_leaves_the_return_of_the_day_and_the_vendors_adjusted_closes() -> None:
    with (DATA / "daily_etf" / "USO_alphavantage_raw.csv").open() as file:
        raw = list(csv.DictReader(file))
    with (DATA / "daily_etf" / "USO_yahoo_adj.csv").open() as file:
        vendor = {row["date"]: float(row["close"]) for row in csv.DictReader(file)}
    times = np.array([day_ns(date.fromisoformat(row["timestamp"])) for row in raw])
    columns = {name: np.array([float(row[name]) for row in raw]) for name in ("close", "volume")}
    split = Action(day_ns(date(2020, 4, 29)), split=0.125)
    found = adjusted(times, columns, [split])
    day = int(np.searchsorted(times, split.time_ns))
    assert found["close"][day] / found["close"][day - 1] == pytest.approx(18.00 / (2.13 * 8))
    theirs = np.array([vendor[row["timestamp"]] for row in raw])
    # The two vendors disagree about the close itself on a few days.
    assert np.quantile(np.abs(found["close"] / theirs - 1), 0.98) < 5e-4
    assert found["volume"][day - 1] == columns["volume"][day - 1] / 8


def test_dividend_is_part_of_the_return() -> None:
    times = np.arange(3, dtype=np.int64)
    closes = {"close": np.array([100.0, 100.0, 98.0])}
    found = adjusted(times, closes, [Action(2, dividend=2.0)])
    assert found["close"].tolist() == [98.0, 98.0, 98.0]
    with pytest.raises(InvalidValueError, match="a dividend of 200 doesn't fit a close of 100"):
        adjusted(times, closes, [Action(2, dividend=200.0)])
    with pytest.raises(InvalidValueError, match="a split must be above 0"):
        adjusted(times, closes, [Action(2, split=0.0)])
