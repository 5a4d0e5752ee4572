"""Orders meeting the market: what fills, where, and what waits."""

from datetime import date, time
from decimal import Decimal

import pytest
from msgspec.structs import replace

from microfutures.model import catalog
from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.messages import (
    BookUpdate,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderModified,
    OrderRejected,
    OrderReleased,
    TradeUpdate,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.venue import Venue

TUESDAY = date(2026, 9, 8)
START = moment_ns(TUESDAY, time(10, 30), NEW_YORK)
OIL = InstrumentId("MCLX6")
FUND = InstrumentId("USO")
SECOND = 10**9


@pytest.fixture
def venue() -> Venue:
    made = Venue(
        instruments=(catalog.future("MCL", 2026, 11, TUESDAY), catalog.fund("USO", TUESDAY)),
        accounts=("DU1", "DU2"),
        initial_cash=Decimal(25_000),
        start_ns=START,
        seed=7,
    )
    made.apply(BookUpdate(START, OIL, 7000, 7001, 4, 6))
    made.apply(BookUpdate(START, FUND, 7800, 7801, 500, 600))
    return made


def order(order_id: int, side: Side, quantity: int, **terms: object) -> VenueOrder:
    plain = VenueOrder(
        order_id=order_id,
        account="DU1",
        instrument_id=OIL,
        side=side,
        quantity=quantity,
        order_type=OrderType.MARKET,
    )
    return replace(plain, **terms)


def limit(order_id: int, side: Side, quantity: int, price: str, **terms: object) -> VenueOrder:
    terms = {"order_type": OrderType.LIMIT, "limit_price": Decimal(price)} | terms
    return order(order_id, side, quantity, **terms)


def fills(events: list[VenueEvent]) -> list[tuple[int, str]]:
    return [(e.quantity, str(e.price)) for e in events if isinstance(e, OrderFilled)]


def test_market_order_takes_the_touch(venue: Venue) -> None:
    events = venue.submit(order(1, Side.BUY, 3))
    assert events[0] == OrderAccepted(1, START, is_held=False)
    assert fills(events) == [(3, "70.01")]


def test_market_order_larger_than_displayed_walks_one_tick_a_level(venue: Venue) -> None:
    events = venue.submit(order(1, Side.SELL, 9))
    taken = fills(events)
    assert taken[0] == (4, "70.00")
    assert [price for _, price in taken] == ["70.00", "69.99", "69.98"][: len(taken)]
    assert sum(quantity for quantity, _ in taken) == 9
    last = events[-1]
    assert isinstance(last, OrderFilled)
    assert (last.cumulative, last.remaining) == (9, 0)


def test_second_order_finds_what_the_first_left_until_others_put_it_back(venue: Venue) -> None:
    venue.submit(order(1, Side.BUY, 6))
    assert fills(venue.submit(order(2, Side.BUY, 1))) == [(1, "70.02")]
    venue.apply(BookUpdate(START + 1, OIL, 7000, 7001, 4, 6))
    assert fills(venue.submit(order(3, Side.BUY, 1))) == [(1, "70.02")]
    venue.apply(BookUpdate(START + 20 * SECOND, OIL, 7000, 7001, 4, 6))
    assert fills(venue.submit(order(4, Side.BUY, 1))) == [(1, "70.01")]


def test_size_that_was_taken_is_missing_and_comes_back_within_seconds(venue: Venue) -> None:
    venue.apply(BookUpdate(START, OIL, 7000, 7001, 4, 20))
    venue.submit(order(1, Side.BUY, 12))
    shown = []
    for second in range(0, 11, 2):
        venue.apply(BookUpdate(START + second * SECOND, OIL, 7000, 7001, 4, 20))
        quote = venue.quote(OIL)
        assert quote is not None
        assert (quote.bid, quote.ask, quote.bid_size) == (70.0, 70.01, 4)
        shown.append(quote.ask_size)
    assert shown == [8, 14, 17, 18, 19, 20]


def test_level_that_was_taken_whole_is_gone_for_two_seconds(venue: Venue) -> None:
    venue.submit(order(1, Side.SELL, 4))
    bids = []
    for second in range(4):
        venue.apply(BookUpdate(START + second * SECOND, OIL, 7000, 7001, 4, 6))
        quote = venue.quote(OIL)
        assert quote is not None
        bids.append(quote.bid)
    assert bids == [69.99, 69.99, 69.99, 70.0]


def test_limit_larger_than_the_touch_is_filled_in_parts_as_sizes_come_back(venue: Venue) -> None:
    events = venue.submit(limit(1, Side.BUY, 20, "70.01"))
    parts: list[tuple[float, int]] = [(0.0, 6)]
    assert fills(events) == [(6, "70.01")]
    for step in range(1, 60):
        now_ns = START + step * SECOND // 4
        events = venue.apply(BookUpdate(now_ns, OIL, 7000, 7001, 4, 6))
        parts += [(step / 4, quantity) for quantity, _ in fills(events)]
    assert sum(quantity for _, quantity in parts) == 20
    assert len(parts) > 3
    assert 4.0 < parts[-1][0] < 12.0


def test_marketable_limit_trades_up_to_its_price_and_the_rest_waits(venue: Venue) -> None:
    events = venue.submit(limit(1, Side.BUY, 8, "70.01"))
    assert fills(events) == [(6, "70.01")]
    (working,) = venue.working_orders("DU1")
    assert (working.filled, working.status) == (6, "Submitted")


def test_resting_limit_waits_behind_the_queue_then_fills_at_its_price(venue: Venue) -> None:
    assert fills(venue.submit(limit(1, Side.BUY, 2, "70.00"))) == []
    assert fills(venue.apply(TradeUpdate(START + 1, OIL, 7000, 3))) == []
    assert fills(venue.apply(TradeUpdate(START + 2, OIL, 7000, 2))) == [(1, "70.00")]
    assert fills(venue.apply(TradeUpdate(START + 3, OIL, 7000, 5))) == [(1, "70.00")]
    assert venue.working_orders() == []


def test_resting_limit_fills_whole_when_the_market_trades_through_it(venue: Venue) -> None:
    venue.submit(limit(1, Side.BUY, 5, "69.95"))
    assert fills(venue.apply(TradeUpdate(START + 1, OIL, 6994, 1))) == [(5, "69.95")]


def test_resting_limit_fills_at_its_own_price_when_the_touch_comes_to_it(venue: Venue) -> None:
    venue.submit(limit(1, Side.SELL, 5, "70.05"))
    events = venue.apply(BookUpdate(START + 1, OIL, 7006, 7007, 3, 3))
    assert fills(events) == [(3, "70.05")]


def test_order_that_improves_the_market_has_nobody_ahead(venue: Venue) -> None:
    venue.apply(BookUpdate(START + 1, OIL, 7000, 7004, 4, 6))
    venue.submit(limit(1, Side.BUY, 1, "70.02"))
    assert fills(venue.apply(TradeUpdate(START + 2, OIL, 7002, 1))) == [(1, "70.02")]


def test_stop_is_held_until_a_trade_reaches_it(venue: Venue) -> None:
    stop = order(1, Side.SELL, 2, order_type=OrderType.STOP, stop_price=Decimal("69.90"))
    assert venue.submit(stop) == [OrderAccepted(1, START, is_held=True)]
    venue.apply(BookUpdate(START + 1, OIL, 6991, 6992, 5, 5))
    events = venue.apply(TradeUpdate(START + 2, OIL, 6990, 1))
    assert OrderReleased(1, START + 2) in events
    assert fills(events) == [(2, "69.91")]


def test_stop_is_triggered_by_the_touch_too(venue: Venue) -> None:
    stop = order(1, Side.BUY, 1, order_type=OrderType.STOP, stop_price=Decimal("70.10"))
    venue.submit(stop)
    events = venue.apply(BookUpdate(START + 1, OIL, 7010, 7012, 5, 5))
    assert fills(events) == [(1, "70.12")]


def test_immediate_order_is_cancelled_for_its_rest(venue: Venue) -> None:
    ioc = limit(1, Side.BUY, 9, "70.01", time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    events = venue.submit(ioc)
    assert fills(events) == [(6, "70.01")]
    assert events[-1] == OrderCancelled(1, START, "immediate or cancel")


def test_market_order_without_a_book_waits_for_one() -> None:
    venue = Venue(
        instruments=(catalog.future("MCL", 2026, 11, TUESDAY),),
        accounts=("DU1",),
        initial_cash=Decimal(25_000),
        start_ns=START,
        seed=1,
    )
    assert venue.submit(order(1, Side.BUY, 1)) == [OrderAccepted(1, START, is_held=False)]
    events = venue.apply(BookUpdate(START + 1, OIL, 7000, 7001, 1, 1))
    assert fills(events) == [(1, "70.01")]


def test_huge_order_stops_at_the_price_band_and_goes_on_with_the_next_book() -> None:
    venue = Venue(
        instruments=(catalog.fund("USO", TUESDAY),),
        accounts=("DU1",),
        initial_cash=Decimal(10_000_000),
        start_ns=START,
        seed=1,
    )
    venue.apply(BookUpdate(START, FUND, 7800, 7801, 1, 1))
    taken = fills(venue.submit(order(1, Side.BUY, 1_000, instrument_id=FUND)))
    assert taken[-1][1] == "79.01"
    assert 100 < sum(quantity for quantity, _ in taken) < 300
    more = fills(venue.apply(BookUpdate(START + 1, FUND, 7800, 7801, 5_000, 5_000)))
    assert sum(quantity for quantity, _ in taken + more) == 1_000


def test_changed_price_makes_a_resting_order_marketable(venue: Venue) -> None:
    venue.submit(limit(1, Side.BUY, 2, "69.00"))
    events = venue.modify(1, limit_price=Decimal("70.01"))
    assert events[0] == OrderModified(1, START)
    assert fills(events) == [(2, "70.01")]


def test_change_to_an_off_tick_price_is_refused_and_the_order_stands(venue: Venue) -> None:
    venue.submit(limit(1, Side.BUY, 2, "69.00"))
    (event,) = venue.modify(1, limit_price=Decimal("69.005"))
    assert isinstance(event, OrderRejected)
    assert (event.code, event.is_request_only) == (110, True)
    assert venue.working_orders()[0].order.limit_price == Decimal("69.00")


def test_quantity_may_shrink_to_what_is_filled_but_not_below(venue: Venue) -> None:
    venue.submit(limit(1, Side.BUY, 8, "70.01"))
    (refused,) = venue.modify(1, quantity=5)
    assert isinstance(refused, OrderRejected)
    venue.modify(1, quantity=6)
    assert venue.working_orders() == []


def test_cancel_ends_an_order_once(venue: Venue) -> None:
    venue.submit(limit(1, Side.BUY, 2, "69.00"))
    assert venue.cancel(1) == [OrderCancelled(1, START, "cancelled on request")]
    (again,) = venue.cancel(1)
    assert isinstance(again, OrderRejected)
    assert again.code == 10148
    (unknown,) = venue.cancel(99)
    assert isinstance(unknown, OrderRejected)
    assert unknown.code == 10147


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (limit(1, Side.BUY, 1, "70.005"), 110),
        (order(1, Side.BUY, 0), 434),
        (order(1, Side.BUY, 1, instrument_id=InstrumentId("NOPE")), 200),
        (order(1, Side.BUY, 1, account="U9"), 321),
        (order(1, Side.BUY, 1, order_type=OrderType.LIMIT), 321),
        (order(1, Side.BUY, 40), 201),
    ],
)
def test_order_that_no_broker_takes_is_rejected_with_its_code(
    venue: Venue, bad: VenueOrder, code: int
) -> None:
    (event,) = venue.submit(bad)
    assert isinstance(event, OrderRejected)
    assert event.code == code


