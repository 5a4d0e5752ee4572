"""Requests that place, change and cancel orders."""

from decimal import Decimal

from microfutures.model.instrument import Instrument
from microfutures.twsim.errors import wording
from microfutures.twsim.handlers.combo_orders import combo_contract, combo_terms
from microfutures.twsim.handlers.order_checks import (
    Problem,
    change_problem,
    new_problem,
    order_contract,
    request_problem,
    terms_problem,
)
from microfutures.twsim.orders import families
from microfutures.twsim.orders import messages as order_messages
from microfutures.twsim.orders.facts import (
    INACTIVE,
    PRE_SUBMITTED,
    REDUCE_WITHOUT_BLOCK,
    MarginFields,
    OrderFacts,
)
from microfutures.twsim.orders.request import OrderRequest, read_order
from microfutures.twsim.orders.venue_orders import venue_order
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader
from microfutures.venue.messages import MarginImpact, OrderRejected

ZERO = Decimal(0)


def place_order(session: Session, reader: FieldReader) -> None:
    """Place a new order, change a working one, or preview one (3)."""
    request = read_order(reader, session.version)
    exchange = session.exchange
    known = exchange.orders.get((session.client_id, request.order_id))
    order = _checked(session, request, known)
    if not isinstance(order, OrderFacts):
        session.error(request.order_id, *order)
    elif known is not None:
        _modify(session, order, known, is_transmitted=request.transmit)
    elif request.what_if:
        _preview(session, order)
    else:
        order.perm_id = exchange.desk.memory.new_perm_id()
        exchange.publish(exchange.desk.place(order, is_transmitted=request.transmit))


def _checked(
    session: Session, request: OrderRequest, known: OrderFacts | None
) -> OrderFacts | Problem:
    """Return the order that a request means, or why TWS doesn't take it."""
    exchange = session.exchange
    is_combo = request.contract.security_type == "BAG"
    found = (combo_contract if is_combo else order_contract)(exchange, request)
    if not isinstance(found, Instrument):
        return found
    problem = request_problem(exchange, request) or (
        change_problem(request, found, known)
        if known is not None
        else new_problem(exchange, session.client_id, request)
    )
    if problem is not None:
        return problem
    order = _facts(session, request, found)
    problem = terms_problem(order, exchange.venue.now_ns)
    if problem is None and known is None and families.is_spent(order, exchange.orders.values()):
        problem = 201, wording(201, detail="OCA group is already filled.")
    return problem or order


def _facts(session: Session, request: OrderRequest, instrument: Instrument) -> OrderFacts:
    exchange = session.exchange
    return OrderFacts(
        instrument=instrument,
        client_id=session.client_id,
        order_id=request.order_id,
        perm_id=0,
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
        terms=request.terms,
        conditions=request.conditions,
        algo_parameters=request.algo_parameters,
        combo=combo_terms(exchange, request),
    )


def _preview(session: Session, order: OrderFacts) -> None:
    answer = session.exchange.venue.preview(venue_order(order, session.exchange.venue.now_ns))
    if isinstance(answer, OrderRejected):
        session.error(order.order_id, answer.code, answer.message)
        return
    order.status = PRE_SUBMITTED
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


def _modify(
    session: Session, after: OrderFacts, known: OrderFacts, *, is_transmitted: bool
) -> None:
    """Change a working order; the same order sent again with transmit sends it on its way."""
    exchange = session.exchange
    exchange.publish(exchange.desk.modify(known, after))
    if is_transmitted and known.is_open and not known.is_transmitted:
        exchange.publish(exchange.desk.transmit(known))


def cancel_order(session: Session, reader: FieldReader) -> None:
    """Cancel one order of this client (4)."""
    reader.skip(1)
    order_id = reader.integer()
    exchange = session.exchange
    order = exchange.orders.get((session.client_id, order_id))
    if order is None:
        session.error(order_id, 10147, wording(10147, order_id=order_id))
    elif order.status == INACTIVE:
        session.error(order_id, 161, wording(161, order_id=order.perm_id))
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
