"""The simulated market: reproducible, aligned, and as wide as its scenario says."""

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from itertools import islice, pairwise
from statistics import mean, stdev

import pytest

from microfutures.model.errors import (
    ConfigurationError,
    InvalidValueError,
    UnknownInstrumentError,
)
from microfutures.model.identifiers import InstrumentId
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.messages import BookUpdate, MarketUpdate, TradeUpdate
from microfutures.venue.synthetic import SyntheticMarket
from microfutures.venue.venue import Venue

SECOND = 10**9
FUND = InstrumentId("USO")


def front(market: SyntheticMarket) -> InstrumentId:
    return market.instruments[0].instrument_id


def first_seconds(market: SyntheticMarket, seconds: int) -> Iterator[MarketUpdate]:
    end_ns = market.start_ns + seconds * SECOND
    for update in market.updates():
        if update.time_ns >= end_ns:
            return
        yield update


def mids(market: SyntheticMarket, seconds: int) -> Iterator[tuple[int, float]]:
    """Yield second and ratio of the legs once a second."""
    latest: dict[InstrumentId, float] = {}
    second = 1
    for update in first_seconds(market, seconds):
        if isinstance(update, BookUpdate) and update.bid_ticks and update.ask_ticks:
            latest[update.instrument_id] = (update.bid_ticks + update.ask_ticks) / 200
        if update.time_ns >= market.start_ns + second * SECOND and len(latest) >= 3:
            yield second, latest[front(market)] / latest[FUND]
            second += 1


def warm_up(market: SyntheticMarket, count: int) -> list[float]:
    oil = market.history(front(market), market.start_ns, 60, count)
    fund = market.history(FUND, market.start_ns, 60, count)
    assert [bar.start_ns for bar in oil] == [bar.start_ns for bar in fund]
    return [a.close / b.close for a, b in zip(oil, fund, strict=True)]


