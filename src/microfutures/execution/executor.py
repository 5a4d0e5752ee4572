"""Carries out one intent: an entry leg by leg and hedged as it fills, an exit all at once.

A state machine driven by `step`: it looks at positions (by fills) and live orders and asks for
what is missing. It keeps no position of its own, so that repeated, late or missing callbacks
can't mislead it, and a restart can take it up from any state.
"""

from collections.abc import Iterable
from enum import StrEnum

from microfutures.execution.actions import Action, Done, Report
from microfutures.execution.leg import Leg, Tools
from microfutures.execution.order_ledger import FillChange, OrderRecord
from microfutures.model.events import Severity
from microfutures.model.identifiers import InstrumentId
from microfutures.model.intents import Intent, SignalKind
from microfutures.model.orders import OrderPurpose


class Phase(StrEnum):
    """What an executor is doing."""

    ENTERING = "entering"
    HALTED = "entry given up"
    """No more of the first leg; what is on of it gets its hedge."""
    UNWINDING = "unwinding"
    CLOSING = "closing"


# Every execution asks for these; Python 3.11 looks members of enumerations up slowly.
ENTERING, HALTED, UNWINDING, CLOSING = Phase
BUILDING = (ENTERING, HALTED)
ENTRY, HEDGE = OrderPurpose.ENTRY, OrderPurpose.HEDGE


