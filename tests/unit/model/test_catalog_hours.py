"""Holidays and trading hours against dates that the exchanges and IB published."""

from datetime import date, time

import pytest

from microfutures.model import catalog
from microfutures.model.holidays import Day, Exchange, day_kind, easter
from microfutures.model.sessions import Session
from microfutures.model.trading_hours import moment_ns

CHICAGO, NEW_YORK = "America/Chicago", "America/New_York"


@pytest.mark.parametrize(
    ("day", "at_nyse", "at_cme"),
    [
        (date(2026, 1, 1), Day.CLOSED, Day.CLOSED),
        (date(2026, 4, 3), Day.CLOSED, Day.CLOSED),
        (date(2026, 5, 25), Day.CLOSED, Day.EARLY_CLOSE),
        (date(2026, 7, 3), Day.CLOSED, Day.EARLY_CLOSE),
        (date(2026, 7, 2), Day.REGULAR, Day.REGULAR),
        (date(2025, 7, 3), Day.EARLY_CLOSE, Day.EARLY_CLOSE),
        (date(2021, 12, 31), Day.REGULAR, Day.REGULAR),
        (date(2021, 12, 24), Day.CLOSED, Day.CLOSED),
        (date(2021, 6, 18), Day.REGULAR, Day.REGULAR),
        (date(2023, 6, 19), Day.CLOSED, Day.EARLY_CLOSE),
        (date(2025, 11, 28), Day.EARLY_CLOSE, Day.EARLY_CLOSE),
        (date(2025, 1, 9), Day.CLOSED, Day.REGULAR),
        (date(2026, 9, 12), Day.CLOSED, Day.CLOSED),
        (date(2026, 9, 8), Day.REGULAR, Day.REGULAR),
    ],
)
def test_day_is_what_the_exchanges_published(day: date, at_nyse: Day, at_cme: Day) -> None:
    assert (day_kind(Exchange.NYSE, day), day_kind(Exchange.CME, day)) == (at_nyse, at_cme)


def test_easter_of_some_years() -> None:
    assert [easter(year) for year in (2008, 2019, 2026)] == [
        date(2008, 3, 23),
        date(2019, 4, 21),
        date(2026, 4, 5),
    ]


def test_index_future_hours_around_memorial_day_are_those_ib_reported() -> None:
    trading, _ = catalog.sessions("MES", date(2025, 5, 22), date(2025, 5, 27))
    assert trading == (
        _session(date(2025, 5, 21), time(17), date(2025, 5, 22), time(16), CHICAGO),
        _session(date(2025, 5, 22), time(17), date(2025, 5, 23), time(16), CHICAGO),
        _session(date(2025, 5, 25), time(17), date(2025, 5, 26), time(12), CHICAGO),
        _session(date(2025, 5, 26), time(17), date(2025, 5, 27), time(16), CHICAGO),
    )


def test_fund_hours_shorten_on_the_day_after_thanksgiving() -> None:
    day = date(2025, 11, 28)
    trading, liquid = catalog.sessions("USO", date(2025, 11, 27), day)
    assert trading == (_session(day, time(4), day, time(17), NEW_YORK),)
    assert liquid == (_session(day, time(9, 30), day, time(13), NEW_YORK),)


def test_futures_close_early_on_the_day_after_thanksgiving_and_halt_on_the_day_itself() -> None:
    thursday, friday = date(2025, 11, 27), date(2025, 11, 28)
    closes = {"MES": (time(12), time(12, 15)), "MCL": (time(13, 30), time(12, 45))}
    closes |= {"MGC": closes["MCL"], "M6E": closes["MES"]}
    for symbol, (halt, early) in closes.items():
        trading, liquid = catalog.sessions(symbol, thursday, friday)
        assert [session.close_ns for session in trading] == [
            moment_ns(thursday, halt, CHICAGO),
            moment_ns(friday, early, CHICAGO),
        ]
        assert [session.close_ns for session in liquid] == [each.close_ns for each in trading]
        assert trading[1].open_ns == moment_ns(thursday, time(17), CHICAGO)


def test_oil_future_pauses_one_hour_a_day_and_keeps_its_hours_across_a_clock_change() -> None:
    trading, _ = catalog.sessions("MCL", date(2026, 3, 6), date(2026, 3, 9))
    before, after = trading
    assert before.close_ns == moment_ns(date(2026, 3, 6), time(17), NEW_YORK)
    assert after.open_ns == moment_ns(date(2026, 3, 8), time(18), NEW_YORK)
    assert after.open_ns - before.close_ns == 48 * 3600 * 10**9


def test_hours_of_a_contract_end_on_its_last_day() -> None:
    contract = catalog.future("MCL", 2026, 10, date(2026, 9, 17))
    assert contract.trading_hours[-1].close_ns == moment_ns(
        date(2026, 9, 21), time(14, 30), NEW_YORK
    )


def _session(open_day: date, opens: time, close_day: date, closes: time, zone: str) -> Session:
    return Session(moment_ns(open_day, opens, zone), moment_ns(close_day, closes, zone))
