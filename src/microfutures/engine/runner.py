"""The async shell around the engine: one queue in, the journal before the broker out."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from microfutures.engine.commands import HALTED
from microfutures.engine.engine import Engine
from microfutures.engine.output import (
    Cancel,
    Deed,
    EngineOutput,
    Preview,
    Record,
    RequestHistory,
    RequestState,
    Say,
    Submit,
)
from microfutures.engine.rehearsal import Rehearsal
from microfutures.model.events import (
    BrokerStateMissed,
    BrokerStateReported,
    ClockStepped,
    CommandReceived,
    CommissionReceived,
    ConnectionChanged,
    EngineEvent,
    FillReceived,
    HistoryLoaded,
    InstrumentResolved,
    MarginPreviewed,
    NoticeReceived,
    OrderUpdated,
    Severity,
    TimerFired,
)
from microfutures.model.market import Quote
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.ports.broker import Broker
from microfutures.ports.clock import Clock
from microfutures.ports.journal import Journal, JournalRecord

BUSY_TIMER_SECONDS = 0.5
IDLE_TIMER_SECONDS = 5.0
"""How often time is told while nothing is worked on, if the check interval is longer."""

SHORTEST_TIMER_SECONDS = 0.001
"""Clocks that wake a little early are not asked again at once."""

MARKET = "market"

_KINDS: dict[type, str] = {
    Quote: MARKET,
    HistoryLoaded: MARKET,
    ConnectionChanged: "connection",
    ClockStepped: "connection",
    NoticeReceived: "connection",
    InstrumentResolved: "connection",
    OrderUpdated: "order",
    FillReceived: "order",
    CommissionReceived: "order",
    MarginPreviewed: "order",
    BrokerStateReported: "order",
    BrokerStateMissed: "order",
    CommandReceived: "order",
}
"""The journal's groups of events, see `ports.journal.JournalRecord`; "system" for the rest."""

_encode = msgspec.json.Encoder().encode

Speak = Callable[[int, Say], None]


