"""One leg of an intent: at most one live order, priced to trade at once, repriced until it does."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from microfutures.execution.actions import Action, CancelOrder, Report, SendOrder
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.execution.pricing import marketable_ticks
from microfutures.model.events import Severity
from microfutures.model.flaws import Flaw
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.model.instrument import Instrument
from microfutures.model.intents import Intent
from microfutures.model.market import Quote
from microfutures.model.orders import Order, OrderPurpose, OrderStatus, OrderType, Side
from microfutures.model.quality import flaw_of, flaw_words, hours_problem
from microfutures.ports.view import BrokerView

NextRef = Callable[[], OrderRef]

BUY, SELL, LIMIT = Side.BUY, Side.SELL, OrderType.LIMIT
PRICED = (Flaw.NONE, Flaw.ONE_SIDED)
"""What an order may be priced at. However old: a limit can do no worse than it says."""
ANY_AGE = float("inf")
REPORT_AGAIN_SECONDS = 60.0
LONGEST_REPORT_SECONDS = 3600.0
"""The same trouble of a leg is told again after the first, twice as long each time, at most so."""


class ExecutionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How orders are worked; times in seconds."""

    collar_ticks: int = 2
    """A marketable limit goes this far through the other side, times the attempt."""
    reprice_seconds: float = 2.0
    """An unfilled limit order is cancelled after this and sent again at the new price."""
    max_reprices: int = 4
    """Entries are given up after so many; exits become market orders in liquid hours…"""
    max_reprice_seconds: float = 60.0
    """…and in thin ones wait twice as long each time, up to this."""
    answer_timeout_seconds: float = 10.0
    """An order or cancel without any answer is reported and asked about after this."""
    retry_seconds: float = 2.0
    """Pause after a refusal or a rejection of an exit; doubles each time…"""
    max_retry_seconds: float = 10.0
    """…up to this."""
    blind_seconds: float = 15.0
    """An exit that has no price to trade at becomes a market order after this."""


class Tools(NamedTuple):
    """What every leg works with, whatever its intent."""

    view: BrokerView
    orders: OrderLedger
    next_ref: NextRef
    settings: ExecutionSettings