def test_order_id_is_taken_once(venue: Venue) -> None:
    venue.submit(order(1, Side.BUY, 1))
    (event,) = venue.submit(order(1, Side.BUY, 1))
    assert isinstance(event, OrderRejected)
    assert event.code == 103


def test_update_that_is_older_than_the_venue_is_refused(venue: Venue) -> None:
    with pytest.raises(InvalidValueError, match="time can't go back"):
        venue.apply(BookUpdate(START - 1, OIL, 7000, 7001, 1, 1))


def test_update_of_an_unlisted_contract_is_refused(venue: Venue) -> None:
    with pytest.raises(InvalidValueError, match="MCLZ9 is not listed here; listed: MCLX6, USO"):
        venue.apply(BookUpdate(START, InstrumentId("MCLZ9"), 7000, 7001, 1, 1))


def test_quote_has_correctly_rounded_prices(venue: Venue) -> None:
    venue.apply(TradeUpdate(START + 1, OIL, 7123, 5))
    quote = venue.quote(OIL)
    assert quote is not None
    assert (quote.bid, quote.ask, quote.last, quote.volume) == (70.0, 70.01, 71.23, 5)


def test_bars_hold_what_printed_and_fold_to_longer_ones(venue: Venue) -> None:
    for second, ticks in ((0, 7000), (30, 7010), (61, 6990), (119, 7005)):
        venue.apply(TradeUpdate(START + second * SECOND, OIL, ticks, 2))
    first, second_bar = venue.bars(OIL, START + 200 * SECOND, 60, 10)
    assert (first.open, first.high, first.low, first.close) == (70.0, 70.1, 70.0, 70.1)
    assert (second_bar.open, second_bar.low, second_bar.close) == (69.9, 69.9, 70.05)
    assert [bar.volume for bar in (first, second_bar)] == [4, 4]
    assert len(venue.bars(OIL, START + 200 * SECOND, 5, 10)) == 4
    assert len(venue.bars(OIL, START + 30 * SECOND, 60, 10)) == 1
    with pytest.raises(InvalidValueError, match="multiple of 5"):
        venue.bars(OIL, START, 7, 1)