class EngineRunner:
    """Feeds the engine one event at a time and carries out what it answers.

    Everything is in the journal, durably, before it takes effect outside.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        journal: Journal,
        broker: Broker,
        clock: Clock,
        speak: Speak,
        first_sequence: int,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._broker = broker
        self._clock = clock
        self._speak = speak
        self._sequence = first_sequence
        self._rehearsal = rehearsal
        # A tick waits for this on its way to an order: `asyncio.Queue` takes three times as long.
        self._queue: deque[EngineEvent] = deque()
        self._wake: asyncio.Future[None] | None = None
        """Resolved by the next event, while `run` waits for one."""
        self._is_settled = asyncio.Event()
        self._is_settled.set()
        self._has_news = False
        """Something was appended that is no market data; those wait for what comes next."""
        self._failure: BaseException | None = None
        """Of a quote that was worked on outside of `run`, which ends with it."""

    def note(self, time_ns: int, payload: object) -> None:
        """Journal something about the run that is no event, under the name of its type."""
        self._append(time_ns, (Record("run", type(payload).__name__, payload),))

    def put(self, event: EngineEvent) -> None:
        """Take an event; the sink of the broker adapter.

        It waits for its turn in `run`; a quote that finds nothing before it is worked on at once,
        without another turn of the loop.
        """
        wake = self._wake
        if wake is None or wake.done():
            self._queue.append(event)
            return
        if isinstance(event, Quote):
            self._wake = None  # what is put meanwhile waits for its turn
            try:
                self.step(event)
                if not self._has_news:
                    # An order that comes later is to wait for its own records alone.
                    self._journal.write_ahead()
            except BaseException as error:  # noqa: BLE001 - `run` ends with it, not who put it
                self._failure = error
            self._wake = wake
        else:
            self._queue.append(event)
        if self._has_news or self._queue or self._failure is not None:
            wake.set_result(None)

    async def settle(self) -> None:
        """Wait until everything that was put is worked through."""
        if not self._queue:
            return
        self._is_settled.clear()
        await self._is_settled.wait()

    async def run(self) -> None:
        """Work through events until cancelled; an exception of the engine ends it."""
        loop, queue = asyncio.get_running_loop(), self._queue
        while True:
            while queue:
                self.step(queue.popleft())
            if self._has_news:
                self._journal.keep()
                self._rehearse()
                self._has_news = False
            self._journal.flush()
            self._is_settled.set()
            self._wake = loop.create_future()
            await self._wake
            if self._failure is not None:
                raise self._failure

    async def run_timer(self) -> None:
        """Tell the time: every half second while orders are worked, else every few seconds.

        A check that is due earlier is not kept waiting.
        """
        while True:
            await self._clock.sleep(self._seconds_to_timer())
            self.put(TimerFired(time_ns=self._clock.now_ns()))
            # What this very timer sets going is to have a fine clock at once.
            await self.settle()

    def _seconds_to_timer(self) -> float:
        idle = min(self._engine.check_interval_seconds, IDLE_TIMER_SECONDS)
        pause = min(BUSY_TIMER_SECONDS, idle) if self._engine.is_busy else idle
        left = (self._engine.next_check_ns - self._clock.now_ns()) / NANOSECONDS_PER_SECOND
        return max(min(left, pause), SHORTEST_TIMER_SECONDS) if left > 0 else pause

    def step(self, event: EngineEvent) -> None:
        """Journal one event, process it, journal the answer, carry it out."""
        kind = type(event)
        self._append(event.time_ns, (Record(_KINDS.get(kind, "system"), kind.__name__, event),))
        try:
            output = self._engine.process(event)
        except Exception as error:
            # The books are in doubt: the next start must know, and not trade on.
            halted = Record("order", HALTED, engine_failure(event, error))
            self._append(event.time_ns, (halted,))
            self._journal.commit()
            raise
        self._append(event.time_ns, output.records)
        self._carry_out(event.time_ns, output)

    def _rehearse(self) -> None:
        """Walk the way of an order that is over once more: its news pushed it out of the caches."""
        if self._rehearsal is None or self._engine.is_busy:
            return
        try:
            output = self._rehearsal.run()
            lines = [
                JournalRecord(0, 0, each.kind, each.name, _encode(each.payload))
                for each in output.records
            ]
            self._journal.rehearse(lines)
            for effect in output.effects:
                if isinstance(effect, Submit):
                    self._broker.rehearse(effect.approved.order)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the desk
            self._rehearsal = None
            text = f"an order could not be rehearsed, none is any more: {error!r}"
            self._speak(self._engine.state.time_ns, Say(Severity.WARNING, text))

    def _carry_out(self, time_ns: int, output: EngineOutput) -> None:
        said: list[Say] = []
        for effect in output.effects:
            if isinstance(effect, Say):
                # Writing a line takes longer than sending an order: orders don't wait for it.
                said.append(effect)
                continue
            if isinstance(effect, Submit):
                self._journal.write_ahead()
                self._broker.submit(effect.approved)
            else:
                carry_out(effect, self._broker)
        for each in said:
            self._speak(time_ns, each)

    def _append(self, time_ns: int, records: Sequence[Record]) -> None:
        for each in records:
            kind, payload = each.kind, _encode(each.payload)
            self._sequence += 1
            self._journal.append(JournalRecord(self._sequence, time_ns, kind, each.name, payload))
            if kind != MARKET:
                self._has_news = True


def carry_out(deed: Deed, broker: Broker) -> None:
    """Do outside what the engine answered."""
    match deed:
        case Submit(approved):
            broker.submit(approved)
        case Cancel(order_ref):
            broker.cancel(order_ref)
        case Preview(intent_id, trades):
            broker.preview(intent_id, trades)
        case RequestState(with_completed):
            broker.request_state(with_completed=with_completed)
        case RequestHistory(instrument_id):
            broker.request_history(instrument_id)


def engine_failure(event: EngineEvent, error: Exception) -> dict[str, str]:
    """Return what the journal says of an engine that failed on `event`."""
    return {"reason": f"the engine failed on {type(event).__name__}: {error!r}"}
