"""Each market behaves as `docs/scenarios/markets.md` says, whatever the seed."""

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from itertools import islice, pairwise, takewhile
from math import log
from statistics import mean, median, stdev

import pytest

from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import OrderType, Side
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.messages import (
    BookUpdate,
    DividendUpdate,
    MarketUpdate,
    OrderFilled,
    SplitUpdate,
    TradeUpdate,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.scenarios import SCENARIOS
from microfutures.venue.synthetic import SyntheticMarket
from microfutures.venue.venue import Venue

SECOND = 10**9
DAY = 86_400
FUND = InstrumentId("USO")
OIL = InstrumentId("MCLV6")
NEXT_OIL = InstrumentId("MCLX6")

seeds = pytest.mark.parametrize("seed", [1, 2, 3])


class Film:
    """The first seconds of a market, with times in seconds since its start."""

    def __init__(self, scenario: str, seconds: float, seed: int, days_later: int = 0) -> None:
        start_ns = SyntheticMarket(scenario=scenario).start_ns + days_later * DAY * SECOND
        self.market = SyntheticMarket(scenario=scenario, seed=seed, start_ns=start_ns)
        end_ns = start_ns + round(seconds * SECOND)
        self.updates: list[MarketUpdate] = list(
            takewhile(lambda update: update.time_ns < end_ns, self.market.updates())
        )

    def books(
        self, name: InstrumentId, since: float = 0, until: float = 1e9
    ) -> list[tuple[float, BookUpdate]]:
        return [
            (second, update)
            for second, update in self._between(name, since, until)
            if isinstance(update, BookUpdate)
        ]

    def trades(self, name: InstrumentId, since: float = 0, until: float = 1e9) -> list[TradeUpdate]:
        return [
            update
            for _, update in self._between(name, since, until)
            if isinstance(update, TradeUpdate)
        ]

    def mid(self, name: InstrumentId, second: float) -> float:
        """Return the middle of the last book before a second, in ticks."""
        _, book = self.books(name, second - 5, second)[-1]
        return middle(book)

    def _between(
        self, name: InstrumentId, since: float, until: float
    ) -> list[tuple[float, MarketUpdate]]:
        start_ns = self.market.start_ns
        seconds = (((each.time_ns - start_ns) / SECOND, each) for each in self.updates)
        return [
            (second, each)
            for second, each in seconds
            if since <= second < until and each.instrument_id == name
        ]


def middle(book: BookUpdate) -> float:
    assert book.bid_ticks is not None
    assert book.ask_ticks is not None
    return (book.bid_ticks + book.ask_ticks) / 2


def spread(book: BookUpdate) -> int:
    assert book.bid_ticks is not None
    assert book.ask_ticks is not None
    return book.ask_ticks - book.bid_ticks


def market_order(number: int, side: Side) -> VenueOrder:
    return VenueOrder(
        order_id=number,
        account="DU1",
        instrument_id=OIL,
        side=side,
        quantity=1,
        order_type=OrderType.MARKET,
    )


def typical(measure: Callable[[BookUpdate], float], books: list[tuple[float, BookUpdate]]) -> float:
    return median(measure(book) for _, book in books)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_same_seed_gives_the_same_market_however_often_it_is_played(scenario: str) -> None:
    market = SyntheticMarket(seed=5, scenario=scenario)
    updates = list(islice(market.updates(), 3000))
    assert list(islice(market.updates(), 3000)) == updates
    again = SyntheticMarket(seed=5, scenario=scenario)
    again.history(FUND, again.start_ns, 86_400, 10)
    assert list(islice(again.updates(), 3000)) == updates


@seeds
def test_flash_crash_falls_by_six_percent_within_ninety_seconds_and_comes_back(seed: int) -> None:
    film = Film("flash-crash", 600, seed)
    for name in (OIL, FUND):
        before = film.mid(name, 120)
        assert film.mid(name, 210) / before - 1 == pytest.approx(-0.06, abs=0.01)
        assert film.mid(name, 560) / before - 1 == pytest.approx(-0.005, abs=0.012)
        quiet, falling = film.books(name, 30, 120), film.books(name, 150, 210)
        assert typical(spread, falling) >= 3 * typical(spread, quiet)
        assert typical(lambda book: book.bid_size, falling) < 0.5 * typical(
            lambda book: book.bid_size, quiet
        )
        assert len(film.trades(name, 150, 210)) > 2 * len(film.trades(name, 60, 120))


@pytest.mark.slow
@seeds
def test_limit_locked_future_has_no_offers_and_the_fund_goes_on(seed: int) -> None:
    film = Film("limit-locked", 1560, seed)
    settled = film.mid(OIL, 5)
    locked = [book for _, book in film.books(OIL, 240, 1200)]
    assert len(locked) > 3000
    assert {(book.ask_ticks, book.ask_size) for book in locked} == {(None, 0)}
    (limit,) = {book.bid_ticks for book in locked}
    assert limit is not None
    assert limit / settled - 1 == pytest.approx(0.07, abs=0.01)
    assert typical(lambda book: book.bid_size, film.books(OIL, 240, 1200)) > 200
    assert {trade.price_ticks for trade in film.trades(OIL, 240, 1200)} == {limit}
    assert len(film.trades(OIL, 240, 1200)) < len(film.trades(OIL, 0, 120))
    assert 0.08 < film.mid(FUND, 600) / film.mid(FUND, 5) - 1 < 0.10
    assert all(book.ask_ticks is not None for _, book in film.books(OIL, 1500))
    assert all((book.bid_ticks or 0) <= limit for _, book in film.books(OIL))


def test_nothing_can_be_bought_at_the_limit_and_a_sale_is_filled_at_once() -> None:
    film = Film("limit-locked", 400, seed=1)
    venue = Venue(
        instruments=film.market.instruments,
        accounts=("DU1",),
        initial_cash=Decimal(25_000),
        start_ns=film.market.start_ns,
        seed=1,
    )
    events: list[VenueEvent] = []
    for update in film.updates:
        if update.time_ns > film.market.start_ns + 260 * SECOND and not events:
            events += venue.submit(market_order(1, Side.BUY))
            events += venue.submit(market_order(2, Side.SELL))
        events += [each for each in venue.apply(update) if isinstance(each, OrderFilled)]
    assert {each.order_id for each in events if isinstance(each, OrderFilled)} == {2}
    assert [working.order.order_id for working in venue.working_orders()] == [1]


@pytest.mark.slow
@seeds
def test_mean_reverting_prices_stay_around_their_start_and_cross_it_often(seed: int) -> None:
    film = Film("mean-reverting", 7200, seed)
    moves = {name: [middle(book) for _, book in film.books(name)[::240]] for name in (OIL, FUND)}
    start = moves[OIL][0]
    away = [log(price / start) for price in moves[OIL]]
    assert 0.002 < stdev(away) < 0.008
    assert max(abs(each - mean(away)) for each in away) < 0.02
    assert sum((a < mean(away)) != (b < mean(away)) for a, b in pairwise(away)) >= 10
    ratios = [log(a / b) for a, b in zip(moves[OIL], moves[FUND], strict=False)]
    assert 0.0015 < stdev(ratios) < 0.005


@pytest.mark.slow
@seeds
def test_illiquid_night_is_wide_and_thin_and_the_fund_opens_at_four(seed: int) -> None:
    night, day = Film("illiquid-night", 1800, seed), Film("calm", 1800, seed)
    assert typical(spread, night.books(OIL)) >= 6 * typical(spread, day.books(OIL))
    assert typical(lambda book: book.bid_size, night.books(OIL)) <= 2
    assert len(night.trades(OIL)) < len(day.trades(OIL)) / 20
    assert 300 <= night.books(FUND)[0][0] < 301
    at_the_open, later = night.books(FUND, 300, 330), night.books(FUND, 700)
    assert typical(spread, at_the_open) > 2 * typical(spread, later)


@pytest.mark.slow
@seeds
def test_roll_week_moves_the_volume_to_the_next_month(seed: int) -> None:
    first, last = Film("roll-week", 900, seed), Film("roll-week", 900, seed, days_later=7)

    def volume(film: Film, name: InstrumentId) -> int:
        return sum(trade.size for trade in film.trades(name))

    assert volume(first, OIL) > 3 * volume(first, NEXT_OIL)
    assert volume(last, NEXT_OIL) > 3 * volume(last, OIL)
    assert len(first.books(OIL)) == pytest.approx(len(first.books(NEXT_OIL)), rel=0.01)


def test_sessions_open_wide_and_with_a_gap_after_the_weekend() -> None:
    gaps = []
    for seed in range(6):
        friday = SyntheticMarket(scenario="closed", seed=seed)
        first = next(update for update in friday.updates() if isinstance(update, BookUpdate))
        (last,) = friday.history(OIL, friday.start_ns, 60, 1)
        gaps.append(abs(log(middle(first) / 100 / last.close)))
        assert spread(first) >= 6
    assert max(gaps) > 0.002


def test_fund_pays_its_dividend_as_its_ex_day_opens_and_is_worth_less_by_it() -> None:
    thursday = moment_ns(date(2026, 9, 17), time(19, 59), NEW_YORK)
    market = SyntheticMarket(("SPY",), seed=1, start_ns=thursday, scenario="calm")
    updates = list(islice(market.updates(), 120))
    (place,) = [n for n, each in enumerate(updates) if isinstance(each, DividendUpdate)]
    dividend, closing = updates[place], updates[place - 1]
    assert isinstance(dividend, DividendUpdate)
    opens_ns = moment_ns(date(2026, 9, 18), time(4), NEW_YORK)
    assert 0 <= dividend.time_ns - opens_ns < SECOND
    assert Decimal("1.6") < dividend.amount < Decimal("1.9")
    assert isinstance(closing, BookUpdate)
    assert closing.bid_ticks is None
    last, first = (
        middle(next(each for each in part if isinstance(each, BookUpdate) and each.bid_ticks))
        for part in (reversed(updates[:place]), updates[place:])
    )
    assert -300 < first - last < -50


@pytest.mark.slow
@seeds
def test_below_zero_futures_cost_less_than_nothing_and_the_fund_what_it_did(seed: int) -> None:
    film = Film("below-zero", 1560, seed)
    first, bottom = film.mid(OIL, 100), [book for _, book in film.books(OIL, 605, 900)]
    below = [book for _, book in film.books(OIL, 480, 1080)]
    assert all(book.ask_ticks is not None and book.ask_ticks < 0 for book in below)
    assert film.mid(OIL, 800) / first == pytest.approx(-0.55, abs=0.03)
    assert film.mid(OIL, 1550) / first == pytest.approx(0.8, abs=0.03)
    assert film.mid(FUND, 800) / film.mid(FUND, 100) == pytest.approx(1.0, abs=0.02)
    falling = film.books(OIL, 200, 590)
    assert typical(spread, falling) > 5 * typical(spread, film.books(OIL, 30, 120))
    assert min(trade.price_ticks for trade in film.trades(OIL)) < 0
    assert {spread(book) for book in bottom} <= set(range(1, 80))


def test_reverse_split_makes_an_eighth_of_the_shares_worth_eight_times_as_much() -> None:
    film = Film("reverse-split", 8.3 * 3600, seed=1)
    (split,) = [each for each in film.updates if isinstance(each, SplitUpdate)]
    opens_ns = moment_ns(date(2026, 9, 9), time(4), NEW_YORK)
    assert (split.instrument_id, split.numerator, split.denominator) == (FUND, 1, 8)
    assert 0 <= split.time_ns - opens_ns < SECOND
    opens = (opens_ns - film.market.start_ns) / SECOND
    evening, morning = film.mid(FUND, 590), film.mid(FUND, opens + 60)
    assert morning / evening == pytest.approx(8, rel=0.03)
    future = film.mid(OIL, opens + 60) / film.mid(OIL, 590)
    assert future == pytest.approx(1, abs=0.03)
