"""One leg of an intent: at most one live order, priced to trade at once, repriced until it does."""

from collections.abc import Callable

import msgspec

from microfutures.execution.actions import Action, CancelOrder, Report, SendOrder
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.model.events import Severity
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.model.intents import Intent
from microfutures.model.orders import Order, OrderPurpose, OrderStatus, OrderType, Side
from microfutures.model.quality import hours_problem
from microfutures.ports.view import BrokerView

NextRef = Callable[[], OrderRef]


class ExecutionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How orders are worked; times in seconds."""

    collar_ticks: int = 2
    """A marketable limit goes this far through the other side, times the attempt."""
    reprice_seconds: float = 2.0
    """An unfilled order is cancelled after this and sent again at the new price."""
    max_reprices: int = 4
    """Entries are given up after so many; exits become market orders."""
    answer_timeout_seconds: float = 10.0
    """An order or cancel without any answer is reported after this."""
    retry_seconds: float = 2.0
    """Pause after a refusal or a rejection of an exit."""
    max_unhedged_seconds: float = 10.0
    """An entry whose second leg is not on after this is unwound."""


class Leg:
    """Moves one contract's position to a target, one order at a time."""

    def __init__(
        self,
        instrument_id: InstrumentId,
        *,
        intent: Intent,
        view: BrokerView,
        orders: OrderLedger,
        next_ref: NextRef,
        settings: ExecutionSettings,
    ) -> None:
        self.instrument_id = instrument_id
        self.blocked_reason = ""
        self.attempts = 0
        self.record: OrderRecord | None = None
        self._intent = intent
        self._view = view
        self._orders = orders
        self._next_ref = next_ref
        self._settings = settings
        self._retry_at_ns = 0
        self._reported_silence = False

    @property
    def position(self) -> int:
        """Return what the strategy holds, by fills."""
        return self._view.position(self._intent.strategy, self.instrument_id)

    @property
    def is_quiet(self) -> bool:
        """Tell whether no order is live."""
        return self.record is None or self.record.is_settled

    def adopt(self, record: OrderRecord) -> None:
        """Take over a live order of a superseded intent; it is cancelled first."""
        self.record = record

    def pause(self) -> None:
        """Wait a little after a refusal or a rejection."""
        self._retry_at_ns = self._view.now_ns() + round(self._settings.retry_seconds * 1e9)

    def cancel(self) -> list[Action]:
        """Ask for the cancel of a live order, once."""
        record = self.record
        if record is None or record.is_settled or record.cancel_asked_ns is not None:
            return []
        self._orders.ask_cancel(record, self._view.now_ns())
        return [CancelOrder(record.order.order_ref)]

    def step(self, target: int, purpose: OrderPurpose) -> list[Action]:
        """Return what brings the position nearer to `target` now."""
        if not self.is_quiet:
            return self._watch(target)
        gap = target - self.position
        now_ns = self._view.now_ns()
        self.blocked_reason = ""
        if gap == 0 or now_ns < self._retry_at_ns:
            return []
        order = self._order(gap, purpose)
        if order is None:
            return []
        self.attempts += 1
        self._reported_silence = False
        self.record = self._orders.register(order, now_ns)
        return [SendOrder(order)]

    def _watch(self, target: int) -> list[Action]:
        """Reprice a live order that is too old or no longer wanted; report one that is silent."""
        record = self.record
        if record is None:
            return []
        age = (self._view.now_ns() - record.sent_ns) / 1e9
        wanted = target - self.position
        is_unwanted = wanted * record.order.side.sign <= 0
        if record.status is OrderStatus.WORKING and (
            is_unwanted or age >= self._settings.reprice_seconds
        ):
            return self.cancel()
        if record.status is OrderStatus.CANCEL_IN_FLIGHT and record.cancel_asked_ns is not None:
            age = (self._view.now_ns() - record.cancel_asked_ns) / 1e9
        if age < self._settings.answer_timeout_seconds or self._reported_silence:
            return []
        self._reported_silence = True
        text = (
            f"order {record.order.order_ref} ({record.order.side} {record.order.quantity} "
            f"{self.instrument_id}) is {record.status} without an answer for {age:.0f} s; "
            f"nothing replaces it until its fate is known"
        )
        return [Report(Severity.WARNING, text)]

    def _order(self, gap: int, purpose: OrderPurpose) -> Order | None:
        """Return a marketable order for `gap`; None, with the reason, when there can be none."""
        now_ns = self._view.now_ns()
        quote = self._view.quote(self.instrument_id)
        instrument = self._view.instrument_by_id(self.instrument_id)
        if instrument is None:
            self.blocked_reason = f"{self.instrument_id} is not known to the broker yet"
            return None
        if not instrument.is_open(now_ns):
            self.blocked_reason = hours_problem(instrument, now_ns) or "closed"
            return None
        side = Side.BUY if gap > 0 else Side.SELL
        is_last_resort = purpose.reduces_risk and self.attempts > self._settings.max_reprices
        limit_ticks = None
        if not (is_last_resort and instrument.is_liquid(now_ns)):
            touch = (quote.ask if side is Side.BUY else quote.bid) if quote else None
            if touch is None:
                self.blocked_reason = f"{self.instrument_id} has no price to {side.lower()} at"
                return None
            collar = self._settings.collar_ticks * (1 + self.attempts)
            limit_ticks = (
                instrument.ticks_at_or_above(touch) + collar
                if side is Side.BUY
                else instrument.ticks_at_or_below(touch) - collar
            )
        return Order(
            order_ref=self._next_ref(),
            intent_id=self._intent.intent_id,
            strategy=self._intent.strategy,
            instrument_id=self.instrument_id,
            side=side,
            quantity=abs(gap),
            order_type=OrderType.MARKET if limit_ticks is None else OrderType.LIMIT,
            purpose=purpose,
            limit_ticks=limit_ticks,
            outside_regular_hours=not instrument.is_liquid(now_ns),
            reason=self._intent.reason,
        )
