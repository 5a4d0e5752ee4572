"""One connection's life: open, serve, end."""

import asyncio
from functools import partial

from ib_async import RequestError

from microfutures.adapters.ib import archive, connection
from microfutures.adapters.ib.connection import ConnectionSettings, Refusal
from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.crew import Work
from microfutures.adapters.ib.health import HealthCheck
from microfutures.adapters.ib.learner import ANSWER_SECONDS, Learner
from microfutures.adapters.ib.listener import DATA_LOST, ErrorListener
from microfutures.adapters.ib.pacing import Pacer
from microfutures.adapters.ib.parts import Parts
from microfutures.adapters.ib.previews import failed, preview_trade
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.taps import Taps
from microfutures.model.errors import MicroFuturesError, UnknownInstrumentError
from microfutures.model.events import BrokerStateMissed, ClockStepped, ConnectionState
from microfutures.model.identifiers import InstrumentId, IntentId
from microfutures.model.intents import TargetLeg
from microfutures.model.market import Bar

HISTORY_RETRY_SECONDS = 60.0
ACCOUNT_SECONDS = 1.0
CONTRACTS_SECONDS = 30.0


class Link:
    """Opens one connection, keeps it in step with what the desk wants, ends it."""

    def __init__(self, settings: ConnectionSettings, parts: Parts) -> None:
        self.is_upstream_lost = False
        self._is_serving = False
        self._settings = settings
        self._parts = parts
        self._refusal = Refusal()
        self._lost = asyncio.Event()
        self._lost_reason = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._state_report: asyncio.Task[None] | None = None
        self._listener = ErrorListener(
            lambda: self._ib,
            voice=parts.voice,
            market=parts.market,
            orders=parts.orders,
            on_refusal=self._refusal.hear,
            on_upstream_lost=self._on_upstream_lost,
            on_upstream_back=self._on_upstream_back,
            request_state=self.request_state,
        )
        self._ib = TappedIB(
            Taps(
                market=parts.market,
                orders=parts.orders,
                account=parts.account,
                on_error=self._listener.on_error,
                on_unreadable=lambda what: parts.voice.warn(f"unreadable message of TWS: {what}"),
            )
        )
        self._learner = Learner(self._ib, settings, parts, retry_history=self._retry_history)

    # -- life ---------------------------------------------------------------------------------

    async def open(self) -> str | None:
        """Connect, learn everything, subscribe; return in words what failed, None if nothing."""
        problem = await connection.connect(self._ib, self._settings, self._refusal)
        if problem is not None:
            return problem
        self._ib.disconnectedEvent += self._on_socket_lost
        self._parts.orders.use(self._ib)
        learning = asyncio.ensure_future(self._learner.learn_all())
        losing = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({learning, losing}, return_when=asyncio.FIRST_COMPLETED)
            problem = learning.result() if learning.done() else self._lost_reason
        except TimeoutError:
            return f"{self._settings.target} did not answer within {ANSWER_SECONDS:.0f} s"
        except (MicroFuturesError, RequestError, ConnectionError) as error:
            return f"{self._settings.target}: {error}"
        finally:
            for task in (learning, losing):
                task.cancel()
            # What learning fails with once the line is lost is no news, but has to be heard.
            await asyncio.gather(learning, losing, return_exceptions=True)
        if problem is None:
            self._serve()
        return problem

    async def wait_lost(self) -> str:
        """Return, in words why, when the connection is gone."""
        await self._lost.wait()
        return self._lost_reason

    def close(self) -> None:
        """End the connection and everything that serves it."""
        for task in list(self._tasks):
            task.cancel()
        self._ib.disconnectedEvent -= self._on_socket_lost
        self._ib.drop()
        self._lost.set()
        self._parts.orders.use(None)
        self._parts.market.forget()

    def _on_socket_lost(self) -> None:
        self._drop(f"the connection to {self._settings.target} is lost")

    def _drop(self, reason: str) -> None:
        self._lost_reason = self._lost_reason or reason
        self._lost.set()

    def _spawn(self, work: Work) -> asyncio.Task[None]:
        task = self._parts.crew.spawn(partial(self._guarded, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Work) -> None:
        """Run a piece of work; what the broker can do to it is told, not raised."""
        try:
            await work()
        except TimeoutError:
            self._parts.voice.warn("the broker did not answer a request in time")
        except (MicroFuturesError, RequestError, ConnectionError) as error:
            self._parts.voice.warn(str(error))

    # -- upstream -----------------------------------------------------------------------------

    def _on_upstream_lost(self, text: str) -> None:
        self.is_upstream_lost = True
        self._parts.voice.change(ConnectionState.UPSTREAM_LOST, text)

    def _on_upstream_back(self, code: int, text: str) -> None:
        if not self._is_serving:
            # Everything is being learned anyway.
            self.is_upstream_lost = False
            return
        self._spawn(partial(self._come_back, code, text))

    async def _come_back(self, code: int, text: str) -> None:
        """Rebuild what the outage took: everything after 1101, only the knowledge after 1102."""
        try:
            await self._learner.report_state()
        except (TimeoutError, ConnectionError) as error:
            self._drop(f"TWS is back but does not answer ({str(error) or 'time-out'})")
            return
        self.is_upstream_lost = False
        self._parts.voice.change(ConnectionState.CONNECTED, text)
        if code == DATA_LOST:
            self._parts.market.forget()
            self._learner.subscribe()
        else:
            self._parts.market.renew_doubtful(self._ib)

    # -- asking -------------------------------------------------------------------------------

    def request_state(self, *, with_completed: bool = True) -> None:
        """Ask for executions, positions and open orders; once, however often it is wanted."""
        if self._state_report is None or self._state_report.done():
            self._state_report = self._spawn(partial(self._report_state, with_completed))

    async def _report_state(self, with_completed: bool) -> None:
        try:
            await self._learner.report_state(with_completed=with_completed)
        except TimeoutError:
            self._parts.emit(BrokerStateMissed(time_ns=self._parts.clock.now_ns()))
            raise

    def request_history(self, instrument_id: InstrumentId) -> None:
        """Ask for warm-up bars."""
        resolved = self._parts.roster.contracts.get(instrument_id)
        if resolved is None:
            self._parts.voice.warn(f"no past bars of {instrument_id}: it is not resolved")
        else:
            self._spawn(partial(self._learner.load_history, resolved))

    async def head_ns(self, instrument_id: InstrumentId) -> int | None:
        """Return the first moment of which there are trades; None if there are none."""
        return await archive.head_ns(self._ib, self._known(instrument_id), self._pacer)

    async def bars_before(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int
    ) -> tuple[Bar, ...]:
        """Return one request's worth of bars that end by `end_ns`."""
        resolved = self._known(instrument_id)
        return await archive.bars_before(self._ib, resolved, self._pacer, end_ns, bar_seconds)

    @property
    def _pacer(self) -> Pacer:
        return self._parts.history.pacer

    def _known(self, instrument_id: InstrumentId) -> Resolved:
        resolved = self._parts.roster.contracts.get(instrument_id)
        if resolved is None:
            raise UnknownInstrumentError(f"{instrument_id} is not resolved")
        return resolved

    def _retry_history(self, resolved: Resolved) -> None:
        self._spawn(partial(self._load_history_later, resolved))

    async def _load_history_later(self, resolved: Resolved) -> None:
        await self._parts.clock.sleep(HISTORY_RETRY_SECONDS)
        await self._learner.load_history(resolved)

    def preview(self, intent_id: IntentId, trade: TargetLeg) -> None:
        """Ask what a trade would cost in margin."""
        parts = self._parts
        resolved = parts.roster.contracts.get(trade.instrument_id)
        if resolved is None:
            error = f"{trade.instrument_id} is not resolved"
            parts.emit(failed(trade, error, intent_id, parts.clock))
        else:
            self._spawn(partial(self._preview, intent_id, trade, resolved))

    async def _preview(self, intent_id: IntentId, trade: TargetLeg, resolved: Resolved) -> None:
        parts = self._parts
        answer = await preview_trade(
            self._ib,
            resolved,
            trade,
            intent_id=intent_id,
            account=parts.account.account,
            clock=parts.clock,
        )
        parts.emit(answer)

    # -- serving ------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Say that the line stands, stream, and start what keeps it in order."""
        parts = self._parts
        self._is_serving = True
        if not self.is_upstream_lost:
            version = self._ib.client.serverVersion()
            detail = f"account {parts.account.account}, server version {version}"
            parts.voice.change(
                ConnectionState.CONNECTED, f"connected to {self._settings.target}, {detail}"
            )
        self._learner.subscribe()
        check = HealthCheck(
            self._ib,
            clock=parts.clock,
            voice=parts.voice,
            market=parts.market,
            roster=parts.roster,
            ask_time=self._ask_time,
            drop=self._drop,
            is_upstream_lost=lambda: self.is_upstream_lost,
        )
        self._spawn(check.run)
        self._spawn(self._follow_contracts)
        self._spawn(self._report_account)

    async def _ask_time(self) -> None:
        """Follow the broker's clock, and tell when it jumps on a line that stands."""
        step = await self._learner.learn_time()
        if step:
            self._parts.emit(ClockStepped(time_ns=self._parts.clock.now_ns(), seconds=step))

    async def _follow_contracts(self) -> None:
        """Look once a day what the symbols mean; a roll is told by `InstrumentResolved`."""
        day = self._learner.today
        while True:
            await self._parts.clock.sleep(CONTRACTS_SECONDS)
            today = self._learner.today
            if today == day or self.is_upstream_lost:
                continue
            try:
                await self._learner.resolve_all()
            except (TimeoutError, MicroFuturesError) as error:
                self._parts.voice.warn(
                    f"contracts are not looked at anew ({str(error) or 'no answer'}): trying again"
                )
                continue
            day = today
            self._learner.subscribe()

    async def _report_account(self) -> None:
        while True:
            await self._parts.account.wait_news()
            # What changes together comes in many messages.
            await self._parts.clock.sleep(ACCOUNT_SECONDS)
            self._parts.account.report_changes()
