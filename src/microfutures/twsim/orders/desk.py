"""TWS's memory of orders, and what it tells their owners."""

import asyncio
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol

from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import TimeInForce
from microfutures.model.timestamp import exchange_time
from microfutures.twsim.errors import wording
from microfutures.twsim.orders import families
from microfutures.twsim.orders import messages as order_messages
from microfutures.twsim.orders.condition_watch import ConditionWatch
from microfutures.twsim.orders.facts import (
    CANCELLED,
    FILLED,
    INACTIVE,
    PENDING_SUBMIT,
    PRE_SUBMITTED,
    SUBMITTED,
    ExecutionFacts,
    OrderFacts,
    execution_of,
)
from microfutures.twsim.orders.memory import OrderMemory
from microfutures.twsim.orders.venue_orders import venue_order, venue_prices
from microfutures.twsim.wire import Field
from microfutures.venue.messages import (
    LegFilled,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderModified,
    OrderRejected,
    OrderReleased,
    VenueEvent,
)
from microfutures.venue.order_types import RULES
from microfutures.venue.venue import Venue

OPENING = TimeInForce.AT_THE_OPENING
CHANGEABLE = ("quantity", "limit_price", "aux_price", "order_ref", "terms")
TRAILING = frozenset(each.value for each, rule in RULES.items() if rule.is_trailing)
ORDER_EVENTS = (
    LegFilled,
    OrderAccepted,
    OrderReleased,
    OrderModified,
    OrderFilled,
    OrderCancelled,
    OrderRejected,
)
COMMISSION_DELAY_SECONDS = 0.05
"""Commission reports come separately and a little after their execution."""


class Owner(Protocol):
    """What is told to the client that placed an order."""

    version: int

    def send(self, fields: list[Field]) -> None:
        """Write one message."""
        ...

    def error(self, request_id: int, code: int, text: str) -> None:
        """Write an error message."""
        ...


