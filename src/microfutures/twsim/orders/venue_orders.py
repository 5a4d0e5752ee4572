"""What an order of a client is at the venue."""

from decimal import Decimal

from microfutures.model.errors import InvalidValueError
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.twsim.history.bar_sizes import moment
from microfutures.twsim.orders.facts import CANCEL_ALL, REDUCE_WITH_BLOCK, OrderFacts
from microfutures.venue.messages import VenueOrder
from microfutures.venue.order_types import RULES, Peg

TYPES = {each.value: each for each in OrderType}
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}
BLOCKED_GROUPS = (CANCEL_ALL, REDUCE_WITH_BLOCK)
TIMES_IN_FORCE = frozenset(each.value for each in TimeInForce)


def venue_prices(order: OrderFacts) -> dict[str, Decimal | None]:
    """Return the prices of an order that mean something to its type, by the venue's names."""
    rule = RULES[TYPES[order.order_type]]
    if rule.is_trailing:
        return _trail(order)
    if rule.peg is not Peg.NONE:
        return {"limit_price": order.limit_price or None, "offset": order.aux_price or None}
    prices = {"limit_price": order.limit_price, "stop_price": order.aux_price}
    return {name: price for name, price in prices.items() if name in rule.needs}


def _trail(order: OrderFacts) -> dict[str, Decimal | None]:
    stop, percent = order.price("trailStopPrice"), order.price("trailingPercent")
    prices = {
        "stop_price": stop,
        "trail_amount": order.aux_price or None,
        "trail_percent": percent or None,
    }
    if order.order_type == OrderType.TRAILING_STOP_LIMIT:
        offset = order.price("lmtPriceOffset")
        if offset is None and stop is not None:
            offset = (order.limit_price - stop) * SIDES[order.action].sign
        prices["offset"] = offset
    return prices


def are_on_tick(order: OrderFacts) -> bool:
    """Tell whether the prices that matter lie on the tick."""
    prices = venue_prices(order)
    prices.pop("trail_percent", None)
    try:
        for price in prices.values():
            if price is not None:
                order.instrument.ticks_exactly(price)
    except InvalidValueError:
        return False
    return True


def good_after_ns(order: OrderFacts, now_ns: int) -> int | None:
    """Return when an order may begin to work; None for at once, or for nonsense."""
    text = order.terms.get("goodAfterTime", "")
    return moment(text, now_ns) if text else None


def good_till_ns(order: OrderFacts, now_ns: int) -> int | None:
    """Return when a good-till-date order ends; None for every other, or for nonsense."""
    text = order.terms.get("goodTillDate", "")
    is_meant = order.time_in_force == TimeInForce.GOOD_TILL_DATE
    return moment(text, now_ns) if text and is_meant else None


def _block(order: OrderFacts) -> str:
    """Return the group whose orders must never trade in the same moment; empty for none."""
    is_blocked = order.oca_group != "" and order.oca_type in BLOCKED_GROUPS
    return f"{order.account}/{order.oca_group}" if is_blocked else ""


def venue_order(order: OrderFacts, now_ns: int) -> VenueOrder:
    """Return the order as the venue takes it."""
    prices = venue_prices(order)
    return VenueOrder(
        order_id=order.perm_id,
        account=order.account,
        instrument_id=order.instrument.instrument_id,
        side=SIDES[order.action],
        quantity=order.quantity,
        order_type=TYPES[order.order_type],
        limit_price=prices.get("limit_price"),
        stop_price=prices.get("stop_price"),
        trail_amount=prices.get("trail_amount"),
        trail_percent=prices.get("trail_percent"),
        offset=prices.get("offset"),
        time_in_force=TimeInForce(order.time_in_force),
        good_after_ns=good_after_ns(order, now_ns),
        good_till_ns=good_till_ns(order, now_ns),
        outside_regular_hours=order.outside_rth,
        legs=order.combo.parts if order.combo else (),
        is_guaranteed=order.combo is None or order.combo.is_guaranteed,
        block=_block(order),
    )
