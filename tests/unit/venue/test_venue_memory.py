"""A venue that runs for ever forgets orders that ended long ago, and says so."""

from decimal import Decimal

from microfutures.model.orders import OrderType, Side
from microfutures.venue.messages import OrderRejected, VenueOrder
from microfutures.venue.order_desk import KEPT_ENDED
from microfutures.venue.synthetic import SyntheticMarket
from microfutures.venue.venue import Venue


def refusal(venue: Venue, order_id: int) -> str:
    (event,) = venue.cancel(order_id)
    assert isinstance(event, OrderRejected)
    return event.message


def test_orders_that_ended_long_ago_are_unknown_and_live_ones_never() -> None:
    market = SyntheticMarket(("MCL",), seed=1)
    venue = Venue(
        instruments=market.instruments,
        accounts=("DU1",),
        initial_cash=Decimal(1_000_000),
        start_ns=market.start_ns,
        seed=1,
    )
    for order_id in range(KEPT_ENDED + 3):
        order = VenueOrder(
            order_id=order_id,
            account="DU1",
            instrument_id=market.instruments[0].instrument_id,
            side=Side.BUY,
            quantity=1,
            order_type=OrderType.LIMIT,
            limit_price=Decimal("10.00"),
        )
        venue.submit(order)
        if order_id:
            venue.cancel(order_id)
    assert [each.order.order_id for each in venue.working_orders()] == [0]
    unknown, known = refusal(venue, 1), refusal(venue, KEPT_ENDED)
    assert "not found" in unknown
    assert "Cancelled" in known
