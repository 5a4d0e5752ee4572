"""Watches the desk by its journal: every event, every decision, in the order they were written.

Keeps books of its own, from the journal's fills alone, and rules of its own for what the risk
gate promises; it shares no arithmetic with the desk.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from campaign.violations import Violations
from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.engine import Engine
from microfutures.model.events import (
    ClockStepped,
    Command,
    CommandReceived,
    ConnectionChanged,
    ConnectionState,
    FillReceived,
    InstrumentResolved,
)
from microfutures.model.fills import Fill
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.intents import Intent
from microfutures.model.market import Quote
from microfutures.model.orders import Order, OrderPurpose
from microfutures.ports.journal import JournalRecord

LIVE = 1
OPENINGS = (OrderPurpose.ENTRY, OrderPurpose.HEDGE)

T = TypeVar("T")


class Done(msgspec.Struct):
    """What the journal says of an intent that is over."""

    intent: Intent


class Eyes:
    """What the journal of one day says, over every restart of the desk."""

    def __init__(self, limits: RiskLimits, violations: Violations) -> None:
        self.engine: Engine | None = None
        self.orders: dict[OrderRef, Order] = {}
        self.durable: set[OrderRef] = set()
        """Orders whose intent is on the disk."""
        self.lost: set[OrderRef] = set()
        """Orders whose intent a kill or a power cut took; the broker may know them."""
        self.fills: dict[str, Fill] = {}
        """Executions of our orders by stem; the latest correction."""
        self.adjustments: list[Fill] = []
        self._held: dict[InstrumentId, int] = {}
        self.is_paused = self.is_killed = self.is_closing = False
        """``is_closing``: an exit is under way."""
        self.on_resumed: Callable[[], None] = lambda: None
        self.on_order: Callable[[Order], None] = lambda _: None
        self._limits = limits
        self._violations = violations
        self._connection = ConnectionState.DISCONNECTED
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._quotes: dict[InstrumentId, Quote] = {}
        self._sent: deque[tuple[int, object]] = deque()
        self._intents: dict[str, Intent] = {}
        self._has_news = False
        self._handlers: dict[str, Callable[[JournalRecord], None]] = {
            "Quote": self._on_quote,
            "ConnectionChanged": self._on_connection,
            "ClockStepped": self._on_step,
            "InstrumentResolved": self._on_instrument,
            "CommandReceived": self._on_command,
            "Intent": self._on_intent,
            "IntentDone": self._on_intent_done,
            "OrderApproved": self._on_approved,
            "FillReceived": self._on_fill,
            "PositionAdjusted": self._on_adjusted,
            "Halted": self._on_halted,
        }

    def begin_run(self, engine: Engine) -> None:
        """Watch a desk that starts; what it remembers it has from the disk."""
        self.engine = engine
        self._connection = ConnectionState.DISCONNECTED
        self._quotes.clear()
        self._sent.clear()

    def end_run(self) -> None:
        """Take note that the desk is dead."""
        self.engine = None

    def forget(self, durable: list[JournalRecord]) -> None:
        """Begin anew from what is on the disk: the desk died and lost the rest."""
        self.engine = None
        before = set(self.orders)
        self.orders.clear()
        self.fills.clear()
        self.adjustments.clear()
        self._held.clear()
        self.is_paused = self.is_killed = self.is_closing = False
        for record in durable:
            if record.name == "OrderApproved":
                order = _read(record, Order)
                self.orders[order.order_ref] = order
            elif record.name in ("FillReceived", "PositionAdjusted", "Halted"):
                self._handlers[record.name](record)
            elif record.name == "CommandReceived":
                self._on_command(record)
        self.durable = set(self.orders)
        self.lost |= before - self.durable

    def on_record(self, record: JournalRecord) -> None:
        """Take a record that is about to be written: what was before it has been worked through."""
        if self._has_news:
            self.check_books()
        handler = self._handlers.get(record.name)
        if handler is not None:
            handler(record)

    def on_commit(self) -> None:
        """Take note that everything written so far is on the disk."""
        if len(self.durable) < len(self.orders):
            self.durable.update(self.orders)

    def on_submit(self, ref: OrderRef) -> None:
        """Take an order in the moment that it leaves."""
        self._violations.require(
            ref in self.durable, "no order leaves before its intent is on the disk", ref
        )

    def positions(self) -> dict[InstrumentId, int]:
        """Return our positions by the journal's fills and adjustments."""
        return {name: quantity for name, quantity in self._held.items() if quantity}

    @property
    def is_unhindered(self) -> bool:
        """Tell whether the desk lives, has a line, and may send orders."""
        engine = self.engine
        is_up = engine is not None and engine.state.connection is ConnectionState.CONNECTED
        return is_up and not self.is_killed

    def desk_positions(self) -> dict[InstrumentId, int]:
        """Return what the desk says that it holds."""
        held: dict[InstrumentId, int] = {}
        for _, name, quantity in self.engine.portfolio.positions if self.engine else ():
            held[name] = held.get(name, 0) + quantity
        return held

    def check_books(self) -> None:
        """Hold the desk's positions against the sum of its fills."""
        self._has_news = False
        if self.engine is None:
            return
        ours = self.desk_positions()
        self._violations.require(
            ours == self.positions(),
            "position = sum of fills",
            f"the desk says {ours}, its fills say {self.positions()}",
        )

    # -- records ------------------------------------------------------------------------------

    def _on_quote(self, record: JournalRecord) -> None:
        quote = _read(record, Quote)
        self._quotes[quote.instrument_id] = quote

    def _on_connection(self, record: JournalRecord) -> None:
        self._connection = _read(record, ConnectionChanged).state

    def _on_step(self, record: JournalRecord) -> None:
        step_ns = round(_read(record, ClockStepped).seconds * 1e9)
        self._sent = deque((sent_ns + step_ns, alike) for sent_ns, alike in self._sent)

    def _on_instrument(self, record: JournalRecord) -> None:
        instrument = _read(record, InstrumentResolved).instrument
        self._instruments[instrument.instrument_id] = instrument

    def _on_command(self, record: JournalRecord) -> None:
        event = _read(record, CommandReceived)
        if event.command is not Command.START and (event.is_lasting or self.engine is not None):
            is_resume = event.command is Command.RESUME
            self.is_paused = not is_resume
            self.is_killed = event.command is Command.KILL or (self.is_killed and not is_resume)
            if is_resume:
                self.on_resumed()

    def _on_halted(self, record: JournalRecord) -> None:
        self.is_paused = True

    def _on_intent(self, record: JournalRecord) -> None:
        intent = _read(record, Intent)
        self._intents[intent.intent_id] = intent
        self.is_closing = self.is_closing or not intent.kind.is_entry

    def _on_intent_done(self, record: JournalRecord) -> None:
        if not _read(record, Done).intent.kind.is_entry:
            self.is_closing = False

    def _on_fill(self, record: JournalRecord) -> None:
        fill = _read(record, FillReceived).fill
        stem = fill.execution_id.rpartition(".")[0]
        before = self.fills.get(stem)
        is_newer = before is None or before.execution_id < fill.execution_id
        is_ours = fill.order_ref in self.orders or fill.order_ref in self.lost
        if is_ours and is_newer:
            if before is not None:
                self._add(before, -1)
            self.fills[stem] = fill
            self._add(fill, 1)

    def _on_adjusted(self, record: JournalRecord) -> None:
        adjustment = _read(record, Fill)
        self.adjustments.append(adjustment)
        self._add(adjustment, 1)

    def _add(self, fill: Fill, times: int) -> None:
        name = fill.instrument_id
        self._held[name] = self._held.get(name, 0) + times * fill.signed_quantity
        self._has_news = True

    def _on_approved(self, record: JournalRecord) -> None:
        order = _read(record, Order)
        require, ref = self._violations.require, order.order_ref
        require(
            ref not in self.orders and ref not in self.lost, "an order's name is used once", ref
        )
        require(order.intent_id in self._intents, "no order without an intent", ref)
        connected = self._connection is ConnectionState.CONNECTED
        require(connected, "orders leave over a working line", f"{ref} while {self._connection}")
        require(not self.is_killed, "no order while killed", ref)
        self._check_rate(record.time_ns, order)
        self._check_size(order)
        self._check_price(order)
        self._check_hours(order, record.time_ns)
        self.orders[ref] = order
        if order.purpose is OrderPurpose.ENTRY:
            require(not self.is_paused, "no entry while paused", ref)
            self._check_quote(order, record.time_ns)
            self._check_lean(order)
        elif order.purpose not in OPENINGS:
            held = self.positions().get(order.instrument_id, 0)
            is_less = held * order.side.sign < 0 and order.quantity <= abs(held)
            require(is_less, "an exit only closes", f"{ref}: {order.signed_quantity:+d} of {held}")
        self.on_order(order)

    def _check_rate(self, time_ns: int, order: Order) -> None:
        ref = order.order_ref
        alike = (order.instrument_id, order.side, order.quantity, order.limit_ticks)
        window_ns = round(self._limits.rate_window_seconds * 1e9)
        self._sent.append((time_ns, alike))
        while self._sent[0][0] <= time_ns - window_ns:
            self._sent.popleft()
        limit = self._limits.max_orders_per_window
        self._violations.require(
            len(self._sent) <= limit,
            "order rate",
            f"{ref} is number {len(self._sent)} in {self._limits.rate_window_seconds:g} s",
        )

        times = sum(each == alike for _, each in self._sent)
        self._violations.require(
            times <= self._limits.max_identical_orders,
            "orders alike",
            f"{ref} is number {times} in {self._limits.rate_window_seconds:g} s",
        )

    def _check_hours(self, order: Order, time_ns: int) -> None:
        instrument = self._instruments[order.instrument_id]
        hours = instrument.trading_hours
        if order.purpose is OrderPurpose.ENTRY:
            hours = instrument.liquid_hours
        is_in = any(each.open_ns <= time_ns < each.close_ns for each in hours)
        self._violations.require(is_in, "orders leave in their hours", order.order_ref)

    def _check_lean(self, order: Order) -> None:
        """Hold a whole entry to the cap on what products that move together lean to one side."""
        intent, net = self._intents[order.intent_id], 0.0
        for leg in intent.legs:
            quote = self._quotes.get(leg.instrument_id)
            if quote is None or quote.bid is None or quote.ask is None:
                return
            worth = (quote.bid + quote.ask) / 2 * leg.quantity
            net += worth * float(self._instruments[leg.instrument_id].multiplier)
        # Prices move while the margin is previewed.
        limit = self._limits.max_family_net_notional + 3 * abs(intent.legs[0].quantity)
        self._violations.require(
            abs(net) <= limit, "correlation", f"{order.order_ref}: {net:+.2f} USD to one side"
        )

    def _check_size(self, order: Order) -> None:
        limits, instrument = self._limits, self._instruments[order.instrument_id]
        is_future = instrument.security_type is SecurityType.FUTURE
        limit = limits.max_order_contracts if is_future else limits.max_order_shares
        self._violations.require(
            order.quantity <= limit or order.purpose not in OPENINGS,
            "order size",
            f"{order.order_ref}: {order.quantity} {order.instrument_id}, at most {limit}",
        )

    def _check_price(self, order: Order) -> None:
        quote, instrument = (
            self._quotes.get(order.instrument_id),
            self._instruments[order.instrument_id],
        )
        if order.limit_ticks is None or order.purpose not in OPENINGS or quote is None:
            return
        touch = quote.ask if order.side.sign > 0 else quote.bid
        if touch is None:
            return
        touch_ticks = Decimal(repr(touch)) / instrument.tick_size
        away = abs(order.limit_ticks - touch_ticks)
        share = abs(touch_ticks) * Decimal(repr(self._limits.price_collar_percent)) / 100
        allowed = max(share, Decimal(self._limits.price_collar_ticks))
        self._violations.require(
            away < allowed + 1, "price collar", f"{order.order_ref} is {away} ticks from {touch}"
        )

    def _check_quote(self, order: Order, time_ns: int) -> None:
        quote, limit = self._quotes.get(order.instrument_id), self._limits.max_quote_age_seconds
        age = (time_ns - quote.time_ns) / 1e9 if quote is not None else float("inf")
        self._violations.require(
            age <= limit + 1, "no entry on a stale quote", f"{order.order_ref}: {age:.1f} s old"
        )
        if quote is not None:
            is_sound = (
                quote.data_type == LIVE
                and not quote.trouble
                and 0 < (quote.bid or 0) <= (quote.ask or 0)
            )
            self._violations.require(
                is_sound, "no entry on a flawed quote", f"{order.order_ref}: {quote}"
            )


def _read(record: JournalRecord, kind: type[T]) -> T:
    return msgspec.json.decode(record.payload, type=kind)
