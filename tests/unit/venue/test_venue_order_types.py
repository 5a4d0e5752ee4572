"""Every order type and time in force meets the market: what sets it free, where it fills."""

from datetime import date, time
from decimal import Decimal

import pytest
from msgspec.structs import replace

from microfutures.model import catalog
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.messages import (
    BookUpdate,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    TradeUpdate,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.order_types import RULES
from microfutures.venue.venue import Venue

TUESDAY, WEDNESDAY = date(2026, 9, 8), date(2026, 9, 9)
OIL, FUND = InstrumentId("MCLX6"), InstrumentId("USO")


def at(hour: int, minute: int = 0, second: int = 0, day: date = TUESDAY) -> int:
    return moment_ns(day, time(hour, minute, second), NEW_YORK)


START = at(10, 30)
SECOND = 10**9
D = Decimal


@pytest.fixture
def venue() -> Venue:
    made = Venue(
        instruments=(catalog.future("MCL", 2026, 11, TUESDAY), catalog.fund("USO", TUESDAY)),
        accounts=("DU1",),
        initial_cash=Decimal(25_000),
        start_ns=START,
        seed=7,
    )
    made.apply(BookUpdate(START, OIL, 7000, 7001, 4, 6))
    made.apply(BookUpdate(START, FUND, 7800, 7804, 500, 600))
    return made


def order(side: Side, order_type: OrderType, **terms: object) -> VenueOrder:
    plain = VenueOrder(
        order_id=1,
        account="DU1",
        instrument_id=OIL,
        side=side,
        quantity=2,
        order_type=order_type,
    )
    return replace(plain, **terms)


def fills(events: list[VenueEvent]) -> list[tuple[int, str]]:
    return [(e.quantity, str(e.price)) for e in events if isinstance(e, OrderFilled)]


def book(
    venue: Venue, after: int, bid: int, ask: int, name: InstrumentId = OIL
) -> list[VenueEvent]:
    return venue.apply(BookUpdate(START + after, name, bid, ask, 4, 6))


def status(venue: Venue) -> str:
    (working,) = venue.working_orders()
    return working.status


def test_stop_limit_triggers_and_rests_at_its_limit(venue: Venue) -> None:
    events = venue.submit(
        order(Side.SELL, OrderType.STOP_LIMIT, stop_price=D("69.95"), limit_price=D("69.94"))
    )
    assert events == [OrderAccepted(1, START, is_held=True)]
    events = book(venue, 1, 6990, 6995)
    assert events[1:] == [OrderReleased(1, START + 1)]
    assert status(venue) == "Submitted"
    assert fills(book(venue, 2, 6994, 6996)) == [(2, "69.94")]


@pytest.mark.parametrize(
    ("side", "moves", "price"),
    [
        (Side.SELL, [(7020, 7021), (7012, 7013), (7010, 7011)], "70.10"),
        (Side.BUY, [(6980, 6981), (6988, 6989), (6990, 6991)], "69.91"),
    ],
)
def test_trailing_stop_follows_the_best_price_and_never_goes_back(
    venue: Venue, side: Side, moves: list[tuple[int, int]], price: str
) -> None:
    venue.submit(order(side, OrderType.TRAILING_STOP, trail_amount=D("0.10")))
    for after, (bid, ask) in enumerate(moves[:-1], start=1):
        assert fills(book(venue, after, bid, ask)) == []
        assert status(venue) == "PreSubmitted"
    assert fills(book(venue, 9, *moves[-1])) == [(2, price)]


def test_trailing_percentage_is_of_the_price(venue: Venue) -> None:
    venue.submit(order(Side.SELL, OrderType.TRAILING_STOP, trail_percent=D(1)))
    assert fills(book(venue, 1, 6931, 6932)) == []
    assert fills(book(venue, 2, 6930, 6931)) == [(2, "69.30")]


def test_trailing_stop_begins_at_its_initial_stop(venue: Venue) -> None:
    trail = order(Side.SELL, OrderType.TRAILING_STOP, trail_amount=D("0.50"), stop_price=D("69.90"))
    venue.submit(trail)
    assert fills(book(venue, 1, 6989, 6990)) == [(2, "69.89")]


def test_trailing_stop_limit_fills_no_worse_than_its_offset(venue: Venue) -> None:
    venue.submit(
        order(Side.SELL, OrderType.TRAILING_STOP_LIMIT, trail_amount=D("0.10"), offset=D("-0.02"))
    )
    assert fills(book(venue, 1, 6990, 6991)) == []
    assert status(venue) == "Submitted"
    assert fills(book(venue, 2, 6992, 6995)) == []
    assert fills(book(venue, 3, 6993, 6995)) == [(2, "69.93")]


def test_changed_trail_keeps_what_it_trailed(venue: Venue) -> None:
    venue.submit(order(Side.SELL, OrderType.TRAILING_STOP, trail_amount=D("0.10")))
    book(venue, 1, 7020, 7021)
    venue.modify(1, trail_amount=D("0.50"))
    assert fills(book(venue, 2, 7010, 7011)) == [(2, "70.10")]


@pytest.mark.parametrize(
    ("order_type", "limit", "filled"),
    [
        (OrderType.MARKET_IF_TOUCHED, None, [(2, "69.95")]),
        (OrderType.LIMIT_IF_TOUCHED, D("69.94"), []),
    ],
)
def test_order_if_touched_waits_for_a_better_price(
    venue: Venue, order_type: OrderType, limit: Decimal | None, filled: list[tuple[int, str]]
) -> None:
    touch = order(Side.BUY, order_type, stop_price=D("69.95"), limit_price=limit)
    assert venue.submit(touch) == [OrderAccepted(1, START, is_held=True)]
    assert fills(book(venue, 1, 7010, 7011)) == []
    assert fills(book(venue, 2, 6994, 6995)) == filled


def test_market_to_limit_rests_at_the_price_of_its_first_fill(venue: Venue) -> None:
    events = venue.submit(order(Side.BUY, OrderType.MARKET_TO_LIMIT, quantity=9))
    assert fills(events) == [(6, "70.01")]
    assert fills(book(venue, 1, 7002, 7003)) == []
    assert fills(book(venue, 9 * SECOND, 7000, 7001)) == [(3, "70.01")]  # what was taken is back


def test_on_close_orders_trade_in_the_last_minute_of_liquid_hours(venue: Venue) -> None:
    closes = order(Side.BUY, OrderType.MARKET_ON_CLOSE, instrument_id=FUND)
    limit = order(
        Side.BUY,
        OrderType.LIMIT_ON_CLOSE,
        instrument_id=FUND,
        order_id=2,
        limit_price=D("77.00"),
    )
    assert venue.submit(closes) == [OrderAccepted(1, START, is_held=True)]
    venue.submit(limit)
    assert venue.advance(at(15, 58)) == []
    assert fills(venue.advance(at(15, 59))) == [(2, "78.04")]
    (ended,) = venue.advance(at(16))
    assert isinstance(ended, OrderCancelled)
    assert ended.order_id == 2


def test_relative_order_stands_above_the_bid_up_to_its_limit(venue: Venue) -> None:
    relative = order(
        Side.BUY,
        OrderType.RELATIVE,
        instrument_id=FUND,
        offset=D("0.01"),
        limit_price=D("78.03"),
    )
    venue.submit(relative)
    assert fills(venue.apply(TradeUpdate(START + 1, FUND, 7801, 1))) == [(1, "78.01")]
    book(venue, 2, 7810, 7812, FUND)
    assert fills(venue.apply(TradeUpdate(START + 3, FUND, 7804, 5))) == []
    assert fills(venue.apply(TradeUpdate(START + 4, FUND, 7802, 9))) == [(1, "78.03")]


def test_midpoint_order_waits_in_the_middle(venue: Venue) -> None:
    venue.submit(order(Side.SELL, OrderType.PEGGED_TO_MIDPOINT, instrument_id=FUND))
    assert fills(venue.apply(TradeUpdate(START + 1, FUND, 7801, 100))) == []
    assert fills(venue.apply(TradeUpdate(START + 2, FUND, 7802, 100))) == [(2, "78.02")]


def test_pegged_order_without_a_market_waits(venue: Venue) -> None:
    venue.apply(BookUpdate(START + 1, FUND, None, 7804, 0, 600))
    events = venue.submit(order(Side.BUY, OrderType.RELATIVE, instrument_id=FUND))
    assert fills(events) == []
    assert fills(book(venue, 2, 7800, 7801, FUND)) == []


@pytest.mark.parametrize(("quantity", "filled"), [(6, [(6, "70.01")]), (7, [])])
def test_fill_or_kill_fills_whole_from_what_is_displayed_or_dies(
    venue: Venue, quantity: int, filled: list[tuple[int, str]]
) -> None:
    kill = order(
        Side.BUY,
        OrderType.LIMIT,
        quantity=quantity,
        limit_price=D("71.00"),
        time_in_force=TimeInForce.FILL_OR_KILL,
    )
    events = venue.submit(kill)
    assert fills(events) == filled
    assert isinstance(events[-1], OrderFilled if filled else OrderCancelled)


def test_good_after_time_holds_the_order_until_then(venue: Venue) -> None:
    later = at(11)
    events = venue.submit(order(Side.BUY, OrderType.MARKET, good_after_ns=later))
    assert events == [OrderAccepted(1, START, is_held=True)]
    assert fills(venue.advance(later - 1)) == []
    assert fills(venue.advance(later)) == [(2, "70.01")]


def test_good_till_date_lives_over_sessions_and_ends_at_its_moment(venue: Venue) -> None:
    until = at(12, day=WEDNESDAY)
    venue.submit(
        order(
            Side.BUY,
            OrderType.LIMIT,
            limit_price=D("60.00"),
            time_in_force=TimeInForce.GOOD_TILL_DATE,
            good_till_ns=until,
        )
    )
    events = venue.advance(until - 1)
    assert [type(event) for event in events] == [OrderReleased]
    assert [type(event) for event in venue.advance(until)] == [OrderCancelled]


def test_good_till_date_that_ends_before_the_next_session_is_cancelled_then(venue: Venue) -> None:
    until = at(8)
    terms = {"time_in_force": TimeInForce.GOOD_TILL_DATE, "limit_price": D("78.00")}
    late = at(8, day=WEDNESDAY)
    venue.advance(at(17))
    (refused,) = venue.submit(
        order(Side.BUY, OrderType.LIMIT, instrument_id=FUND, good_till_ns=until, **terms)
    )
    assert isinstance(refused, OrderRejected)
    assert refused.code == 334
    venue.submit(
        order(Side.BUY, OrderType.LIMIT, instrument_id=FUND, order_id=2, good_till_ns=late, **terms)
    )
    assert status(venue) == "PreSubmitted"
    assert venue.advance(late)[0].time_ns == late  # type: ignore[union-attr]
    assert venue.working_orders() == []


def test_opening_order_takes_the_first_market_of_the_next_session(venue: Venue) -> None:
    opening = order(
        Side.BUY, OrderType.MARKET, instrument_id=FUND, time_in_force=TimeInForce.AT_THE_OPENING
    )
    assert venue.submit(opening) == [OrderAccepted(1, START, is_held=True)]
    opened = at(9, 30, day=WEDNESDAY)
    assert fills(venue.advance(opened)) == []
    events = venue.apply(BookUpdate(opened + 1, FUND, 7900, 7901, 100, 100))
    assert fills(events) == [(2, "79.01")]


def test_opening_order_that_the_first_minute_does_not_fill_is_cancelled(venue: Venue) -> None:
    venue.submit(
        order(
            Side.BUY,
            OrderType.LIMIT,
            limit_price=D("60.00"),
            time_in_force=TimeInForce.AT_THE_OPENING,
        )
    )
    events = venue.advance(at(18, 1))
    assert [type(event) for event in events] == [OrderReleased, OrderCancelled]


@pytest.mark.parametrize("order_type", list(OrderType))
def test_type_without_the_prices_it_needs_is_refused(venue: Venue, order_type: OrderType) -> None:
    rule = RULES[order_type]
    (first, *_) = venue.submit(order(Side.BUY, order_type))
    assert isinstance(first, OrderRejected) == bool(rule.needs or rule.is_trailing)


@pytest.mark.parametrize(
    "terms",
    [
        {"trail_amount": D("0.1"), "trail_percent": D(1)},
        {"trail_amount": D("-0.1")},
        {"trail_percent": D(0)},
    ],
)
def test_trail_must_be_one_positive_distance(venue: Venue, terms: dict[str, Decimal]) -> None:
    (refused,) = venue.submit(order(Side.BUY, OrderType.TRAILING_STOP, **terms))
    assert isinstance(refused, OrderRejected)
    assert refused.code == 321
