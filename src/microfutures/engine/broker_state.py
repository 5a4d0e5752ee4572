"""The broker's state against ours, in one order: orders, then positions; and when it is asked for.

What can differ and what is done about it is the table `differences`.
"""

from microfutures.engine.books import Books
from microfutures.engine.commands import CommandDesk
from microfutures.engine.differences import DIFFERENCES, Difference, Response
from microfutures.engine.floor import TradingFloor
from microfutures.engine.output import OutputBuilder, RequestState
from microfutures.engine.reconciliation import Adjustment, Findings, ForeignPositions, Reconciler
from microfutures.engine.settlement import Settlement
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.events import BrokerStateMissed, BrokerStateReported, Severity
from microfutures.model.identifiers import InstrumentId
from microfutures.model.timestamp import seconds
from microfutures.model.trading_hours import local_date

RECONCILE_SECONDS = 300.0
RETRY_RECONCILE_SECONDS = 10.0
MOST_UNANSWERED = 3


class BrokerStateDesk:
    """Asks for the broker's state every few minutes and acts on what differs."""

    def __init__(
        self,
        *,
        state: DeskState,
        floor: TradingFloor,
        books: Books,
        commands: CommandDesk,
        voice: Voice,
        out: OutputBuilder,
    ) -> None:
        self.reconciler = Reconciler()
        self.next_ns = 0
        """When the broker's state is asked for next; 0 before it was told once."""
        self._state = state
        self._floor = floor
        self._books = books
        self._commands = commands
        self._voice = voice
        self._out = out
        self._settlement = Settlement(
            state=state, floor=floor, books=books, commands=commands, voice=voice, out=out
        )
        self._has_reconciled = False
        self._unanswered = 0

    def on_line_lost(self) -> None:
        """Take note that agreement will be news again, and that nobody owes an answer."""
        self._has_reconciled = False
        self._unanswered = 0

    def on_timer(self) -> None:
        """Ask when it is time."""
        now_ns = self._state.time_ns
        if now_ns >= self.next_ns > 0:
            self.next_ns = now_ns + seconds(RECONCILE_SECONDS)
            # A day's completed orders are a long list: of use only to an order that may be among
            # them.
            self._out.add(RequestState(with_completed=bool(self._floor.desk.orders.live)))

    def on_missed(self, event: BrokerStateMissed) -> None:
        """Ask again soon; a broker that keeps silent about it is a reason to halt."""
        self.next_ns = self._state.time_ns + seconds(RETRY_RECONCILE_SECONDS)
        self._unanswered += 1
        if self._unanswered == MOST_UNANSWERED:
            text = f"the broker did not report its state {MOST_UNANSWERED} times in a row"
            self._doubt(Difference.NO_REPORT, text)

    def on_report(self, event: BrokerStateReported, *, cause: int) -> None:
        """Settle orders; compare positions once nothing moves. `cause` numbers the event."""
        now_ns, portfolio = self._state.time_ns, self._state.portfolio
        self._unanswered = 0
        self._settlement.settle(event)
        if self._floor.desk.orders.live:
            # A fill may be on its way: positions are compared when nothing moves.
            self.next_ns = now_ns + seconds(RETRY_RECONCILE_SECONDS)
            return
        self.next_ns = now_ns + seconds(RECONCILE_SECONDS)
        ours = portfolio.positions
        findings = self.reconciler.compare(
            event.positions,
            ours,
            portfolio.ledger.average_price,
            traded=self._books.take_foreign_trades(),
            is_expired=self._is_expired,
        )
        self._act(findings, cause=cause)
        if not findings.adjustments and not findings.splits:
            text = f"reconciled: {len(ours)} position(s) of ours agree with the broker"
            # Once for each connection: after that, only what does not agree is news.
            self._voice.say(Severity.DEBUG if self._has_reconciled else Severity.INFO, text)
        self._has_reconciled = True

    def _act(self, findings: Findings, *, cause: int) -> None:
        for instrument_id, factor in findings.splits:
            self._books.split(instrument_id, factor)
        for text in findings.foreign_changes:
            self._voice.say(Severity.WARNING, text)
        if findings.foreign_changes:
            foreign = ForeignPositions(self.reconciler.all_foreign)
            self._out.record("order", "ForeignPositions", foreign)
        for adjustment in findings.adjustments:
            self._adjust(adjustment, cause=cause)

    def _adjust(self, adjustment: Adjustment, *, cause: int) -> None:
        self._books.adjust(adjustment, cause=cause)
        if DIFFERENCES[adjustment.difference].response is Response.HALT_AND_ASK:
            self._doubt(adjustment.difference, adjustment.sentence)

    def _doubt(self, difference: Difference, reason: str) -> None:
        self._commands.halt(reason)
        self._voice.say(
            Severity.ERROR,
            f"{difference}: {reason}; entries are blocked until `microfutures resume`",
        )

    def _is_expired(self, instrument_id: InstrumentId) -> bool:
        instrument = self._state.instrument_by_id(instrument_id)
        last = None if instrument is None else instrument.last_trade_date
        if instrument is None or last is None:
            return False
        # It is settled in the evening of its last day.
        today = local_date(self._state.time_ns, instrument.time_zone)
        return today > last or (today == last and not instrument.is_open(self._state.time_ns))
