"""Requests that place, change and cancel orders."""

from decimal import Decimal

from microfutures.model.instrument import Instrument
from microfutures.twsim import order_messages
from microfutures.twsim.contracts import find, is_tradable
from microfutures.twsim.errors import wording
from microfutures.twsim.order_messages import (
    FILLED,
    REDUCE_WITHOUT_BLOCK,
    MarginFields,
    OrderFacts,
)
from microfutures.twsim.order_request import OrderRequest, read_order
from microfutures.twsim.session import Session
from microfutures.twsim.venue_orders import (
    SIDES,
    TIMES_IN_FORCE,
    TYPES,
    are_on_tick,
    venue_order,
)
from microfutures.twsim.wire import FieldReader
from microfutures.venue.messages import MarginImpact, OrderRejected

ZERO = Decimal(0)

Problem = tuple[int, str]
"""TWS's code and wording for what never gets to the exchange."""


def place_order(session: Session, reader: FieldReader) -> None:
    """Place a new order, change a working one, or preview one (3)."""
    request = read_order(reader, session.version)
    exchange = session.exchange
    known = exchange.orders.get((session.client_id, request.order_id))
    found = find(exchange.instruments, request.contract, now_ns=exchange.clock.now_ns())
    problem = _contract_problem(request, found) or _problem(session, request)
    if problem is None and not are_on_tick(found[0], request):
        problem = (110, wording(110))
    if problem is None:
        problem = _change_problem(request, found[0], known) if known is not None else None
    if problem is None and known is None:
        problem = _new_problem(session, request)
    if problem is not None:
        session.error(request.order_id, *problem)
    elif known is not None:
        _modify(session, request, known)
    elif request.what_if:
        _preview(session, _facts(session, request, found[0]))
    else:
        order = _facts(session, request, found[0])
        exchange.publish(exchange.desk.place(order, is_transmitted=request.transmit))


def _contract_problem(request: OrderRequest, found: list[Instrument]) -> Problem | None:
    if request.contract.security_type == "BAG":
        return 321, wording(321, tag="bN", detail="Orders for a combo are not simulated.")
    if not request.contract.exchange:
        return 321, wording(321, tag="bN", detail="Missing order exchange")
    if len(found) != 1:
        return 200, wording(200)
    return None if is_tradable(found[0]) else (201, wording(201, detail="No Trading Permission"))


def _problem(session: Session, request: OrderRequest) -> Problem | None:
    accounts = ("", *session.exchange.accounts)
    is_limit, is_stop = request.order_type == "LMT", request.order_type == "STP"
    fraction = "Fractional-sized order cannot be placed via API."
    ignored = ", ".join(request.not_simulated)
    checks: tuple[tuple[bool, int, str], ...] = (
        (request.account not in accounts, 321, f"Invalid account code '{request.account}'."),
        (request.action not in SIDES, 321, f"Invalid side: '{request.action}'."),
        (request.quantity <= 0, 434, ""),
        (request.quantity % 1 != 0, 321, fraction),
        (request.order_type not in TYPES, 387, ""),
        (request.time_in_force not in TIMES_IN_FORCE, 10052, request.time_in_force),
        (is_limit and request.limit_price is None, 321, "The limit price is missing."),
        (is_stop and request.aux_price is None, 321, "The stop price is missing."),
        (bool(ignored), 321, f"Not simulated: {ignored}."),
    )
    for is_wrong, code, detail in checks:
        if is_wrong:
            return code, wording(code, tag="bN", detail=detail)
    return None


def _new_problem(session: Session, request: OrderRequest) -> Problem | None:
    """Return why an order can't be a new one."""
    desk = session.exchange.desk
    if request.order_id < desk.next_order_id(session.client_id):
        return 103, wording(103)
    if not request.parent_id:
        return None
    parent = desk.orders.get((session.client_id, request.parent_id))
    if parent is None or not (parent.is_open or parent.status == FILLED):
        return 135, wording(135, order_id=request.parent_id)
    return None


def _change_problem(
    request: OrderRequest, instrument: Instrument, known: OrderFacts
) -> Problem | None:
    """Return why a request can't change the order that has its id."""
    if not known.is_open:
        return (104, wording(104)) if known.status == FILLED else (103, wording(103))
    if request.order_type != known.order_type:
        return 329, wording(329)
    is_same = (
        instrument.con_id == known.instrument.con_id
        and SIDES[request.action] is SIDES[known.action]
        and request.account in ("", known.account)
        and request.time_in_force == known.time_in_force
        and request.outside_rth == known.outside_rth
        and request.parent_id in (0, known.parent_id)
        and not request.what_if
    )
    return None if is_same else (105, wording(105))


def _facts(session: Session, request: OrderRequest, instrument: Instrument) -> OrderFacts:
    exchange = session.exchange
    return OrderFacts(
        instrument=instrument,
        client_id=session.client_id,
        order_id=request.order_id,
        perm_id=0 if request.what_if else exchange.desk.new_perm_id(),
        account=request.account or exchange.accounts[0],
        action=request.action,
        quantity=int(request.quantity),
        order_type=request.order_type,
        limit_price=request.limit_price or ZERO,
        aux_price=request.aux_price or ZERO,
        time_in_force=request.time_in_force,
        order_ref=request.order_ref,
        parent_id=request.parent_id,
        outside_rth=request.outside_rth,
        oca_group=request.oca_group,
        oca_type=request.oca_type or REDUCE_WITHOUT_BLOCK,
    )


def _preview(session: Session, order: OrderFacts) -> None:
    answer = session.exchange.venue.preview(venue_order(order))
    if isinstance(answer, OrderRejected):
        session.error(order.order_id, answer.code, answer.message)
        return
    order.status = order_messages.PRE_SUBMITTED
    session.send(order_messages.open_order(session.version, order, what_if=_margin_fields(answer)))


def _margin_fields(impact: MarginImpact) -> MarginFields:
    return MarginFields(
        (
            impact.initial_before,
            impact.maintenance_before,
            impact.equity_with_loan_before,
            impact.initial_change,
            impact.maintenance_change,
            impact.equity_with_loan_change,
            impact.initial_after,
            impact.maintenance_after,
            impact.equity_with_loan_after,
        ),
        impact.commission,
    )


def _modify(session: Session, request: OrderRequest, known: OrderFacts) -> None:
    """Change a working order; the same order sent again with transmit sends it on its way."""
    exchange = session.exchange
    known.order_ref = request.order_ref
    limit, aux = request.limit_price or ZERO, request.aux_price or ZERO
    exchange.publish(exchange.desk.modify(known, int(request.quantity), limit, aux))
    if request.transmit and known.is_open and not known.is_transmitted:
        exchange.publish(exchange.desk.transmit(known))


def cancel_order(session: Session, reader: FieldReader) -> None:
    """Cancel one order of this client (4)."""
    reader.skip(1)
    order_id = reader.integer()
    exchange = session.exchange
    order = exchange.orders.get((session.client_id, order_id))
    if order is None:
        session.error(order_id, 10147, wording(10147, order_id=order_id))
    elif not order.is_open:
        session.error(order_id, 10148, wording(10148, order_id=order_id, state=order.status))
    else:
        exchange.publish(exchange.desk.cancel(order))


def global_cancel(session: Session, reader: FieldReader) -> None:
    """Cancel every open order, whoever placed it (58)."""
    exchange = session.exchange
    for order in exchange.desk.open_orders():
        # A parent takes its children with it.
        if order.is_open:
            exchange.publish(exchange.desk.cancel(order))