class OrderDesk:
    """Takes orders to the venue and brings its answers to their owners.

    Its methods return events of the venue; whoever calls them publishes these.
    """

    def __init__(
        self,
        *,
        venue: Venue,
        owners: Mapping[int, Owner],
        names: Iterable[InstrumentId],
        session: int,
    ) -> None:
        self.memory = memory = OrderMemory(session)
        self.orders, self.completed = memory.orders, memory.completed
        self.executions = memory.executions
        self.watch = ConditionWatch(venue=venue, names=names, executions=self.executions)
        self._venue = venue
        self._owners = owners
        self._by_perm_id = memory.by_perm_id

    # -- what is known ------------------------------------------------------------------------

    def next_order_id(self, client_id: int) -> int:
        """Return the first order id that `client_id` may use."""
        return self.memory.next_order_id(client_id)

    def open_orders(self, client_id: int | None = None) -> list[OrderFacts]:
        """Return open orders, of one client or of all."""
        found = [
            order for order in self.memory.open.values() if client_id in (None, order.client_id)
        ]
        for order in found:
            self._look_up_trail(order)
        return found

    def account_of(self, perm_id: int) -> str:
        """Return the account of an order."""
        return self._by_perm_id[perm_id].account

    # -- what clients do ----------------------------------------------------------------------

    def place(self, order: OrderFacts, *, is_transmitted: bool) -> list[VenueEvent]:
        """Take a new order; what is not transmitted waits for the one that is."""
        self.memory.add(order)
        parent = families.parent_of(order, self.orders.values())
        if parent is not None:
            families.join_siblings(order, parent)
        if not is_transmitted:
            self._set_status(order, PENDING_SUBMIT)
            return []
        return self.transmit(order)

    def transmit(self, order: OrderFacts) -> list[VenueEvent]:
        """Send an order on its way, its untransmitted parent and siblings too."""
        events: list[VenueEvent] = []
        for each in families.family_to_transmit(order, self.orders.values()):
            each.is_transmitted = True
            if families.waits_for_parent(each, self.orders.values()):
                self._set_status(each, PRE_SUBMITTED)
            else:
                events += self._release(each)
        return events

    def check_conditions(self) -> list[VenueEvent]:
        """Send, or cancel, the orders whose conditions have come true."""
        events: list[VenueEvent] = []
        for order in self.watch.take_ready():
            events += self.cancel(order) if order.conditions.cancels else self._submit(order)
        return events

    def resize(self, order: OrderFacts, quantity: int) -> list[VenueEvent]:
        """Give an order another quantity."""
        events: list[VenueEvent] = [OrderModified(order.perm_id, self._venue.now_ns)]
        if order.is_at_venue:
            events = self._venue.modify(order.perm_id, quantity=quantity)
        if not any(isinstance(event, OrderRejected) for event in events):
            order.quantity = quantity
        return events

    def modify(self, order: OrderFacts, after: OrderFacts) -> list[VenueEvent]:
        """Give an order the quantity, the prices and the other terms of `after`."""
        events: list[VenueEvent] = [OrderModified(order.perm_id, self._venue.now_ns)]
        if order.is_at_venue:
            prices = venue_prices(after)
            events = self._venue.modify(order.perm_id, quantity=after.quantity, **prices)
        if not any(isinstance(event, OrderRejected) for event in events):
            for name in CHANGEABLE:
                setattr(order, name, getattr(after, name))
        return events

    def cancel(self, order: OrderFacts) -> list[VenueEvent]:
        """Cancel an open order."""
        if order.is_at_venue:
            return self._venue.cancel(order.perm_id)
        return [OrderCancelled(order.perm_id, self._venue.now_ns, "")]

    # -- what the venue answers ---------------------------------------------------------------

    def on_event(self, event: VenueEvent) -> list[VenueEvent]:
        """Tell the owner; return what follows from the event for other orders."""
        if isinstance(event, ORDER_EVENTS):
            self.memory.touch(event.order_id)
        match event:
            case OrderAccepted(perm_id, _, is_held):
                order = self._by_perm_id[perm_id]
                self._set_status(order, PRE_SUBMITTED if is_held else SUBMITTED)
                warn_of_closed_market(
                    self._owners.get(order.client_id), order, self._venue.opens_ns(perm_id)
                )
            case OrderReleased(perm_id, _):
                self._set_status(self._by_perm_id[perm_id], SUBMITTED)
            case OrderModified(perm_id, time_ns):
                self._on_modify(self._by_perm_id[perm_id], time_ns)
            case OrderFilled() | LegFilled():
                return self._on_fill(self._by_perm_id[event.order_id], event)
            case OrderCancelled(perm_id, time_ns, reason):
                return self._on_cancel(self._by_perm_id[perm_id], time_ns, reason)
            case OrderRejected():
                return self._on_reject(self._by_perm_id[event.order_id], event)
        return []

    def send_order(self, order: OrderFacts) -> None:
        """Tell the owner of an order where it stands, in TWS's two messages."""
        self._look_up_trail(order)
        owner = self._owners.get(order.client_id)
        if owner is not None:
            owner.send(order_messages.open_order(owner.version, order))
            owner.send(order_messages.order_status(order))

    def tell_execution(self, facts: ExecutionFacts) -> None:
        """Keep an execution and tell its owner, of its commission a little later."""

        def report_commission() -> None:
            owner = self._owners.get(facts.order.client_id)
            if owner is not None and facts.is_charged:
                owner.send(order_messages.commission_report(facts))

        self.memory.add_execution(facts)
        owner = self._owners.get(facts.order.client_id)
        if owner is not None:
            owner.send(order_messages.execution(owner.version, -1, facts))
        asyncio.get_running_loop().call_later(COMMISSION_DELAY_SECONDS, report_commission)

    def _look_up_trail(self, order: OrderFacts) -> None:
        if order.is_at_venue and order.order_type in TRAILING:
            order.trail_stop = self._venue.stop_price(order.perm_id)

    def _release(self, order: OrderFacts) -> list[VenueEvent]:
        """Send an order to the exchange, or let it wait for its conditions."""
        if not order.conditions.each:
            return self._submit(order)
        self.watch.add(order)
        if order.conditions.cancels:
            return self._submit(order)
        self._set_status(order, PRE_SUBMITTED)
        return []

    def _submit(self, order: OrderFacts) -> list[VenueEvent]:
        order.is_at_venue = True
        return self._venue.submit(venue_order(order, self._venue.now_ns))

    def _set_status(self, order: OrderFacts, status: str) -> None:
        order.status = status
        self.memory.touch(order.perm_id)
        self.send_order(order)

    def _on_modify(self, order: OrderFacts, time_ns: int) -> None:
        if order.filled and order.filled == order.quantity:
            self.memory.complete(order, FILLED, time_ns, f"Filled Size: {order.filled}")
        self.send_order(order)

    def _on_fill(self, order: OrderFacts, event: OrderFilled | LegFilled) -> list[VenueEvent]:
        if isinstance(event, LegFilled):
            self._on_leg(order, event)
            return []
        order.filled, order.average_price = event.cumulative, event.average_price
        order.last_price = event.price
        if order.combo is None:
            order.commission = (order.commission or Decimal(0)) + event.commission
        if event.remaining == 0:
            self.memory.complete(order, FILLED, event.time_ns, f"Filled Size: {event.cumulative}")
        self.tell_execution(execution_of(order, event))
        for leg in event.legs:
            self._on_leg(order, leg)
        self.send_order(order)
        return self._after_fill(order, event.quantity)

    def _on_leg(self, order: OrderFacts, event: LegFilled) -> None:
        order.commission = (order.commission or Decimal(0)) + event.commission
        leg = self._venue.instrument(event.instrument_id)
        self.tell_execution(execution_of(order, event, leg))

    def _after_fill(self, order: OrderFacts, traded: int) -> list[VenueEvent]:
        """Take what was traded off the rest of the group; send children on their way."""
        events: list[VenueEvent] = []
        for other in families.others_of_group(order, self.memory.open.values()):
            left = families.left_for(other, order, traded)
            answer = self.cancel(other) if left == other.filled else self.resize(other, left)
            # Refused means that it was filled in the same moment: its own event tells.
            events += [each for each in answer if not isinstance(each, OrderRejected)]
        if order.status == FILLED:
            for child in families.children_of(order, self.memory.open.values()):
                if child.is_transmitted and not child.is_at_venue:
                    events += self._release(child)
        return events

    def _on_cancel(self, order: OrderFacts, time_ns: int, reason: str) -> list[VenueEvent]:
        self.memory.complete(order, CANCELLED, time_ns, reason or "Cancelled by Trader")
        owner = self._owners.get(order.client_id)
        if owner is not None:
            owner.send(order_messages.order_status(order))
            owner.error(order.order_id, 202, wording(202))
        return self._orphan(order)

    def _on_reject(self, order: OrderFacts, event: OrderRejected) -> list[VenueEvent]:
        owner = self._owners.get(order.client_id)
        if owner is not None:
            # The venue knows the order by its permId, its owner by the id it gave.
            text = event.message.replace(str(order.perm_id), str(order.order_id))
            owner.error(order.order_id, event.code, text)
        if event.is_request_only:
            return []
        self.memory.complete(order, INACTIVE, event.time_ns, event.message)
        if owner is not None:
            owner.send(order_messages.order_status(order))
        return self._orphan(order)

    def _orphan(self, order: OrderFacts) -> list[VenueEvent]:
        """Cancel the children of an order that is gone."""
        events: list[VenueEvent] = []
        for child in families.children_of(order, self.memory.open.values()):
            events += self.cancel(child)
        return events


def warn_of_closed_market(owner: Owner | None, order: OrderFacts, opens_ns: int | None) -> None:
    """Say when an order will reach an exchange that is closed now."""
    if opens_ns is not None and owner is not None and order.time_in_force != OPENING:
        until = exchange_time(opens_ns, pattern="%Y-%m-%d %H:%M:%S")
        what = f"{order.action} {order.quantity} {order.instrument.symbol}"
        detail = (
            f"\n{what} {order.instrument.exchange}\nWarning: Your order will not be placed "
            f"at the exchange until {until} US/Eastern."
        )
        owner.error(order.order_id, 399, wording(399, detail=detail))
