"""What a new connection has to learn before it counts as connected, and in which order.

The events come in one order, after every connection: `InstrumentResolved`, `AccountReported`,
fills and commissions that were missed, `BrokerStateReported`, `HistoryLoaded`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial

from microfutures.adapters.ib import guard
from microfutures.adapters.ib.connection import ConnectionSettings
from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.parts import Parts
from microfutures.adapters.ib.tap import TappedIB
from microfutures.model.errors import InvalidValueError, MicroFuturesError, UnknownInstrumentError
from microfutures.model.events import (
    BrokerOrder,
    BrokerStateReported,
    ConnectionState,
    InstrumentResolved,
)
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.timestamp import seconds
from microfutures.model.trading_hours import NEW_YORK, local_date

ANSWER_SECONDS = 10.0
TIME_SECONDS = 5.0
HISTORY_SECONDS = 20.0
DAY_STARTS_EARLY_SECONDS = 6.5 * 3600
"""Contracts are looked at anew at 17:30 New York, in the daily break of the futures."""

BASE_CURRENCY = "USD"


class Learner:
    """Asks one connection for all that the desk has to know."""

    def __init__(
        self,
        ib: TappedIB,
        settings: ConnectionSettings,
        parts: Parts,
        *,
        retry_history: Callable[[Resolved], None],
    ) -> None:
        self._ib = ib
        self._settings = settings
        self._parts = parts
        self._retry_history = retry_history
        self._reporting = asyncio.Lock()

    async def learn_all(self) -> str | None:
        """Learn everything; return in words why this account is not traded, None if it is.

        Raises
        ------
        TimeoutError, ConnectionError
            If the broker does not answer, or is gone.
        BrokerRequestError
            If it refuses to describe a contract.
        """
        settings, parts, client = self._settings, self._parts, self._ib.client
        accounts = client.getAccounts()
        reason = guard.reason_against(
            accounts,
            port=settings.port,
            port_given=settings.port_given,
            live_given=settings.live_given,
        )
        if reason is not None:
            return reason
        parts.account.choose(accounts[0])
        if await self.learn_time():
            parts.voice.info(
                f"the broker's clock is {parts.clock.offset_words} this machine's: the desk goes "
                f"by the broker's"
            )
        # The first event on the broker's date: a simulator's may be another than ours.
        parts.voice.change(
            ConnectionState.CONNECTING,
            f"{settings.target} answers: learning contracts, account {accounts[0]} and its orders",
        )
        await self.resolve_all()
        client.reqAccountUpdates(True, accounts[0])
        await asyncio.wait_for(parts.account.wait_reported(), ANSWER_SECONDS)
        if parts.account.currency not in ("", BASE_CURRENCY):
            parts.voice.warn(
                f"the account is kept in {parts.account.currency}: its figures are not dollars",
                "margin is compared without conversion; leave ample room",
            )
        await self.report_state()
        for instrument_id in parts.roster.current_ids:
            await self._load_history(parts.roster.contracts[instrument_id])
        return None

    async def learn_time(self) -> float:
        """Set the broker's clock; return by how much it jumped, seconds."""
        asked_ns = self._parts.clock.now_ns()
        moment = await asyncio.wait_for(self._ib.reqCurrentTimeAsync(), TIME_SECONDS)
        return self._parts.clock.learn(round(moment.timestamp()), asked_ns=asked_ns)

    # -- contracts ----------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """Return the trading day, New York."""
        early_ns = self._parts.clock.now_ns() + seconds(DAY_STARTS_EARLY_SECONDS)
        return local_date(early_ns, NEW_YORK)

    async def resolve_all(self) -> None:
        """Tell what is held and what every symbol means; once a day the broker is asked."""
        for held in self._parts.account.held:
            name = held.position.instrument_id
            await self._try(partial(self._resolve_held, name, held.contract.conId))
        for symbol in self._parts.roster.symbols:
            await self._try(partial(self._resolve, symbol))

    async def _try(self, resolve: Callable[[], Awaitable[None]]) -> None:
        """Resolve one contract; one that can't be had must not stop the others."""
        try:
            await resolve()
        except (UnknownInstrumentError, InvalidValueError) as error:
            self._parts.voice.warn(str(error), "strategies that need it don't trade")

    async def _resolve_held(self, instrument_id: InstrumentId, con_id: int) -> None:
        """Make known what an earlier run left in a month that is not the front any more."""
        roster = self._parts.roster
        resolved = roster.contracts.get(instrument_id)
        if resolved is None:
            resolved = await self._parts.finder.identify(self._ib, con_id, roster.symbols)
            if resolved is None:
                return
            roster.take_old(resolved)
        if instrument_id not in roster.current_ids:
            # Told before the current month, which is told last and stays the one that is meant.
            self._tell_resolved(resolved.instrument.symbol, resolved)

    async def _resolve(self, symbol: Symbol) -> None:
        roster, today = self._parts.roster, self.today
        current = roster.current.get(symbol)
        if current is None or not roster.is_fresh(symbol, today):
            current = await self._parts.finder.resolve(self._ib, symbol, today, current)
            roster.take(symbol, current, today)
        self._tell_resolved(symbol, current)

    def _tell_resolved(self, symbol: Symbol, resolved: Resolved) -> None:
        now_ns = self._parts.clock.now_ns()
        self._parts.emit(
            InstrumentResolved(time_ns=now_ns, symbol=symbol, instrument=resolved.instrument)
        )

    # -- bars, orders, streams ----------------------------------------------------------------

    async def load_history(self, resolved: Resolved) -> None:
        """Load warm-up bars, whenever the pace allows."""
        self._parts.emit(await self._parts.history.load(self._ib, resolved))

    async def _load_history(self, resolved: Resolved) -> None:
        """Load warm-up bars, or say why not and go on; they are asked for again later."""
        try:
            await asyncio.wait_for(self.load_history(resolved), HISTORY_SECONDS)
        except (MicroFuturesError, TimeoutError) as error:
            why = str(error) or "no answer"
            self._parts.voice.warn(
                f"no past bars of {resolved.instrument.instrument_id} ({why})",
                "the strategy warms up from live quotes; they are asked for once more",
            )
            self._retry_history(resolved)

    async def report_state(self, *, with_completed: bool = True) -> None:
        """Have executions told, and report positions and open and, if wanted, completed orders."""
        parts = self._parts
        async with self._reporting:
            await asyncio.wait_for(parts.orders.replay_executions(self._ib), ANSWER_SECONDS)
            asked_ns = parts.clock.now_ns()
            open_orders = await asyncio.wait_for(parts.orders.list_open(self._ib), ANSWER_SECONDS)
            completed = await self._completed_orders() if with_completed else ()
            parts.account.clear_positions()
            await asyncio.wait_for(self._ib.reqPositionsAsync(), ANSWER_SECONDS)
        parts.emit(
            BrokerStateReported(
                time_ns=parts.clock.now_ns(),
                positions=parts.account.positions,
                open_orders=open_orders,
                completed_orders=completed,
                asked_ns=asked_ns,
            )
        )

    async def _completed_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the orders that are over; none where TWS keeps silent about them."""
        try:
            return await asyncio.wait_for(
                self._parts.orders.list_completed(self._ib), ANSWER_SECONDS
            )
        except TimeoutError:
            self._parts.voice.warn(
                "TWS does not list completed orders", "executions and open orders tell as much"
            )
            return ()

    def subscribe(self) -> None:
        """Stream what the symbols mean now and what is held of older months, nothing else."""
        parts = self._parts
        held = {each.position.instrument_id for each in parts.account.held}
        wanted = {*parts.roster.current_ids, *(held & parts.roster.contracts.keys())}
        for instrument_id in set(parts.market.subscribed) - wanted:
            parts.market.unsubscribe(self._ib, instrument_id)
        for instrument_id in sorted(wanted - set(parts.market.subscribed)):
            contract = parts.roster.contracts[instrument_id].contract
            parts.market.subscribe(self._ib, instrument_id, contract)
