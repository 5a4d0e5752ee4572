"""One connection's life: synchronise, listen, stay healthy, end."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import msgspec
from ib_async import CommissionReport, Contract, Execution, Order, OrderState, RequestError

from microfutures.adapters.ib import contracts, guard, history
from microfutures.adapters.ib.account import AccountDesk
from microfutures.adapters.ib.broker_clock import BrokerClock
from microfutures.adapters.ib.connection import ConnectionSettings
from microfutures.adapters.ib.error_codes import CodeClass, classify
from microfutures.adapters.ib.market_data import MarketDataDesk
from microfutures.adapters.ib.orders import OrderDesk
from microfutures.adapters.ib.previews import preview_trade
from microfutures.adapters.ib.roster import Roster
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.voice import Voice
from microfutures.model.errors import MicroFuturesError
from microfutures.model.events import (
    BrokerStateReported,
    ConnectionState,
    EngineEvent,
    HistoryLoaded,
    InstrumentResolved,
)
from microfutures.model.identifiers import InstrumentId, IntentId, Symbol
from microfutures.model.intents import TargetLeg
from microfutures.model.timestamp import to_datetime

ANSWER_SECONDS = 10.0
HEALTH_SECONDS = 15.0
MISSED_ANSWERS = 2
SILENCE_SECONDS = 60.0
RESOLVE_SECONDS = 3600.0
ACCOUNT_SECONDS = 1.0


class LinkParts(msgspec.Struct, frozen=True):
    """What outlives a connection."""

    clock: BrokerClock
    voice: Voice
    roster: Roster
    market: MarketDataDesk
    orders: OrderDesk
    account: AccountDesk
    emit: Callable[[EngineEvent], None]


class Link:
    """Satisfies `tap.Tap`; owns every task that serves the connection."""

    def __init__(self, settings: ConnectionSettings, parts: LinkParts) -> None:
        self.ib: TappedIB | None = None
        self.refusal = ""
        self._settings = settings
        self._parts = parts
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = asyncio.Event()

    # -- life ---------------------------------------------------------------------------------

    async def synchronise(self, ib: TappedIB) -> str | None:
        """Learn everything and subscribe; return in words what went wrong, None if nothing."""
        self.ib = ib
        ib.disconnectedEvent += self._lost.set
        try:
            return await self._synchronise(ib)
        except TimeoutError:
            return f"{self._settings.target} did not answer within {ANSWER_SECONDS:.0f} s"
        except (MicroFuturesError, RequestError, ConnectionError) as error:
            return str(error)

    async def _synchronise(self, ib: TappedIB) -> str | None:
        settings, parts = self._settings, self._parts
        accounts = ib.client.getAccounts()
        reason = guard.reason_against(
            accounts,
            port=settings.port,
            port_given=settings.port_given,
            live_given=settings.live_given,
        )
        if reason is not None:
            return reason
        parts.account.choose(accounts[0])
        await self._learn_time(ib)
        ib.client.reqAccountUpdates(True, accounts[0])
        await self._resolve_all(ib)
        await self._report_state(ib)
        for instrument_id in [each.instrument.instrument_id for each in self._current()]:
            await self._load_history(ib, instrument_id)
        self._subscribe_all(ib)
        parts.account.report_changes()
        parts.voice.change(
            ConnectionState.CONNECTED,
            f"connected to {settings.target}, account {accounts[0]}, server version "
            f"{ib.client.serverVersion()}",
        )
        self._spawn(self._stay_healthy(ib))
        self._spawn(self._report_account())
        return None

    async def wait_lost(self) -> None:
        """Return when the connection is gone."""
        await self._lost.wait()

    def close(self) -> None:
        """End the connection and everything that serves it."""
        for task in list(self._tasks):
            task.cancel()
        if self.ib is not None:
            self.ib.disconnectedEvent -= self._lost.set
            self.ib.disconnect()
        self._lost.set()
        self._parts.orders.forget_connection()
        self._parts.market.forget()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """Run a piece of work; what the broker can do to it is told, not raised."""
        try:
            await work
        except TimeoutError:
            self._parts.voice.warn("the broker did not answer a request in time")
        except (MicroFuturesError, RequestError, ConnectionError) as error:
            self._parts.voice.warn(str(error))

    # -- asking -------------------------------------------------------------------------------

    def request_state(self) -> None:
        """Ask for executions, positions and open orders."""
        if self.ib is not None:
            self._spawn(self._report_state(self.ib))

    def request_history(self, instrument_id: InstrumentId) -> None:
        """Ask for warm-up bars."""
        if self.ib is not None:
            self._spawn(self._load_history(self.ib, instrument_id))

    def preview(self, intent_id: IntentId, trades: Sequence[TargetLeg]) -> None:
        """Ask what trades would cost in margin."""
        if self.ib is not None:
            for trade in trades:
                self._spawn(self._preview(self.ib, intent_id, trade))

    async def _preview(self, ib: TappedIB, intent_id: IntentId, trade: TargetLeg) -> None:
        resolved = self._parts.roster.contracts[trade.instrument_id]
        self._parts.emit(
            await preview_trade(
                ib,
                resolved,
                trade,
                intent_id=intent_id,
                account=self._parts.account.account,
                clock=self._parts.clock,
            )
        )

    async def _learn_time(self, ib: TappedIB) -> None:
        moment = await asyncio.wait_for(ib.reqCurrentTimeAsync(), ANSWER_SECONDS)
        self._parts.clock.learn(round(moment.timestamp()))

    async def _resolve_all(self, ib: TappedIB) -> None:
        for symbol in self._parts.roster.symbols:
            await self._resolve(ib, symbol)

    async def _resolve(self, ib: TappedIB, symbol: Symbol) -> None:
        parts = self._parts
        today = to_datetime(parts.clock.now_ns()).date()
        resolved = await contracts.resolve(ib, symbol, today)
        parts.roster.take(symbol, resolved)
        parts.emit(
            InstrumentResolved(
                time_ns=parts.clock.now_ns(), symbol=symbol, instrument=resolved.instrument
            )
        )

    async def _load_history(self, ib: TappedIB, instrument_id: InstrumentId) -> None:
        parts = self._parts
        resolved = parts.roster.contracts[instrument_id]
        try:
            bars = await history.load(
                ib, resolved.contract, seconds=parts.roster.bar_seconds, bars=parts.roster.bars
            )
        except (MicroFuturesError, TimeoutError) as error:
            parts.voice.warn(
                f"no past bars of {instrument_id} ({error or 'no answer'})",
                "the strategy warms up from live quotes",
            )
            return
        parts.roster.history[instrument_id] = bars
        parts.emit(
            HistoryLoaded(time_ns=parts.clock.now_ns(), instrument_id=instrument_id, bars=bars)
        )

    async def _report_state(self, ib: TappedIB) -> None:
        parts = self._parts
        await asyncio.wait_for(parts.orders.replay_executions(ib), ANSWER_SECONDS)
        open_orders = await asyncio.wait_for(parts.orders.list_open(ib), ANSWER_SECONDS)
        parts.account.clear_positions()
        await asyncio.wait_for(ib.reqPositionsAsync(), ANSWER_SECONDS)
        parts.emit(
            BrokerStateReported(
                time_ns=parts.clock.now_ns(),
                positions=parts.account.positions,
                open_orders=open_orders,
            )
        )

    def _current(self) -> list[contracts.Resolved]:
        roster = self._parts.roster
        return [roster.current[symbol] for symbol in roster.symbols if symbol in roster.current]

    def _subscribe_all(self, ib: TappedIB) -> None:
        # Old months of a roll stay subscribed: a position in them still has to be closed.
        for instrument_id, resolved in self._parts.roster.contracts.items():
            self._parts.market.subscribe(ib, instrument_id, resolved.contract)

    # -- health -------------------------------------------------------------------------------

    async def _stay_healthy(self, ib: TappedIB) -> None:
        parts, missed, since_resolve = self._parts, 0, 0.0
        while True:
            await parts.clock.sleep(HEALTH_SECONDS)
            try:
                await self._learn_time(ib)
                missed = 0
            except TimeoutError:
                missed += 1
                parts.voice.warn(f"TWS did not tell the time, {missed} of {MISSED_ANSWERS}")
            if missed >= MISSED_ANSWERS:
                parts.voice.warn("TWS is silent: the connection is dropped and made anew")
                self._lost.set()
                return
            self._check_streams(ib)
            since_resolve += HEALTH_SECONDS
            if since_resolve >= RESOLVE_SECONDS:
                since_resolve = 0.0
                await self._resolve_all(ib)
                self._subscribe_new(ib)

    def _check_streams(self, ib: TappedIB) -> None:
        now_ns = self._parts.clock.now_ns()
        for resolved in self._current():
            instrument = resolved.instrument
            silent = self._parts.market.silent_seconds(instrument.instrument_id)
            if instrument.is_liquid(now_ns) and silent is not None and silent > SILENCE_SECONDS:
                name = instrument.instrument_id
                self._parts.voice.warn(f"no tick of {name} for {silent:.0f} s: subscribing anew")
                self._parts.market.subscribe(ib, name, resolved.contract)

    def _subscribe_new(self, ib: TappedIB) -> None:
        for instrument_id, resolved in self._parts.roster.contracts.items():
            if self._parts.market.silent_seconds(instrument_id) is None:
                self._parts.market.subscribe(ib, instrument_id, resolved.contract)

    async def _report_account(self) -> None:
        while True:
            await self._parts.clock.sleep(ACCOUNT_SECONDS)
            self._parts.account.report_changes()

    # -- listening (tap.Tap) ------------------------------------------------------------------

    def on_price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        """Pass a price on."""
        self._parts.market.on_price(request_id, tick_type, price, size)

    def on_size(self, request_id: int, tick_type: int, size: float) -> None:
        """Pass a size on."""
        self._parts.market.on_size(request_id, tick_type, size)

    def on_data_type(self, request_id: int, data_type: int) -> None:
        """Pass the kind of data on."""
        self._parts.market.on_data_type(request_id, data_type)

    def on_open_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """Pass an open order on."""
        self._parts.orders.on_open_order(contract, order, state)

    def on_open_orders_end(self) -> None:
        """Pass the end on."""
        self._parts.orders.on_open_orders_end()

    def on_order_status(
        self, order_id: int, status: str, filled: float, remaining: float, perm_id: int, client: int
    ) -> None:
        """Pass a status on."""
        self._parts.orders.on_status(order_id, status, filled, remaining, perm_id, client)

    def on_execution(self, contract: Contract, execution: Execution) -> None:
        """Pass an execution on."""
        self._parts.orders.on_execution(contract, execution)

    def on_executions_end(self, request_id: int) -> None:
        """Pass the end on."""
        self._parts.orders.on_executions_end(request_id)

    def on_commission(self, report: CommissionReport) -> None:
        """Pass a commission on."""
        self._parts.orders.on_commission(report)

    def on_position(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> None:
        """Pass a position on."""
        self._parts.account.on_position(account, contract, quantity, average_cost)

    def on_account_value(self, tag: str, value: str, currency: str, account: str) -> None:
        """Pass a value on."""
        self._parts.account.on_value(tag, value, currency, account)

    def on_account_end(self, account: str) -> None:
        """Report the account's values."""
        self._parts.account.report_changes()

    def on_error(self, request_id: int, code: int, text: str) -> None:
        """Act on what changes the line; tell the rest."""
        parts, ib = self._parts, self.ib
        if code == 326:
            self.refusal = f"[326] {text} - {classify(code).advice}"
        elif code == 1100:
            parts.voice.change(ConnectionState.UPSTREAM_LOST, f"[1100] {text}")
        elif code in (1101, 1102) and ib is not None:
            self._spawn(self._come_back(ib, code, text))
        else:
            client_id = self._settings.client_id
            order_ref = parts.orders.on_error(client_id, request_id, code, text)
            if code != 10349 or order_ref is None:
                parts.voice.code(
                    code,
                    text,
                    instrument_id=parts.market.instrument_of(request_id),
                    order_ref=order_ref,
                )
            if classify(code).code_class is CodeClass.CANCEL and code != 202:
                self.request_state()

    async def _come_back(self, ib: TappedIB, code: int, text: str) -> None:
        """Rebuild what the outage took: everything after 1101, only the knowledge after 1102."""
        if code == 1101:
            self._parts.market.forget()
            self._subscribe_all(ib)
        await self._report_state(ib)
        what = "market data subscribed anew" if code == 1101 else "market data went on"
        self._parts.voice.change(ConnectionState.CONNECTED, f"[{code}] {text}: {what}")
