"""Requests that place, change, cancel and list orders."""

from decimal import Decimal

from microfutures.model.errors import InvalidValueError
from microfutures.model.instrument import Instrument
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.twsim import order_messages
from microfutures.twsim.contracts import find
from microfutures.twsim.errors import wording
from microfutures.twsim.order_messages import MarginFields, OrderFacts
from microfutures.twsim.order_request import OrderRequest, read_order
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader
from microfutures.venue.messages import MarginImpact, OrderRejected, VenueOrder

_TYPES = {"MKT": OrderType.MARKET, "LMT": OrderType.LIMIT, "STP": OrderType.STOP}
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL, "SSHORT": Side.SELL}

_TIMES_IN_FORCE = frozenset(each.value for each in TimeInForce)

ZERO = Decimal(0)


def place_order(session: Session, reader: FieldReader) -> None:
    """Place a new order, change a working one, or preview one (3)."""
    request = read_order(reader, session.version)
    known = session.exchange.orders.get((session.client_id, request.order_id))
    if known is not None:
        _modify(session, request, known)
        return
    if request.order_id < session.exchange.next_order_id(session.client_id):
        session.error(request.order_id, 103, wording(103))
        return
    found = find(session.exchange.instruments, request.contract)
    if len(found) != 1:
        session.error(request.order_id, 200, wording(200))
        return
    problem = _problem(session, request)
    if problem is not None:
        session.error(request.order_id, *problem)
        return
    facts = _facts(session, request, found[0])
    try:
        order = _venue_order(facts)
    except InvalidValueError:
        session.error(request.order_id, 110, wording(110))
        return
    if request.what_if:
        _preview(session, facts, order)
        return
    session.exchange.remember(facts)
    session.exchange.publish(session.exchange.venue.submit(order))


def _problem(session: Session, request: OrderRequest) -> tuple[int, str] | None:
    """Return TWS's code and wording for an order that never gets to the exchange."""
    accounts = ("", *session.exchange.accounts)
    is_limit, is_stop = request.order_type == "LMT", request.order_type == "STP"
    attached = "Attached and untransmitted orders are not simulated."
    fraction = "Fractional-sized order cannot be placed via API."
    checks: tuple[tuple[bool, int, str], ...] = (
        (request.account not in accounts, 321, f"Invalid account code '{request.account}'."),
        (request.action not in _SIDES, 321, f"Invalid action '{request.action}'."),
        (request.quantity <= 0, 434, ""),
        (request.quantity % 1 != 0, 321, fraction),
        (request.order_type not in _TYPES, 387, ""),
        (request.time_in_force not in _TIMES_IN_FORCE, 10052, request.time_in_force),
        (request.parent_id != 0 or not request.transmit, 321, attached),
        (is_limit and request.limit_price is None, 321, "The limit price is missing."),
        (is_stop and request.aux_price is None, 321, "The stop price is missing."),
    )
    for is_wrong, code, detail in checks:
        if is_wrong:
            return code, wording(code, tag="bO", detail=detail)
    return None


def _facts(session: Session, request: OrderRequest, instrument: Instrument) -> OrderFacts:
    exchange = session.exchange
    return OrderFacts(
        instrument=instrument,
        client_id=session.client_id,
        order_id=request.order_id,
        perm_id=0 if request.what_if else exchange.new_perm_id(),
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
    )


def _venue_order(facts: OrderFacts) -> VenueOrder:
    order_type = _TYPES[facts.order_type]
    limit = facts.limit_price if order_type is OrderType.LIMIT else None
    stop = facts.aux_price if order_type is OrderType.STOP else None
    for price in (limit, stop):
        if price is not None:
            facts.instrument.ticks_exactly(price)
    return VenueOrder(
        order_id=facts.perm_id,
        account=facts.account,
        instrument_id=facts.instrument.instrument_id,
        side=_SIDES[facts.action],
        quantity=facts.quantity,
        order_type=order_type,
        limit_price=limit,
        stop_price=stop,
        time_in_force=TimeInForce(facts.time_in_force),
        outside_regular_hours=facts.outside_rth,
    )