def test_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    first, again, other = (
        list(islice(SyntheticMarket(seed=seed).updates(), 2_000)) for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_history_does_not_change_what_is_played() -> None:
    asked = SyntheticMarket(seed=5)
    asked.history(FUND, asked.start_ns, 60, 500)
    assert list(islice(asked.updates(), 500)) == list(
        islice(SyntheticMarket(seed=5).updates(), 500)
    )


def test_market_starts_on_a_tuesday_morning_and_says_what_it_is() -> None:
    market = SyntheticMarket(seed=5)
    assert market.start_ns == moment_ns(date(2026, 9, 8), time(10, 30), NEW_YORK)
    assert market.describe().startswith("demo market, spread wider than life")
    assert market.describe().endswith("MCL USO from 2026-09-08T14:30:00.000Z, seed 5")
    assert [item.instrument_id for item in market.instruments][:2] == ["MCLV6", "MCLX6"]


def test_updates_ascend_and_come_about_four_times_a_second() -> None:
    market = SyntheticMarket(seed=2)
    updates = list(first_seconds(market, 60))
    times = [update.time_ns for update in updates]
    assert times == sorted(times)
    for name in (front(market), FUND):
        books = [
            update
            for update in updates
            if isinstance(update, BookUpdate) and update.instrument_id == name
        ]
        assert 235 <= len(books) <= 245


def test_longer_step_means_fewer_quotes_and_as_many_trades() -> None:
    def counts(step_ns: int) -> tuple[int, int]:
        played = list(first_seconds(SyntheticMarket(seed=3, step_ns=step_ns), 600))
        trades = sum(isinstance(each, TradeUpdate) for each in played)
        return len(played) - trades, trades

    (books, trades), (fewer_books, as_many) = counts(250_000_000), counts(1_000_000_000)
    assert fewer_books == pytest.approx(books / 4, rel=0.02)
    assert as_many == pytest.approx(trades, rel=0.2)


def test_front_month_trades_more_than_the_next() -> None:
    market = SyntheticMarket(seed=2)
    volume: dict[str, int] = {}
    for update in first_seconds(market, 900):
        if isinstance(update, TradeUpdate):
            volume[update.instrument_id] = volume.get(update.instrument_id, 0) + update.size
    assert volume["MCLV6"] > 1.5 * volume["MCLX6"] > 0
    past = {
        name: sum(bar.volume for bar in market.history(name, market.start_ns, 60, 60))
        for name in (InstrumentId("MCLV6"), InstrumentId("MCLX6"))
    }
    assert past[InstrumentId("MCLV6")] > 2 * past[InstrumentId("MCLX6")] > 0


def test_every_listed_month_is_quoted_the_far_ones_seldom_and_all_in_their_order() -> None:
    market = SyntheticMarket(seed=4)
    books: dict[InstrumentId, list[int]] = {}
    for update in first_seconds(market, 60):
        if isinstance(update, BookUpdate):
            assert update.bid_ticks is not None
            books.setdefault(update.instrument_id, []).append(update.bid_ticks)
    months = [each for each in market.instruments if each.symbol == "MCL"]
    assert len(months) == 6
    counts = [len(books[each.instrument_id]) for each in months]
    assert counts == [240, 60, 4, 4, 4, 4]
    levels = [mean(books[each.instrument_id]) for each in months]
    # Backwardation: about 0.6 percent a month.
    assert all(30 < near - far < 60 for near, far in pairwise(levels))


def test_far_month_has_a_past_and_hardly_any_volume() -> None:
    market = SyntheticMarket(seed=4)
    near, far = (
        market.history(market.instruments[place].instrument_id, market.start_ns, 60, 120)
        for place in (0, 3)
    )
    assert [bar.start_ns for bar in near] == [bar.start_ns for bar in far]
    assert 0 < sum(bar.volume for bar in far) < 0.1 * sum(bar.volume for bar in near)


def test_close_to_expiry_the_next_month_is_the_liquid_one() -> None:
    start = moment_ns(date(2026, 9, 17), time(10, 30), NEW_YORK)
    market = SyntheticMarket(seed=2, start_ns=start)
    volume = {
        name: sum(bar.volume for bar in market.history(InstrumentId(name), start, 60, 60))
        for name in ("MCLV6", "MCLX6")
    }
    assert volume["MCLX6"] > volume["MCLV6"]


def test_history_joins_the_live_part_without_a_jump() -> None:
    for seed in range(5):
        market = SyntheticMarket(seed=seed, scenario="calm")
        last = market.history(FUND, market.start_ns, 60, 1)[0].close
        first = next(
            update
            for update in market.updates()
            if isinstance(update, BookUpdate) and update.instrument_id == FUND
        )
        assert first.bid_ticks is not None
        assert abs(first.bid_ticks / 100 / last - 1) < 0.0015


def test_history_is_the_same_at_every_call_and_for_every_size() -> None:
    market = SyntheticMarket(seed=3)
    minutes = market.history(FUND, market.start_ns, 60, 30)
    assert market.history(FUND, market.start_ns, 60, 30) == minutes
    assert market.history(FUND, market.start_ns, 60, 10) == minutes[-10:]
    (five,) = market.history(FUND, market.start_ns, 300, 1)
    assert five.close == minutes[-1].close
    assert five.high == max(bar.high for bar in minutes[-5:])
    assert all(bar.start_ns + 60 * SECOND <= market.start_ns for bar in minutes)


def test_history_does_not_depend_on_what_was_asked_before() -> None:
    late, early = SyntheticMarket(seed=3), SyntheticMarket(seed=3)
    days_first = late.history(FUND, late.start_ns, 86_400, 10)
    minutes_after = late.history(FUND, late.start_ns - 3600 * SECOND, 60, 500)
    minutes_first = early.history(FUND, early.start_ns - 3600 * SECOND, 60, 500)
    days_after = early.history(FUND, early.start_ns, 86_400, 10)
    assert (minutes_first, days_first) == (minutes_after, days_after)
    assert len(days_first) >= 6


def test_history_that_ends_inside_a_bar_knows_nothing_of_its_rest() -> None:
    market = SyntheticMarket(seed=3)
    end_ns = market.start_ns - 95 * SECOND
    short = market.history(FUND, end_ns, 5, 60)
    (cut,) = market.history(FUND, end_ns, 600, 1)
    inside = [bar for bar in short if bar.start_ns >= cut.start_ns]
    assert short[-1].start_ns == end_ns - 5 * SECOND
    assert cut.close == short[-1].close
    assert cut.high >= max(bar.high for bar in inside)
    assert cut.volume < market.history(FUND, market.start_ns, 600, 1)[0].volume


def test_bars_of_five_seconds_join_where_trading_goes_on_and_gap_where_it_pauses() -> None:
    market = SyntheticMarket(("MES",), seed=3, scenario="calm")
    name = market.instruments[0].instrument_id
    bars = market.history(name, market.start_ns, 5, 20_000)
    jumps = {
        after.open - before.close
        for before, after in pairwise(bars)
        if after.start_ns == before.start_ns + 5 * SECOND
    }
    assert jumps == {0.0}
    paused = [
        abs(after.open / before.close - 1)
        for before, after in pairwise(bars)
        if after.start_ns > before.start_ns + 3600 * SECOND
    ]
    assert 0.0 < max(paused) < 0.02


def test_history_of_a_fund_has_no_bars_of_the_night() -> None:
    market = SyntheticMarket(seed=3)
    for bar in market.history(FUND, market.start_ns, 3600, 20):
        assert market.instruments[-1].is_open(bar.start_ns)


@pytest.mark.parametrize("seed", range(6))
def test_demo_shows_an_entry_and_an_exit_to_a_minute_strategy_within_two_minutes(
    seed: int,
) -> None:
    market = SyntheticMarket(seed=seed)
    window = warm_up(market, 20)
    entry: tuple[int, float] | None = None
    for second, ratio in mids(market, 125):
        z = (ratio - mean(window)) / stdev(window)
        if second % 5 == 0 and entry is None and abs(z) > 2:
            entry = (second, ratio)
        elif entry is not None and abs(z) < 0.5:
            earned = abs(ratio / entry[1] - 1) * 7_000
            assert earned > 12
            return
        if second % 60 == 0:
            window = [*window[1:], ratio]
    raise AssertionError(f"no round trip in two minutes, entry {entry}")


def test_calm_is_as_narrow_as_life() -> None:
    ratios = warm_up(SyntheticMarket(seed=4, scenario="calm"), 200)
    assert 1e-4 < stdev(ratios) / mean(ratios) < 4e-4


def test_decoupling_moves_the_ratio_and_does_not_return() -> None:
    market = SyntheticMarket(seed=4, scenario="decoupling")
    ratios = dict(mids(market, 900))
    before = mean(ratios[second] for second in range(1, 300))
    after = mean(ratios[second] for second in range(400, 899))
    assert 0.015 < after / before - 1 < 0.035


def test_trending_raises_both_legs() -> None:
    market = SyntheticMarket(seed=4, scenario="trending")
    now = market.history(FUND, market.start_ns, 60, 1)[-1].close
    assert now / market.history(FUND, market.start_ns, 60, 60)[0].close - 1 > 0.015


def test_trend_began_hours_ago_and_not_near_zero() -> None:
    market = SyntheticMarket(("MJY", "USO"), seed=4, scenario="trending")
    for name in (market.instruments[0].instrument_id, FUND):
        bars = market.history(name, market.start_ns, 86_400, 10)
        assert min(bar.low for bar in bars) > 0.6 * bars[-1].close


def test_closed_waits_for_sunday_evening_and_the_fund_for_monday() -> None:
    market = SyntheticMarket(seed=4, scenario="closed")
    opens: dict[str, int] = {}
    for update in market.updates():
        opens.setdefault(update.instrument_id, update.time_ns)
        if FUND in opens:
            break
    sunday = moment_ns(date(2026, 9, 13), time(18), NEW_YORK)
    monday = moment_ns(date(2026, 9, 14), time(4), NEW_YORK)
    assert 0 <= opens["MCLV6"] - sunday < SECOND
    assert 0 <= opens[FUND] - monday < SECOND


def test_session_end_empties_the_book() -> None:
    start = moment_ns(date(2026, 9, 8), time(16, 58), NEW_YORK)
    market = SyntheticMarket(seed=4, start_ns=start)
    closed = moment_ns(date(2026, 9, 8), time(17), NEW_YORK)
    last = None
    for update in market.updates():
        if update.instrument_id == front(market) and isinstance(update, BookUpdate):
            last = update
        if update.time_ns > closed + 60 * SECOND:
            break
    assert last is not None
    assert (last.bid_ticks, last.ask_ticks) == (None, None)
    assert 0 <= last.time_ns - closed <= SECOND


def test_market_can_be_played_to_a_venue() -> None:
    market = SyntheticMarket(seed=9)
    venue = Venue(
        instruments=market.instruments,
        accounts=("DU1",),
        initial_cash=Decimal(25_000),
        start_ns=market.start_ns,
        seed=9,
    )
    for update in first_seconds(market, 130):
        venue.apply(update)
    assert len(venue.bars(FUND, venue.now_ns, 60, 10)) == 3
    quote = venue.quote(front(market))
    assert quote is not None
    assert quote.is_two_sided


def test_unknown_scenario_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigurationError, match="'clam'; did you mean calm"):
        SyntheticMarket(scenario="clam")
    with pytest.raises(ConfigurationError, match=r"known: demo, calm, .*, roll-week, below-zero, "):
        SyntheticMarket(scenario="zzz")


def test_unknown_symbol_is_refused() -> None:
    with pytest.raises(UnknownInstrumentError, match="did you mean"):
        SyntheticMarket(("MLC", "USO"))


def test_contract_that_is_not_in_the_market_has_no_history() -> None:
    market = SyntheticMarket()
    with pytest.raises(InvalidValueError, match="SPY is not in this market"):
        market.history(InstrumentId("SPY"), market.start_ns, 60, 1)
