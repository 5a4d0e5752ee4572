"""Bar sizes, durations, moments; bars that grow."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microfutures.model.catalog import listed_contracts
from microfutures.model.identifiers import InstrumentId
from microfutures.model.market import Quote
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.twsim.history.bar_sizes import (
    Duration,
    Span,
    bar_seconds,
    duration,
    moment,
    period,
    trading_day,
)
from microfutures.twsim.history.growing_bars import GrowingBar, RealTimeBars, aligned
from microfutures.twsim.quotes.day import Day, day_of
from microfutures.twsim.rate import MessageRate

SECOND = 1_000_000_000
MCL = InstrumentId("MCLX6")
TUESDAY = date(2026, 9, 8)


def at(clock: time, day: date = TUESDAY) -> int:
    return moment_ns(day, clock, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 min", 60),
        ("5 mins", 300),
        ("1 hour", 3600),
        ("1 day", 86_400),
        ("1W", 604_800),
        ("1 week", 604_800),
        (" 30 secs ", 30),
        ("7 secs", None),
        ("", None),
        ("2 days", None),
    ],
)
def test_bar_sizes_are_those_ib_makes(text: str, seconds: int | None) -> None:
    assert bar_seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3600 S", Duration(Span.SECONDS, 3600)),
        ("2 D", Duration(Span.DAYS, 2)),
        ("1 W", Duration(Span.DAYS, 5)),
        ("1 Y", Duration(Span.DAYS, 252)),
        ("0 D", None),
        ("9999999 S", None),
        ("1 H", None),
    ],
)
def test_durations_count_seconds_or_trading_days(text: str, expected: Duration | None) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 7),
        ("20260908 10:00:00", at(time(10))),
        ("20260908 09:00:00 US/Central", at(time(10))),
        ("20260908-14:00:00", at(time(10))),
        ("20260908 10:00:00 America", None),
        ("20260908 10:00:00 ../etc", None),
        ("20261308 10:00:00", None),
        ("yesterday", None),
    ],
)
def test_end_moments_are_understood_in_any_zone_or_refused(text: str, expected: int | None) -> None:
    assert moment(text, 7) == expected


@given(st.text(max_size=60))
def test_no_text_breaks_the_parsers(text: str) -> None:
    moment(text, 0)
    duration(text)
    bar_seconds(text)


def test_sunday_evening_belongs_to_monday_for_a_future_only() -> None:
    future, fund = listed_contracts("MCL", TUESDAY)[0], listed_contracts("USO", TUESDAY)[0]
    sunday = at(time(19), date(2026, 9, 13))
    assert trading_day(future, sunday) == date(2026, 9, 14)
    assert trading_day(fund, sunday) == date(2026, 9, 13)
    assert period(date(2026, 9, 14), 604_800) == period(date(2026, 9, 18), 604_800)
    assert period(date(2026, 9, 14), 86_400) != period(date(2026, 9, 15), 86_400)


def test_growing_bar_widens_and_finishes() -> None:
    bar = GrowingBar(MCL, "TRADES", 60, aligned(60))
    for second, price in ((1, 70.0), (20, 70.5), (59, 69.5), (61, 71.0)):
        bar.on_trade(second * SECOND, price, 2)
    (finished,) = bar.take_finished()
    assert (finished.open, finished.high, finished.low, finished.close) == (70.0, 70.5, 69.5, 69.5)
    assert finished.volume == 6
    assert bar.current is not None
    assert (bar.current.start_ns, bar.current.open) == (60 * SECOND, 71.0)
    assert bar.take_finished() == []


def test_growing_bar_of_quotes_ignores_trades_and_empty_sides() -> None:
    bar = GrowingBar(MCL, "MIDPOINT", 60, aligned(60))
    bar.on_trade(SECOND, 70.0, 1)
    bar.on_quote(Quote(MCL, SECOND, 70.0, None))
    assert bar.current is None
    bar.on_quote(Quote(MCL, SECOND, 70.0, 70.02))
    assert bar.current is not None
    assert bar.current.close == pytest.approx(70.01)


@given(st.lists(st.integers(0, 100), max_size=30), st.lists(st.integers(1, 20), max_size=12))
def test_every_five_seconds_has_one_bar_whatever_trades(
    trades: list[int], steps: list[int]
) -> None:
    bars = RealTimeBars(MCL, "TRADES", 0, 70.0)
    now, sent, waiting = 0, [], sorted(trades)
    for step in steps:
        now += step
        while waiting and waiting[0] < now:
            bars.bar.on_trade(waiting.pop(0) * SECOND, 71.0, 1)
        sent += bars.take(now * SECOND)
    assert [bar.start_ns for bar in sent] == [start * 5 * SECOND for start in range(now // 5)]
    traded = sum(bar.volume for bar in sent)
    assert traded == sum(moment_s < now - now % 5 for moment_s in trades)


def test_day_of_a_fund_counts_regular_trades_only() -> None:
    (fund,) = listed_contracts("USO", TUESDAY)
    day = Day()
    assert not day.add(fund, at(time(8)), 80.0)
    assert day.add(fund, at(time(9, 30)), 81.0)
    assert day.add(fund, at(time(12)), 82.0)
    assert not day.add(fund, at(time(13)), 81.5)
    assert not day.add(fund, at(time(17)), 99.0)
    assert (day.open, day.high, day.low, day.last) == (81.0, 82.0, 81.0, 81.5)
    assert day.add(fund, at(time(9, 31), date(2026, 9, 9)), 83.0)
    assert (day.open, day.high, day.low, day.close) == (83.0, 83.0, 83.0, 81.5)


def test_day_is_made_of_past_bars_and_the_close_before() -> None:
    (fund,) = listed_contracts("USO", TUESDAY)
    asked: list[tuple[int, int, int]] = []

    def past(end_ns: int, seconds: int, count: int) -> list[object]:
        asked.append((end_ns, seconds, count))
        return []

    day = day_of(fund, at(time(11)), past)  # type: ignore[arg-type]
    assert asked == [(at(time(11)), 60, 90), (at(time(16), date(2026, 9, 4)), 60, 1)]
    assert day.open is None


def test_rate_counts_the_last_second_only() -> None:
    rate = MessageRate(3)
    assert [rate.count(moment_ns) for moment_ns in (0, 1, 2, 3)] == [None, None, None, (4, 1)]
    assert rate.count(2 * SECOND) is None
    assert not any(MessageRate(None).count(0) for _ in range(100))


def test_rate_counts_refused_messages_too_and_numbers_each_second_of_them() -> None:
    rate = MessageRate(2)
    quick = [rate.count(moment * SECOND // 4) for moment in range(10)]
    assert quick[:6] == [None, None, (3, 1), (4, 1), (4, 1), (4, 1)]
    assert quick[6:] == [(4, 2)] * 4
    assert rate.count(10 * SECOND) is None
