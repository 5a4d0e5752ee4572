"""Orders and the clock: held before the open, expired at the close."""

from datetime import date, time
from decimal import Decimal

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
    VenueOrder,
)
from microfutures.venue.venue import Venue

TUESDAY = date(2026, 9, 8)
SATURDAY = date(2026, 9, 12)
OIL = InstrumentId("MCLX6")
FUND = InstrumentId("USO")


def at(day: date, hour: int, minute: int = 0) -> int:
    return moment_ns(day, time(hour, minute), NEW_YORK)


def venue_at(moment: int, day: date) -> Venue:
    return Venue(
        instruments=(catalog.future("MCL", 2026, 11, day), catalog.fund("USO", day)),
        accounts=("DU1",),
        initial_cash=Decimal(25_000),
        start_ns=moment,
        seed=1,
    )


def order(name: InstrumentId, **terms: object) -> VenueOrder:
    plain = VenueOrder(
        order_id=1,
        account="DU1",
        instrument_id=name,
        side=Side.BUY,
        quantity=1,
        order_type=OrderType.MARKET,
    )
    return replace(plain, **terms)


def test_stock_order_before_the_open_is_held_and_fills_at_the_first_book_of_the_session() -> None:
    venue = venue_at(at(TUESDAY, 8), TUESDAY)
    venue.apply(BookUpdate(at(TUESDAY, 8), FUND, 7700, 7800, 100, 100))
    assert venue.submit(order(FUND)) == [OrderAccepted(1, at(TUESDAY, 8), is_held=True)]
    assert venue.working_orders()[0].status == "PreSubmitted"
    opened = at(TUESDAY, 9, 30)
    assert venue.advance(opened) == [OrderReleased(1, opened)]
    events = venue.apply(BookUpdate(opened + 1, FUND, 7750, 7751, 100, 100))
    assert [event.price for event in events if isinstance(event, OrderFilled)] == [Decimal("77.51")]


def test_stock_limit_with_the_flag_trades_before_the_open() -> None:
    venue = venue_at(at(TUESDAY, 8), TUESDAY)
    venue.apply(BookUpdate(at(TUESDAY, 8), FUND, 7700, 7710, 100, 100))
    events = venue.submit(
        order(
            FUND,
            order_type=OrderType.LIMIT,
            limit_price=Decimal("77.10"),
            outside_regular_hours=True,
        )
    )
    assert isinstance(events[-1], OrderFilled)


def test_stock_market_order_ignores_the_flag() -> None:
    venue = venue_at(at(TUESDAY, 8), TUESDAY)
    venue.apply(BookUpdate(at(TUESDAY, 8), FUND, 7700, 7710, 100, 100))
    events = venue.submit(order(FUND, outside_regular_hours=True))
    assert events == [OrderAccepted(1, at(TUESDAY, 8), is_held=True)]


def test_future_trades_at_night() -> None:
    night = at(TUESDAY, 3)
    venue = venue_at(night, TUESDAY)
    venue.apply(BookUpdate(night, OIL, 7000, 7001, 5, 5))
    assert isinstance(venue.submit(order(OIL))[-1], OrderFilled)


def test_day_order_expires_at_the_end_of_its_session() -> None:
    venue = venue_at(at(TUESDAY, 15), TUESDAY)
    venue.submit(order(OIL, order_type=OrderType.LIMIT, limit_price=Decimal("60.00")))
    assert venue.advance(at(TUESDAY, 16, 59)) == []
    closed = at(TUESDAY, 17)
    assert venue.advance(closed) == [OrderCancelled(1, closed, "expired at the end of the session")]


def test_weekend_order_waits_for_sunday_evening_and_lives_through_monday() -> None:
    venue = venue_at(at(SATURDAY, 12), SATURDAY)
    resting = order(OIL, order_type=OrderType.LIMIT, limit_price=Decimal("60.00"))
    assert venue.submit(resting) == [OrderAccepted(1, at(SATURDAY, 12), is_held=True)]
    sunday, monday = date(2026, 9, 13), date(2026, 9, 14)
    assert venue.advance(at(sunday, 18)) == [OrderReleased(1, at(sunday, 18))]
    assert venue.advance(at(monday, 16)) == []
    assert isinstance(venue.advance(at(monday, 18))[0], OrderCancelled)


def test_lasting_order_is_held_over_night_and_works_again_the_next_day() -> None:
    venue = venue_at(at(TUESDAY, 15), TUESDAY)
    venue.submit(
        order(
            FUND,
            order_type=OrderType.LIMIT,
            limit_price=Decimal("70.00"),
            time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
        )
    )
    assert venue.advance(at(TUESDAY, 18)) == []
    assert venue.working_orders()[0].status == "PreSubmitted"
    # A price in the evening doesn't fill an order for regular hours.
    venue.apply(BookUpdate(at(TUESDAY, 19), FUND, 6900, 6901, 100, 100))
    assert venue.working_orders()[0].filled == 0
    morning = at(date(2026, 9, 9), 9, 30)
    assert venue.advance(morning) == [OrderReleased(1, morning)]
    events = venue.apply(BookUpdate(morning + 1, FUND, 6900, 6901, 100, 100))
    assert isinstance(events[-1], OrderFilled)


def test_immediate_order_while_closed_is_rejected() -> None:
    venue = venue_at(at(SATURDAY, 12), SATURDAY)
    (event,) = venue.submit(order(OIL, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL))
    assert isinstance(event, OrderRejected)
    assert event.code == 201


def test_hours_stay_current_however_far_time_goes() -> None:
    venue = venue_at(at(TUESDAY, 10), TUESDAY)
    later = date(2026, 10, 12)
    venue.advance(at(later, 10))
    assert venue.instrument(FUND).is_liquid(at(later, 10))
    assert venue.instrument(OIL).is_open(at(later, 3))


def test_order_in_a_contract_that_ended_is_rejected() -> None:
    venue = venue_at(at(TUESDAY, 10), TUESDAY)
    venue.advance(at(date(2026, 11, 2), 10))
    (event,) = venue.submit(order(OIL))
    assert isinstance(event, OrderRejected)
    assert event.code == 201
