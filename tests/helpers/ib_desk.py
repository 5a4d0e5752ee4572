"""A simulated gateway and an `IBManager` in virtual time, and a market that keeps still."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, time
from decimal import Decimal
from typing import TypeVar

from microfutures.adapters.ib import IBManager
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.model.approval import Approved
from microfutures.model.catalog import listed_contracts
from microfutures.model.events import ConnectionChanged, ConnectionState, EngineEvent
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef, StrategyName
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.twsim.gateway import build_server
from microfutures.twsim.server import TwsServer
from microfutures.twsim.session import Session
from microfutures.venue.messages import BookUpdate, MarketUpdate

TUESDAY = date(2026, 9, 8)
SECOND = 1_000_000_000
MCL, USO = InstrumentId("MCLV6"), InstrumentId("USO")

Kind = TypeVar("Kind")


class StillMarket:
    """Every contract quoted around one price, the ask up and down a tick every few seconds."""

    def __init__(
        self,
        *symbols: str,
        step_seconds: float = 1.0,
        day: date = TUESDAY,
        at: time = time(10, 30),
        volumes: Mapping[str, float] | None = None,
    ) -> None:
        self._step_ns = round(step_seconds * SECOND)
        self._volumes = volumes or {}
        self._start_ns = moment_ns(day, at, NEW_YORK)
        wanted = symbols or ("MCL", "USO")
        self._instruments = tuple(
            each for symbol in wanted for each in listed_contracts(symbol, day)[:4]
        )

    @property
    def start_ns(self) -> int:
        return self._start_ns

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        return self._instruments

    def updates(self) -> Iterator[MarketUpdate]:
        count = 0
        while True:
            at_ns = self._start_ns + count * self._step_ns
            for each in self._instruments:
                ask = 7001 + count % 2
                yield BookUpdate(at_ns, each.instrument_id, 7000, ask, 50, 60)
            count += 1

    def history(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        volume = self._volumes.get(instrument_id, 10.0)
        last = min(end_ns, self._start_ns) // (bar_seconds * SECOND)
        starts = range(last - min(count, 300), last)
        return [
            Bar(each * bar_seconds * SECOND, bar_seconds, 70.0, 70.1, 69.9, 70.0, volume)
            for each in starts
        ]

    def describe(self) -> str:
        return "a still market"


class Desk:
    """A manager at a gateway, and everything it told."""

    def __init__(
        self,
        market: StillMarket | None = None,
        *,
        symbols: tuple[str, ...] = ("MCL", "USO"),
        account: str = "DU1000001",
        cash: int = 100_000,
    ) -> None:
        self.market = market or StillMarket()
        self.clock = SimulatedClock(self.market.start_ns)
        self.server: TwsServer = build_server(
            market=self.market,
            clock=self.clock,
            host="127.0.0.1",
            port=0,
            initial_cash=Decimal(cash),
            accounts=(account,),
        )
        self.symbols = symbols
        self.events: list[EngineEvent] = []

    def manager(self, client_id: int = 1, **settings: object) -> IBManager:
        return IBManager(
            "127.0.0.1",
            self.server.port,
            client_id,
            clock=self.clock,
            sink=self.events.append,
            symbols=self.symbols,
            **settings,  # type: ignore[arg-type]
        )

    def session(self, client_id: int = 1) -> Session:
        """Return the gateway's end of a connection."""
        client = self.server.exchange.clients[client_id]
        assert isinstance(client, Session)
        return client

    def told(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def states(self) -> list[ConnectionState]:
        return [event.state for event in self.told(ConnectionChanged)]

    async def until(
        self, condition: Callable[[], bool], seconds: float = 300.0, *, step: float = 0.05
    ) -> None:
        """Wait, in virtual time, until `condition`."""
        deadline = self.clock.now_ns() + round(seconds * SECOND)
        while not condition():
            assert self.clock.now_ns() < deadline, self.last_words()
            await asyncio.sleep(step)

    async def until_state(self, state: ConnectionState, seconds: float = 300.0) -> None:
        await self.until(lambda: self.states()[-1:] == [state], seconds)

    def last_words(self) -> str:
        return "\n".join(str(event)[:200] for event in self.events[-12:])

    @asynccontextmanager
    async def running(self, client_id: int = 1, **settings: object) -> AsyncIterator[IBManager]:
        """Start gateway and manager, wait until connected, stop both at the end."""
        await self.server.start()
        manager = self.manager(client_id, **settings)
        task = asyncio.create_task(manager.run())
        try:
            await self.until_state(ConnectionState.CONNECTED)
            yield manager
            assert not task.done(), task
        finally:
            await manager.stop()
            await task
            await self.server.stop()


def on_virtual_time(scenario: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run a scenario on a loop whose clock jumps."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(scenario())


def approved(
    order_ref: str,
    side: Side = Side.BUY,
    quantity: int = 1,
    *,
    instrument_id: InstrumentId = MCL,
    limit_ticks: int | None = None,
) -> Approved:
    """Return an order as the risk gate hands it over."""
    return Approved(
        Order(
            order_ref=OrderRef(order_ref),
            intent_id=IntentId("intent"),
            strategy=StrategyName("test"),
            instrument_id=instrument_id,
            side=side,
            quantity=quantity,
            order_type=OrderType.MARKET if limit_ticks is None else OrderType.LIMIT,
            purpose=OrderPurpose.ENTRY,
            limit_ticks=limit_ticks,
        )
    )
