"""Requests that list orders and executions."""

from microfutures.model.trading_hours import midnight_before
from microfutures.twsim.contracts.lookup import symbol_of
from microfutures.twsim.errors import wording
from microfutures.twsim.history.bar_sizes import moment
from microfutures.twsim.orders import messages as order_messages
from microfutures.twsim.orders.facts import ExecutionFacts, OrderFacts
from microfutures.twsim.orders.venue_orders import SIDES
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader


def open_orders(session: Session, reader: FieldReader) -> None:
    """List this client's open orders (5)."""
    _list_open(session, session.exchange.desk.open_orders(session.client_id))


def all_open_orders(session: Session, reader: FieldReader) -> None:
    """List every client's open orders (16)."""
    _list_open(session, session.exchange.desk.open_orders())


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


class _Filter:
    """Which executions a request wants; empty fields let everything pass."""

    def __init__(self, reader: FieldReader, midnight_ns: int) -> None:
        self._client_id = reader.integer()
        self._account = reader.text()
        self.since = reader.text()
        self._symbol, self._security_type = reader.text(), reader.text()
        self._exchange, self._side = reader.text(), reader.text().upper()
        self.since_ns = moment(self.since, midnight_ns)

    def passes(self, facts: ExecutionFacts) -> bool:
        """Tell whether an execution is wanted."""
        order = facts.order
        side = {"BOT": "BUY", "SLD": "SELL"}.get(self._side, self._side)
        return (
            self._client_id in (0, order.client_id)
            and self._account in ("", order.account)
            and self._symbol in ("", symbol_of(facts.instrument))
            and self._security_type in ("", facts.instrument.security_type.value)
            and self._exchange in ("", "SMART", order_messages.traded_at(facts.instrument))
            and side in ("", SIDES[facts.action])
            and (self.since_ns is None or facts.time_ns >= self.since_ns)
        )


def executions(session: Session, reader: FieldReader) -> None:
    """List today's executions that pass the filter, each with its commission, and the end (7)."""
    reader.skip(1)
    request_id = reader.integer()
    now_ns = session.exchange.clock.now_ns()
    # TWS forgets executions of the day before.
    midnight_ns = midnight_before(now_ns)
    wanted = _Filter(reader, midnight_ns)
    if wanted.since_ns is None:
        detail = f"Invalid time of executions '{wanted.since}'"
        session.error(request_id, 321, wording(321, tag="bE", detail=detail))
        return
    passed = [
        facts
        for facts in session.exchange.desk.executions
        if facts.time_ns >= midnight_ns and wanted.passes(facts)
    ]
    for facts in passed:
        session.send(order_messages.execution(session.version, request_id, facts))
        if facts.is_charged:
            session.send(order_messages.commission_report(facts))
    # Clients take the end for the end of the commissions, too.
    session.send([55, 1, request_id])


def completed_orders(session: Session, reader: FieldReader) -> None:
    """List orders that are done (99)."""
    for order in session.exchange.desk.completed:
        session.send(order_messages.completed_order(session.version, order))
    session.send([102])


def next_ids(session: Session, reader: FieldReader) -> None:
    """Tell the next order id (8)."""
    session.send([9, 1, session.exchange.desk.next_order_id(session.client_id)])
