"""Expiry rules against the exchange's own table and against known dates."""

import csv
from datetime import date
from pathlib import Path

import pytest

from microfutures.model import catalog, expiry
from microfutures.model.errors import InvalidValueError
from microfutures.model.holidays import Exchange, is_business_day


def test_crude_oil_rule_gives_every_date_of_the_exchange_table(shared_dir: Path) -> None:
    with (shared_dir / "data/RTL_CL_daily/CL_expiry.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = {row["contract"]: date.fromisoformat(row["last_trade"]) for row in rows}
    actual = {
        name: expiry.crude_oil(2000 + int(name[3:]), expiry.month_of_code(name[2]))
        for name in expected
    }
    assert len(expected) == 385
    assert actual == expected


def test_business_days_are_the_days_on_which_crude_oil_settled(shared_dir: Path) -> None:
    with (shared_dir / "data/RTL_CL_daily/CL_by_contract_1to4.csv").open() as file:
        settled = {date.fromisoformat(row["date"]) for row in csv.DictReader(file)}
    first, last = min(settled).toordinal(), max(settled).toordinal()
    days = map(date.fromordinal, range(first, last + 1))
    assert {day for day in days if is_business_day(Exchange.CME, day)} == settled


@pytest.mark.parametrize(
    ("symbol", "year", "month", "last_day"),
    [
        ("MCL", 2020, 5, date(2020, 4, 20)),
        ("CL", 2020, 5, date(2020, 4, 21)),
        ("MCL", 2026, 4, date(2026, 3, 19)),
        ("MES", 2026, 9, date(2026, 9, 18)),
        ("MES", 2014, 3, date(2014, 3, 21)),
        ("MHG", 2023, 3, date(2023, 2, 24)),
        ("MHG", 2022, 12, date(2022, 11, 28)),
        ("MGC", 2026, 6, date(2026, 6, 26)),
        ("M6E", 2026, 9, date(2026, 9, 14)),
        ("MCD", 2026, 9, date(2026, 9, 15)),
        ("MBT", 2026, 8, date(2026, 8, 28)),
        ("10Y", 2026, 10, date(2026, 10, 30)),
        ("NG", 2026, 10, date(2026, 9, 28)),
        ("MHNG", 2026, 10, date(2026, 9, 25)),
    ],
)
def test_last_trading_day_is_the_published_one(
    symbol: str, year: int, month: int, last_day: date
) -> None:
    assert catalog.future(symbol, year, month, last_day).last_trade_date == last_day


def test_letter_that_is_no_month_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="was 'A'"):
        expiry.month_of_code("A")
