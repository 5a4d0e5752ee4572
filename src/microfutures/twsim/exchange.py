"""The shared middle of the simulator: venue, market source, clients, and TWS's memory of orders.

Requests of clients come in through `handlers`; what the venue answers goes out from here.
"""

import asyncio
from collections import deque
from decimal import Decimal
from typing import Protocol

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.ports.clock import Clock
from microfutures.twsim import order_messages
from microfutures.twsim.errors import wording
from microfutures.twsim.order_messages import ExecutionFacts, OrderFacts
from microfutures.twsim.quotes import Lines, ticks
from microfutures.twsim.wire import Field
from microfutures.venue.market import MarketSource
from microfutures.venue.messages import (
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderModified,
    OrderRejected,
    OrderReleased,
    QuoteChanged,
    TradePrinted,
    VenueEvent,
)
from microfutures.venue.venue import Venue

FIRST_PERM_ID = 1_000_000_001
SESSIONS, ORDERS_PER_SESSION = 1_000_000, 1_000
"""No two gateways started within eleven days give an order the same permId."""
KEPT_COMPLETED = 500
KEPT_EXECUTIONS = 5_000
COMMISSION_DELAY_SECONDS = 0.05
"""Commission reports come separately and a little after their execution."""


class Client(Protocol):
    """What the exchange needs of a connected client."""

    client_id: int
    version: int

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...

    def error(self, request_id: int, code: int, text: str) -> None:
        """Write an error message."""
        ...

    def on_account_change(self) -> None:
        """Refresh positions and account values if they are subscribed."""
        ...


