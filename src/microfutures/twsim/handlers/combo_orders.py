"""The contract of an order for a combo: which legs it has, or why TWS doesn't take it.

Sources: IB's API reference, "Message Codes" (312 to 315, 10000), and a recorded open order of a
combo in the tests of ib-ruby, for the number and the class that IB gives every combo in US dollars.
"""

from msgspec.structs import replace

from microfutures.model.instrument import Instrument, SecurityType
from microfutures.twsim.contracts.lookup import find_numbers, is_expired, is_tradable
from microfutures.twsim.errors import wording
from microfutures.twsim.exchange import Exchange
from microfutures.twsim.handlers.order_checks import Problem
from microfutures.twsim.orders.facts import ComboTerms
from microfutures.twsim.orders.request import OrderRequest
from microfutures.twsim.orders.venue_orders import SIDES
from microfutures.venue.messages import ComboLeg

COMBO_NUMBER = 28_812_380
MAX_LEGS = 8
"""More can't be seen together in TWS either; its own limit depends on the exchange."""


def combo_contract(exchange: Exchange, request: OrderRequest) -> Instrument | Problem:
    """Return the combo that an order is for, or why there is none."""
    problem = _legs_problem(exchange, request) or _combo_problem(exchange, request)
    if problem is not None:
        return problem
    combo = exchange.venue.combo(_parts(exchange, request))
    if combo is None:
        return 200, wording(200)
    wanted = request.contract
    return replace(combo, symbol=wanted.symbol, exchange=wanted.exchange, con_id=COMBO_NUMBER)


def combo_terms(exchange: Exchange, request: OrderRequest) -> ComboTerms | None:
    """Return the legs of an order whose contract was found; None when it has none."""
    if not request.legs:
        return None
    return ComboTerms(
        legs=request.legs,
        parts=_parts(exchange, request),
        routing=request.routing,
        is_guaranteed=request.is_guaranteed,
    )


def _parts(exchange: Exchange, request: OrderRequest) -> tuple[ComboLeg, ...]:
    listed = find_numbers(exchange.instruments)
    return tuple(
        ComboLeg(listed[leg.con_id].instrument_id, leg.ratio if leg.is_bought else -leg.ratio)
        for leg in request.legs
    )


def _legs_problem(exchange: Exchange, request: OrderRequest) -> Problem | None:
    """Return what is wrong with the legs one by one."""
    legs = request.legs
    if not legs:
        detail = "Security type 'BAG' requires combo leg details."
        return 321, wording(321, tag="bN", detail=detail)
    if not 1 < len(legs) <= MAX_LEGS or len({leg.con_id for leg in legs}) < len(legs):
        return 312, wording(312)
    listed, now_ns = find_numbers(exchange.instruments), exchange.clock.now_ns()
    for number, leg in enumerate(legs, 1):
        member = listed.get(leg.con_id)
        is_known = member is not None and not is_expired(member, now_ns)
        if not is_known or leg.ratio < 1 or leg.action not in SIDES:
            return 313, wording(313, detail=number)
    return None


def _combo_problem(exchange: Exchange, request: OrderRequest) -> Problem | None:
    """Return why legs that are right by themselves make no combo."""
    listed, wanted = find_numbers(exchange.instruments), request.contract
    members = [listed[leg.con_id] for leg in request.legs]
    kinds = {member.security_type for member in members}
    is_of_stocks = SecurityType.STOCK in kinds
    checks: tuple[tuple[bool, int, str], ...] = (
        (not wanted.exchange, 321, "Missing order exchange"),
        (any(wanted.currency not in ("", each.currency) for each in members), 10000, ""),
        (len(kinds) > 1, 312, ""),  # IB has no combo of futures with shares
        (is_of_stocks and wanted.exchange != "SMART", 315, ""),
        (not all(is_tradable(each) for each in members), 201, "No Trading Permission"),
        (request.has_leg_prices, 10058, ""),
    )
    for is_wrong, code, detail in checks:
        if is_wrong:
            return code, wording(code, tag="bN", detail=detail)
    return None
