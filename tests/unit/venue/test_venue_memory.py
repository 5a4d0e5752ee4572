"""A venue that runs for ever forgets orders that ended long ago, and says so."""

from decimal import Decimal

from microfutures.model.orders import OrderType, Side
from microfutures.venue.messages import OrderCancelled, OrderRejected, VenueOrder
from microfutures.venue.order_desk import KEPT_ENDED
from microfutures.venue.synthetic import SyntheticMarket
from microfutures.venue.venue import Venue


def a_venue(market: SyntheticMarket) -> Venue:
    return Venue(
        instruments=market.instruments,
        accounts=("DU1",),
        initial_cash=Decimal(1_000_000),
        start_ns=market.start_ns,
        seed=1,
    )


def a_low_bid(market: SyntheticMarket, order_id: int) -> VenueOrder:
    """An order that nothing fills."""
    return VenueOrder(
        order_id=order_id,
        account="DU1",
        instrument_id=market.instruments[0].instrument_id,
        side=Side.BUY,
        quantity=1,
        order_type=OrderType.LIMIT,
        limit_price=Decimal("10.00"),
    )


def refusal(venue: Venue, order_id: int) -> str:
    (event,) = venue.cancel(order_id)
    assert isinstance(event, OrderRejected)
    return event.message


def test_orders_that_ended_long_ago_are_unknown_and_live_ones_never() -> None:
    market = SyntheticMarket(("MCL",), seed=1)
    venue = a_venue(market)
    for order_id in range(KEPT_ENDED + 3):
        venue.submit(a_low_bid(market, order_id))
        if order_id:
            venue.cancel(order_id)
    assert [each.order.order_id for each in venue.working_orders()] == [0]
    unknown, known = refusal(venue, 1), refusal(venue, KEPT_ENDED)
    assert "not found" in unknown
    assert "Cancelled" in known


def test_an_order_that_is_restored_while_it_is_quiet_ends_with_its_session() -> None:
    market = SyntheticMarket(("MCL",), seed=1)
    venues = [a_venue(market) for _ in range(2)]
    order = a_low_bid(market, 7)
    first, second = venues
    first.submit(order)
    kept = first.keeping.order(order.order_id)
    second.advance(market.start_ns + 1)  # from here on it is quiet until the session ends
    assert kept is not None
    second.keeping.restore_order(kept, second.now_ns)
    ended = second.advance(kept.window.close_ns)
    assert [each.order_id for each in ended if isinstance(each, OrderCancelled)] == [7]