class Exchange:
    """What all clients of the simulator share."""

    def __init__(
        self,
        *,
        venue: Venue,
        market: MarketSource,
        clock: Clock,
        accounts: tuple[str, ...],
        session: int,
    ) -> None:
        self.venue = venue
        self.market = market
        self.clock = clock
        self.accounts = accounts
        self.clients: dict[int, Client] = {}
        self.lines = Lines()
        self.orders: dict[tuple[int, int], OrderFacts] = {}
        self.completed: deque[OrderFacts] = deque(maxlen=KEPT_COMPLETED)
        self.executions: deque[ExecutionFacts] = deque(maxlen=KEPT_EXECUTIONS)
        self._by_perm_id: dict[int, OrderFacts] = {}
        self._next_perm_id = FIRST_PERM_ID + session % SESSIONS * ORDERS_PER_SESSION
        self._next_order_ids: dict[int, int] = {}

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return everything listed."""
        return self.market.instruments

    def next_order_id(self, client_id: int) -> int:
        """Return the first order id that `client_id` may use."""
        return self._next_order_ids.get(client_id, 1)

    def new_perm_id(self) -> int:
        """Return a permId that was never used."""
        self._next_perm_id += 1
        return self._next_perm_id - 1

    def remember(self, order: OrderFacts) -> None:
        """Take a new order."""
        self.orders[order.client_id, order.order_id] = order
        self._by_perm_id[order.perm_id] = order
        after = max(self.next_order_id(order.client_id), order.order_id + 1)
        self._next_order_ids[order.client_id] = after

    def open_orders(self, client_id: int | None = None) -> list[OrderFacts]:
        """Return open orders, of one client or of all."""
        return [
            order
            for order in self.orders.values()
            if order.is_open and client_id in (None, order.client_id)
        ]

    def bars(self, instrument_id: InstrumentId, end_ns: int, seconds: int, count: int) -> list[Bar]:
        """Return at most `count` past bars that end at `end_ns`: the source's, then the venue's."""
        recent = self.venue.bars(instrument_id, end_ns, seconds, count)
        first = recent[0].start_ns if recent else end_ns
        older = self.market.history(instrument_id, min(first, end_ns), seconds, count)
        joined = {bar.start_ns: bar for bar in older}
        joined.update((bar.start_ns, bar) for bar in recent)
        return [joined[start] for start in sorted(joined)][-count:]

    def publish(self, events: list[VenueEvent]) -> None:
        """Tell the clients what the venue did."""
        account_changed = False
        for event in events:
            if type(event) is QuoteChanged:
                self._on_quote(event)
            elif type(event) is not TradePrinted:
                self._on_order_event(event)
                account_changed = account_changed or type(event) is OrderFilled
        if account_changed:
            for client in list(self.clients.values()):
                client.on_account_change()

    def _on_quote(self, event: QuoteChanged) -> None:
        for client_id, line in self.lines.watching(event.quote.instrument_id):
            for message in ticks(line, event.quote):
                self.clients[client_id].send(message)

    def _on_order_event(self, event: VenueEvent) -> None:
        match event:
            case OrderAccepted(order_id, _, is_held):
                self._set_status(order_id, "PreSubmitted" if is_held else "Submitted")
            case OrderReleased(order_id, _):
                self._set_status(order_id, "Submitted")
            case OrderModified(order_id, _):
                self._set_status(order_id, self._by_perm_id[order_id].status)
            case OrderFilled():
                self._on_fill(event)
            case OrderCancelled(order_id, time_ns, reason):
                self._on_cancel(order_id, time_ns, reason)
            case OrderRejected():
                self._on_reject(event)

    def send_order(self, order: OrderFacts) -> None:
        """Tell the owner of an order where it stands, in TWS's two messages."""
        client = self.clients.get(order.client_id)
        if client is not None:
            client.send(order_messages.open_order(client.version, order))
            client.send(order_messages.order_status(order))

    def _set_status(self, perm_id: int, status: str) -> None:
        order = self._by_perm_id[perm_id]
        order.status = status
        self.send_order(order)

    def _on_fill(self, event: OrderFilled) -> None:
        order = self._by_perm_id[event.order_id]
        order.filled, order.average_price = event.cumulative, event.average_price
        order.last_price = event.price
        order.commission = (order.commission or Decimal(0)) + event.commission
        facts = ExecutionFacts(
            order=order,
            execution_id=event.execution_id,
            time_ns=event.time_ns,
            quantity=event.quantity,
            price=event.price,
            cumulative=event.cumulative,
            average_price=event.average_price,
            commission=event.commission,
            realized=event.realized,
        )
        self.executions.append(facts)
        if event.remaining == 0:
            self._complete(order, "Filled", event.time_ns, "Filled")
        client = self.clients.get(order.client_id)
        if client is not None:
            client.send(order_messages.execution(client.version, -1, facts))
        self.send_order(order)
        asyncio.get_running_loop().call_later(
            COMMISSION_DELAY_SECONDS, self._report_commission, facts
        )

    def _report_commission(self, facts: ExecutionFacts) -> None:
        client = self.clients.get(facts.order.client_id)
        if client is not None:
            client.send(order_messages.commission_report(facts))

    def _on_cancel(self, perm_id: int, time_ns: int, reason: str) -> None:
        order = self._by_perm_id[perm_id]
        self._complete(order, "Cancelled", time_ns, reason or "Cancelled by Trader")
        client = self.clients.get(order.client_id)
        if client is not None:
            client.send(order_messages.order_status(order))
            client.error(order.order_id, 202, wording(202))

    def _on_reject(self, event: OrderRejected) -> None:
        order = self._by_perm_id[event.order_id]
        client = self.clients.get(order.client_id)
        if client is not None:
            client.error(order.order_id, event.code, event.message)
        if event.is_request_only:
            return
        self._complete(order, "Inactive", event.time_ns, event.message)
        if client is not None:
            client.send(order_messages.order_status(order))

    def _complete(self, order: OrderFacts, status: str, time_ns: int, text: str) -> None:
        order.status, order.completed_ns, order.completed_status = status, time_ns, text
        self.completed.append(order)
        while len(self.orders) > 2 * KEPT_COMPLETED:
            oldest = next((key for key, each in self.orders.items() if not each.is_open), None)
            if oldest is None:
                return
            del self._by_perm_id[self.orders.pop(oldest).perm_id]