class IntentExecutor:
    """One intent on its way.

    ``also_close`` names contracts beside the intent's legs that must become flat: what a
    superseded entry may have put on.
    """

    def __init__(
        self,
        intent: Intent,
        tools: Tools,
        also_close: Iterable[InstrumentId] = (),
    ) -> None:
        self.intent = intent
        self.is_done = False
        self.phase = Phase.ENTERING if intent.kind.is_entry else Phase.CLOSING
        self._view, self._settings = tools.view, tools.settings
        is_flatten = intent.kind is SignalKind.FLATTEN
        self._closes_for = OrderPurpose.FLATTEN if is_flatten else OrderPurpose.EXIT
        wanted: dict[InstrumentId, int] = {}
        for target in intent.legs:
            wanted[target.instrument_id] = target.quantity
        for each in also_close:
            wanted.setdefault(each, 0)
        self._targets = list(wanted.values())
        self._legs = [Leg(each, intent, tools) for each in wanted]
        self._unhedged_since_ns: int | None = None
        self._first_leg_value = 0.0
        self._first_leg_filled = 0
        self._story = ""

    @property
    def blocked_reasons(self) -> list[str]:
        """Return why legs can't trade now."""
        return [leg.blocked_reason for leg in self._legs if leg.blocked_reason]

    def adopt(self, records: list[OrderRecord]) -> list[Action]:
        """Take over the live orders of a superseded intent and cancel them."""
        actions: list[Action] = []
        for record in records:
            leg = self._leg(record)
            if leg is not None:
                leg.adopt(record)
                actions += leg.cancel()
        return actions

    def restate(self, step_ns: int) -> None:
        """Go on by a clock that stepped."""
        if self._unhedged_since_ns is not None:
            self._unhedged_since_ns += step_ns
        for leg in self._legs:
            leg.restate(step_ns)

    def on_fill(self, change: FillChange) -> None:
        """Take note of a fill, and of the price paid for the first leg of this entry."""
        leg, order = self._leg(change.record), change.record.order
        if leg is None:
            return
        leg.on_fill()
        if leg is self._legs[0] and order.intent_id == self.intent.intent_id:
            self._first_leg_value += float(change.value) * order.side.sign
            self._first_leg_filled += change.quantity * order.side.sign

    def on_refused(self, record: OrderRecord, reason: str) -> list[Action]:
        """Take the news that the risk gate refused an order: it was never sent."""
        return self._on_stopped(record, f"was refused: {reason}", was_sent=False)

    def on_rejected(self, record: OrderRecord) -> list[Action]:
        """Take the news that the broker rejected an order."""
        reason = record.reason or "the broker gave no reason"
        return self._on_stopped(record, f"was rejected: {reason}", was_sent=True)

    def on_cancelled_unasked(self, record: OrderRecord) -> list[Action]:
        """Take the news that the broker cancelled an order of its own accord."""
        leg = self._leg(record)
        if leg is None:
            return []
        reason = record.reason or "the broker gave no reason"
        return leg.on_stopped(f"{_words(record)} was cancelled: {reason}", was_sent=True)

    def step(self) -> list[Action]:
        """Return what to do now."""
        if self.is_done:
            return []
        actions: list[Action] = []
        if self.phase in BUILDING:
            actions += self._check_limits()
        for index, leg in enumerate(self._legs):
            actions += leg.step(self._wanted(index), self._purpose(index))
        if self._is_complete():
            self.is_done = True
            actions.append(Done(self.intent, self._outcome()))
        return actions

    def _leg(self, record: OrderRecord) -> Leg | None:
        name = record.order.instrument_id
        for leg in self._legs:
            if leg.instrument_id == name:
                return leg
        return None

    def _on_stopped(self, record: OrderRecord, what: str, *, was_sent: bool) -> list[Action]:
        leg = self._leg(record)
        if leg is None:
            return []
        text = f"{_words(record)} {what}"
        told = leg.on_stopped(text, was_sent=was_sent)
        is_first = leg is self._legs[0]
        if self.phase is Phase.ENTERING and is_first:
            return self._give_up(text)
        if self.phase in BUILDING:
            return [] if is_first else self._unwind(text)
        return told

    def _wanted(self, index: int) -> int:
        phase = self.phase
        if phase is UNWINDING:
            return 0
        if phase is CLOSING:
            return self._targets[index]
        if index:
            return self._hedge(index)
        return self._targets[0] if phase is ENTERING else self._legs[0].position

    def _hedge(self, index: int) -> int:
        """Return the hedge of what is on of the first leg, in proportion."""
        return round(self._targets[index] * self._legs[0].position / self._targets[0])

    def _purpose(self, index: int) -> OrderPurpose:
        if self.phase is CLOSING:
            return self._closes_for
        if self.phase is UNWINDING:
            return OrderPurpose.FLATTEN
        return HEDGE if index else ENTRY

    def _check_limits(self) -> list[Action]:
        """Give up a first leg that doesn't fill; unwind a position whose hedge doesn't."""
        first, now_ns = self._legs[0], self._view.now_ns()
        if (
            self.phase is ENTERING
            and first.is_quiet
            and first.position != self._targets[0]
            and (first.attempts > self._settings.max_reprices or first.blocked_reason)
        ):
            why = first.blocked_reason or f"not filled in {first.attempts} attempts"
            return self._give_up(f"entry given up: {first.instrument_id} {why}")
        for index in range(1, len(self._legs)):
            if self._legs[index].position != self._hedge(index):
                break
        else:
            self._unhedged_since_ns = None
            return []
        if self._unhedged_since_ns is None:
            self._unhedged_since_ns = now_ns
        seconds = (now_ns - self._unhedged_since_ns) / 1e9
        loss = self._unhedged_loss()
        if seconds > self.intent.unhedged_seconds_limit:
            limit = self.intent.unhedged_seconds_limit
            return self._unwind(f"unhedged for {seconds:.0f} s, limit {limit:g} s")
        if loss > self.intent.unhedged_loss_limit:
            limit = self.intent.unhedged_loss_limit
            return self._unwind(f"unhedged leg lost {loss:.2f} USD, limit {limit:.2f} USD")
        return []

    def _unhedged_loss(self) -> float:
        """Return what the unhedged part of the first leg lost since its fills, USD."""
        first = self._legs[0]
        quote = self._view.quote(first.instrument_id)
        instrument = self._view.instrument_by_id(first.instrument_id)
        mark = None if quote is None else quote.mark
        if mark is None or instrument is None or not self._first_leg_filled:
            return 0.0
        wanted, have = self._hedge(1), self._legs[1].position
        share = 1 - have / wanted if wanted else 0.0
        paid = self._first_leg_value / self._first_leg_filled
        return share * first.position * (paid - float(mark)) * float(instrument.multiplier)

    def _give_up(self, why: str) -> list[Action]:
        self.phase = Phase.HALTED
        self._story = why
        return [Report(Severity.WARNING, why), *self._legs[0].cancel()]

    def _unwind(self, why: str) -> list[Action]:
        self.phase = Phase.UNWINDING
        self._story = why
        actions: list[Action] = [Report(Severity.ERROR, f"unwinding the entry: {why}")]
        for leg in self._legs:
            leg.start_over()
            actions += leg.cancel()
        return actions

    def _is_complete(self) -> bool:
        for index, leg in enumerate(self._legs):
            if not leg.is_quiet or leg.position != self._wanted(index):
                return False
        return True

    def _outcome(self) -> str:
        held = ", ".join([f"{leg.position:+d} {leg.instrument_id}" for leg in self._legs])
        return f"{self._story}; holding {held}" if self._story else f"holding {held}"


def _words(record: OrderRecord) -> str:
    order = record.order
    return f"{order.side} {order.quantity} {order.instrument_id}"
