"""Why TWS itself refuses an order, before any exchange hears of it.

Sources: IB's API reference, "Message Codes"; the wording behind 321 as users quote it.
"""

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.orders import OrderType, TimeInForce
from microfutures.twsim.contracts.lookup import find, is_tradable
from microfutures.twsim.errors import wording
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.handlers.options import SECURITY_TYPES as OPTION_TYPES
from microfutures.twsim.handlers.options import find_options
from microfutures.twsim.orders.facts import FILLED, OrderFacts
from microfutures.twsim.orders.request import OrderRequest
from microfutures.twsim.orders.venue_orders import (
    SIDES,
    TIMES_IN_FORCE,
    TYPES,
    are_on_tick,
    good_after_ns,
    good_till_ns,
)
from microfutures.venue.admission import AT_ONCE
from microfutures.venue.order_types import RULES, Trigger

Problem = tuple[int, str]
"""TWS's code and wording for what never gets to the exchange."""

NO_PERMISSION = "No Trading Permission"
"""Of an account that may trade futures, shares and combos, but no options and no indexes."""
OPENING_TYPES = frozenset({OrderType.MARKET, OrderType.LIMIT})
"""What can take part in an opening auction."""


def order_contract(exchange: Exchange, request: OrderRequest) -> Instrument | Problem:
    """Return the one contract that an order is for, or why it can't be traded."""
    if not request.contract.exchange:
        return 321, wording(321, tag="bN", detail="Missing order exchange")
    query = request.contract
    if query.security_type in OPTION_TYPES and find_options(exchange, query):
        return 201, wording(201, detail=NO_PERMISSION)
    found = find(exchange.named(query), query, now_ns=exchange.clock.now_ns())
    if len(found) != 1:
        return 200, wording(200)
    return found[0] if is_tradable(found[0]) else (201, wording(201, detail=NO_PERMISSION))


def request_problem(exchange: Exchange, request: OrderRequest) -> Problem | None:
    """Return what of a request makes no sense by itself."""
    accounts = ("", *exchange.accounts)
    fraction = "Fractional-sized order cannot be placed via API."
    ignored = ", ".join(request.not_simulated)
    checks: tuple[tuple[bool, int, str], ...] = (
        (request.account not in accounts, 321, f"Invalid account code '{request.account}'."),
        (request.action not in SIDES, 321, f"Invalid side: '{request.action}'."),
        (request.quantity <= 0, 434, ""),
        (request.quantity % 1 != 0, 321, fraction),
        (request.order_type not in TYPES, 387, ""),
        (request.time_in_force not in TIMES_IN_FORCE, 10052, request.time_in_force),
        (_lacks(request, "limit_price"), 321, "The limit price is missing."),
        (_lacks(request, "stop_price"), 321, "The stop price is missing."),
        (request.is_set("eTradeOnly"), 10268, ""),
        (request.is_set("firmQuoteOnly"), 10269, ""),
        (request.is_set("nbboPriceCap"), 10270, ""),
        (bool(ignored), 321, f"Not simulated: {ignored}."),
    )
    for is_wrong, code, detail in checks:
        if is_wrong:
            return code, wording(code, tag="bN", detail=detail)
    if not all(exchange.desk.watch.knows(each) for each in request.conditions.each):
        return 321, wording(321, tag="bN", detail="Invalid condition.")
    return None


def _lacks(request: OrderRequest, price: str) -> bool:
    order_type = TYPES.get(request.order_type)
    if order_type is None or price not in RULES[order_type].needs:
        return False
    return (request.limit_price if price == "limit_price" else request.aux_price) is None


def terms_problem(order: OrderFacts, now_ns: int) -> Problem | None:
    """Return what of an order's type, times and prices doesn't go together."""
    order_type, life = TYPES[order.order_type], TimeInForce(order.time_in_force)
    rule = RULES[order_type]
    is_stock = order.instrument.security_type is SecurityType.STOCK
    is_opening, is_dated = life is TimeInForce.AT_THE_OPENING, life is TimeInForce.GOOD_TILL_DATE
    is_delayed = rule.trigger is not Trigger.NONE or rule.is_at_close
    starts, ends = order.terms.get("goodAfterTime"), order.terms.get("goodTillDate")
    is_auction = rule.is_at_close or is_opening
    checks: tuple[tuple[bool, int], ...] = (
        (order.combo is not None and is_auction, 387),
        (order_type is OrderType.RELATIVE and not is_stock, 114),
        (rule.is_for_stocks_only and not is_stock, 342),
        (rule.is_at_close and life is not TimeInForce.DAY, 113),
        (is_opening and order_type not in OPENING_TYPES, 111),
        (life in AT_ONCE and is_delayed, 111),
        (bool(starts) and good_after_ns(order, now_ns) is None, 337),
        (is_dated and bool(ends) and good_till_ns(order, now_ns) is None, 337),
        (is_dated and (good_till_ns(order, now_ns) or 0) <= now_ns, 334),
        (not are_on_tick(order), 110),
    )
    for is_wrong, code in checks:
        if is_wrong:
            return code, wording(code)
    return None


def new_problem(exchange: Exchange, client_id: int, request: OrderRequest) -> Problem | None:
    """Return why an order can't be a new one."""
    desk = exchange.desk
    if request.order_id < desk.next_order_id(client_id):
        return 103, wording(103)
    if not request.parent_id:
        return None
    parent = desk.orders.get((client_id, request.parent_id))
    if parent is None or not (parent.is_open or parent.status == FILLED):
        return 135, wording(135, order_id=request.parent_id)
    return None


def change_problem(
    request: OrderRequest, instrument: Instrument, known: OrderFacts
) -> Problem | None:
    """Return why a request can't change the order that has its id."""
    if not known.is_open:
        return (104, wording(104)) if known.status == FILLED else (103, wording(103))
    if request.order_type != known.order_type:
        return 329, wording(329)
    is_same = (
        instrument.instrument_id == known.instrument.instrument_id
        and request.routing == (known.combo.routing if known.combo else ())
        and SIDES[request.action] is SIDES[known.action]
        and request.account in ("", known.account)
        and request.time_in_force == known.time_in_force
        and request.outside_rth == known.outside_rth
        and request.parent_id in (0, known.parent_id)
        and all(request.terms[name] == known.terms[name] for name in FIXED)
        and not request.what_if
    )
    return None if is_same else (105, wording(105))


FIXED = ("goodAfterTime", "goodTillDate", "algoStrategy")
"""What an order keeps from its birth in this simulator."""