def _preview(session: Session, facts: OrderFacts, order: VenueOrder) -> None:
    answer = session.exchange.venue.preview(order)
    if isinstance(answer, OrderRejected):
        session.error(facts.order_id, answer.code, answer.message)
        return
    session.send(order_messages.open_order(session.version, facts, what_if=_margin_fields(answer)))


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
    if not known.is_open:
        session.error(request.order_id, 104, wording(104))
        return
    found = find(session.exchange.instruments, request.contract)
    is_same = (
        [each.con_id for each in found] == [known.instrument.con_id]
        and request.action == known.action
        and request.order_type == known.order_type
    )
    if not is_same:
        session.error(request.order_id, 105, wording(105))
        return
    prices = (request.limit_price or ZERO, request.aux_price or ZERO)
    try:
        for price in prices:
            known.instrument.ticks_exactly(price)
    except InvalidValueError:
        session.error(request.order_id, 110, wording(110))
        return
    is_limit, is_stop = known.order_type == "LMT", known.order_type == "STP"
    events = session.exchange.venue.modify(
        known.perm_id,
        quantity=int(request.quantity),
        limit_price=prices[0] if is_limit else None,
        stop_price=prices[1] if is_stop else None,
    )
    if not any(isinstance(event, OrderRejected) for event in events):
        known.quantity = int(request.quantity)
        known.limit_price, known.aux_price = prices
    session.exchange.publish(events)


def cancel_order(session: Session, reader: FieldReader) -> None:
    """Cancel one order of this client (4)."""
    if reader.rest > 1:
        reader.integer()
    order_id = reader.integer()
    order = session.exchange.orders.get((session.client_id, order_id))
    if order is None:
        session.error(order_id, 10147, wording(10147, order_id=order_id))
    elif not order.is_open:
        text = wording(10148, order_id=order_id, state=order.status)
        session.error(order_id, 10148, text)
    else:
        session.exchange.publish(session.exchange.venue.cancel(order.perm_id))


def global_cancel(session: Session, reader: FieldReader) -> None:
    """Cancel every open order, whoever placed it (58)."""
    for order in session.exchange.open_orders():
        session.exchange.publish(session.exchange.venue.cancel(order.perm_id))


def open_orders(session: Session, reader: FieldReader) -> None:
    """List this client's open orders (5)."""
    _list_open(session, session.exchange.open_orders(session.client_id))


def all_open_orders(session: Session, reader: FieldReader) -> None:
    """List every client's open orders (16)."""
    _list_open(session, session.exchange.open_orders())


def auto_open_orders(session: Session, reader: FieldReader) -> None:
    """Bind orders placed by hand (15); only client 0 may, and nobody trades by hand here."""
    if session.client_id != 0:
        detail = "Only the default client (i.e 0) can auto bind orders"
        session.error(-1, 321, wording(321, tag="bF", detail=detail))


def _list_open(session: Session, orders: list[OrderFacts]) -> None:
    for order in orders:
        session.send(order_messages.open_order(session.version, order))
        session.send(order_messages.order_status(order))
    session.send([53, 1])


def executions(session: Session, reader: FieldReader) -> None:
    """List executions that pass the filter, their commissions, and the end (7)."""
    reader.skip(1)
    request_id = reader.integer()
    client_id, account, _since, symbol, security_type, _exchange, side = (
        reader.integer(),
        *(reader.text() for _ in range(6)),
    )
    passed = [
        facts
        for facts in session.exchange.executions
        if client_id in (0, facts.order.client_id)
        and account in ("", facts.order.account)
        and symbol in ("", facts.order.instrument.symbol)
        and security_type in ("", facts.order.instrument.security_type.value)
        and side in ("", facts.order.action)
    ]
    for facts in passed:
        session.send(order_messages.execution(session.version, request_id, facts))
    session.send([55, 1, request_id])
    for facts in passed:
        session.send(order_messages.commission_report(facts))


def completed_orders(session: Session, reader: FieldReader) -> None:
    """List orders that are done (99)."""
    for order in session.exchange.completed:
        session.send(order_messages.completed_order(session.version, order))
    session.send([102])


def next_ids(session: Session, reader: FieldReader) -> None:
    """Tell the next order id (8)."""
    session.send([9, 1, session.exchange.next_order_id(session.client_id)])