class Leg:
    """Moves one contract's position to a target, one order at a time."""

    def __init__(self, instrument_id: InstrumentId, intent: Intent, tools: Tools) -> None:
        self.instrument_id = instrument_id
        self.blocked_reason = ""
        self.attempts = 0
        self.record: OrderRecord | None = None
        self._intent = intent
        self._strategy = intent.strategy
        self._view, self._orders, self._next_ref, self._settings = tools
        self._stops = 0
        self._retry_at_ns = 0
        self._blind_since_ns: int | None = None
        self._told: dict[str, tuple[int, float]] = {}

    @property
    def position(self) -> int:
        """Return what the strategy holds, by fills."""
        return self._view.position(self._strategy, self.instrument_id)

    @property
    def is_quiet(self) -> bool:
        """Tell whether no order is live."""
        record = self.record
        return record is None or record.is_settled

    def adopt(self, record: OrderRecord) -> None:
        """Take over a live order of a superseded intent; it is cancelled first."""
        self.record = record

    def restate(self, step_ns: int) -> None:
        """Go on by a clock that stepped."""
        self._retry_at_ns += step_ns
        if self._blind_since_ns is not None:
            self._blind_since_ns += step_ns

    def start_over(self) -> None:
        """Count attempts and pauses anew: the aim has changed."""
        self.attempts = self._stops = 0

    def on_fill(self) -> None:
        """Take note that orders get through again."""
        self._stops = 0

    def on_stopped(self, text: str, *, was_sent: bool) -> list[Action]:
        """Wait a little after an order was refused, rejected or cancelled by the broker."""
        if not was_sent:
            self.attempts = max(self.attempts - 1, 0)
        settings = self._settings
        pause = min(settings.retry_seconds * 2**self._stops, settings.max_retry_seconds)
        self._stops = min(self._stops + 1, 30)
        self._retry_at_ns = self._view.now_ns() + round(pause * 1e9)
        return self._tell("stopped", Severity.ERROR, f"{text}; trying again")

    def cancel(self) -> list[Action]:
        """Ask for the cancel of a live order, once; the desk chases what doesn't answer."""
        record = self.record
        if record is None or record.is_settled or record.cancel_asked_ns is not None:
            return []
        if record.is_told_filled:
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
        order = self._order(gap, purpose, now_ns)
        if order is None:
            if purpose is OrderPurpose.ENTRY:  # given up at the next step, with this reason
                return []
            return self._tell("blocked", Severity.WARNING, f"can't trade: {self.blocked_reason}")
        self.attempts += 1
        self.record = self._orders.register(order, now_ns)
        return [SendOrder(order)]

    def _watch(self, target: int) -> list[Action]:
        """Cancel a live order that is too old, no longer wanted or larger than what is wanted."""
        record = self.record
        if record is None or record.status is not OrderStatus.WORKING:
            return []
        order = record.order
        wanted = (target - self.position) * order.side.sign
        age = (self._view.now_ns() - record.sent_ns) / 1e9
        # A market order is as marketable as can be: sending it again would only lose its place.
        is_old = age >= self._reprice_seconds and order.order_type is OrderType.LIMIT
        return self.cancel() if is_old or wanted < record.remaining else []

    @property
    def _reprice_seconds(self) -> float:
        """Return how long a limit order may work: ever longer where nobody trades."""
        settings = self._settings
        beyond = min(max(self.attempts - settings.max_reprices - 1, 0), 30)
        return min(settings.reprice_seconds * 2.0**beyond, settings.max_reprice_seconds)

    def _order(self, gap: int, purpose: OrderPurpose, now_ns: int) -> Order | None:
        """Return a marketable order for `gap`; None, with the reason, when there can be none."""
        instrument = self._view.instrument_by_id(self.instrument_id)
        if instrument is None:
            self.blocked_reason = f"{self.instrument_id} is not known to the broker yet"
            return None
        is_liquid = instrument.is_liquid(now_ns)
        if not is_liquid and not instrument.is_open(now_ns):
            self.blocked_reason = hours_problem(instrument, now_ns) or ""
            return None
        quote = self._view.quote(self.instrument_id)
        flaw = flaw_of(instrument, quote, now_ns, ANY_AGE)
        if flaw and flaw is Flaw.HALTED:
            self.blocked_reason = flaw_words(flaw, instrument, quote, now_ns)
            return None
        side = BUY if gap > 0 else SELL
        usable = quote if flaw in PRICED else None
        limit_ticks = self._limit_ticks(instrument, side, usable)
        is_urgent = self.attempts > self._settings.max_reprices or (
            limit_ticks is None and self._is_blind
        )
        if is_urgent and is_liquid and purpose.reduces_risk:
            limit_ticks = None
        elif limit_ticks is None:
            self.blocked_reason = f"{self.instrument_id} has no price to {side.lower()} at"
            if flaw:
                self.blocked_reason = flaw_words(flaw, instrument, quote, now_ns)
            return None
        return Order(
            order_ref=self._next_ref(),
            intent_id=self._intent.intent_id,
            strategy=self._intent.strategy,
            instrument_id=self.instrument_id,
            side=side,
            quantity=abs(gap),
            order_type=OrderType.MARKET if limit_ticks is None else LIMIT,
            purpose=purpose,
            limit_ticks=limit_ticks,
            outside_regular_hours=not is_liquid,
            reason=self._intent.reason,
        )

    def _limit_ticks(self, instrument: Instrument, side: Side, quote: Quote | None) -> int | None:
        """Return the price to trade at, and remember since when there is none."""
        settings = self._settings
        # The collar widens with the attempts, but not for ever: books are thin at night.
        collar = settings.collar_ticks * (1 + min(self.attempts, settings.max_reprices))
        limit_ticks = marketable_ticks(instrument, quote, side, collar)
        if limit_ticks is not None:
            self._blind_since_ns = None
        elif self._blind_since_ns is None:
            self._blind_since_ns = self._view.now_ns()
        return limit_ticks

    @property
    def _is_blind(self) -> bool:
        """Tell whether the leg has had no price for too long to go on waiting."""
        if self._blind_since_ns is None:
            return False
        age = (self._view.now_ns() - self._blind_since_ns) / 1e9
        return age >= self._settings.blind_seconds

    def _tell(self, kind: str, severity: Severity, text: str) -> list[Action]:
        """Return the report of a trouble, unless it was told just now."""
        now_ns = self._view.now_ns()
        told_ns, pause = self._told.get(kind, (now_ns, 0.0))
        if now_ns - told_ns < pause * 1e9:
            return []
        again = min(max(2 * pause, REPORT_AGAIN_SECONDS), LONGEST_REPORT_SECONDS)
        self._told[kind] = (now_ns, again)
        return [Report(severity, text)]
