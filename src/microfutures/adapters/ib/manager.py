"""`IBManager`: the façade of the IB adapter; every part does one thing and is delegated to."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random

from microfutures.adapters.ib.account import AccountDesk
from microfutures.adapters.ib.broker_clock import BrokerClock
from microfutures.adapters.ib.connection import Backoff, ConnectionSettings, open_connection
from microfutures.adapters.ib.link import Link, LinkParts
from microfutures.adapters.ib.market_data import MarketDataDesk
from microfutures.adapters.ib.orders import OrderDesk
from microfutures.adapters.ib.roster import Roster
from microfutures.adapters.ib.voice import Voice
from microfutures.adapters.system_clock import SystemClock
from microfutures.config import load_settings
from microfutures.model.approval import Approved
from microfutures.model.events import ConnectionState, EngineEvent, FillReceived
from microfutures.model.fees import commission
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef, StrategyName, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.intents import TargetLeg
from microfutures.model.market import Bar, Quote
from microfutures.ports.clock import Clock

CONNECT_ATTEMPTS = 3

_log = logging.getLogger("microfutures.ib")


class IBManager:
    """Connection, market data, orders, positions and account at Interactive Brokers.

    Satisfies `ports.broker.Broker` and `ports.view.BrokerView`.

    Parameters
    ----------
    host, port, client_id
        Where TWS or IB Gateway listens.
    config_path
        A configuration file whose ``connection`` section stands in for host, port and client id.
    clock
        Local time; the machine's by default.
    sink
        Takes every event; by default they are only logged.
    symbols
        Products to resolve, subscribe and warm up.
    warm_up_seconds, warm_up_bars
        Length and number of the past bars to load.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 7497,
        client_id: int = 1,
        config_path: str | Path | None = None,
        *,
        clock: Clock | None = None,
        sink: Callable[[EngineEvent], None] | None = None,
        symbols: Sequence[str] = (),
        warm_up_seconds: int = 60,
        warm_up_bars: int = 120,
        port_given: bool = False,
        live_given: bool = False,
    ) -> None:
        if config_path is not None:
            connection = load_settings(Path(config_path)).connection
            host, port, client_id = connection.host, connection.port, connection.client_id
        self.settings = ConnectionSettings(
            host=host,
            port=port,
            client_id=client_id,
            port_given=port_given,
            live_given=live_given,
        )
        self.clock = BrokerClock(clock or SystemClock())
        self._sink = sink
        self._positions: dict[InstrumentId, int] = {}
        self._voice = Voice(self.clock, self._emit)
        self._roster = Roster(
            [Symbol(symbol) for symbol in symbols],
            bar_seconds=warm_up_seconds,
            bars=warm_up_bars,
        )
        self._market = MarketDataDesk(self.clock, self._emit)
        self._orders = OrderDesk(
            clock=self.clock, emit=self._emit, contracts=self._roster.contracts
        )
        self._account = AccountDesk(self.clock, self._emit)
        self._backoff = Backoff(Random(client_id))  # noqa: S311 - jitter, not a secret
        self._link: Link | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping = asyncio.Event()

    # -- connection ---------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Tell whether the line is up and synchronised."""
        return self._voice.state is ConnectionState.CONNECTED

    def connect(self) -> bool:
        """Connect from a script: log every attempt, retry, return True or False; never raise.

        Time passes for the connection only inside `connect`, `wait` and `disconnect`; inside a
        running event loop use `connect_async`.
        """
        if self._own_loop is None:
            self._own_loop = asyncio.new_event_loop()
        return self._own_loop.run_until_complete(self.connect_async())

    def wait(self, seconds: float) -> None:
        """Let a script's connection work for `seconds`."""
        if self._own_loop is not None:
            self._own_loop.run_until_complete(self.clock.sleep(seconds))

    def disconnect(self) -> None:
        """End a script's connection."""
        if self._own_loop is not None:
            self._own_loop.run_until_complete(self.stop())
            self._own_loop.close()
            self._own_loop = None

    async def connect_async(self) -> bool:
        """Try a few times to connect; return whether it worked, never raise."""
        for attempt in range(1, CONNECT_ATTEMPTS + 1):
            if await self._open(attempt):
                return True
            delay = self._backoff.fail()
            if attempt < CONNECT_ATTEMPTS:
                await self.clock.sleep(delay)
        return False

    async def run(self) -> None:
        """Connect, and connect again whenever the line is lost, until `stop`."""
        attempt = 1
        while not self._is_stopping.is_set():
            if await self._open(attempt) and self._link is not None:
                attempt = 1
                self._backoff.succeed()
                await self._link.wait_lost()
                self._close_link()
                if self._is_stopping.is_set():
                    break
                target = self.settings.target
                self._voice.change(
                    ConnectionState.DISCONNECTED, f"the connection to {target} is lost"
                )
            delay = self._backoff.fail()
            attempt += 1
            self._voice.info(f"trying again in {delay:.0f} s")
            await self.clock.sleep(delay)

    async def stop(self) -> None:
        """Disconnect and let `run` end."""
        self._is_stopping.set()
        self._close_link()
        self._voice.change(ConnectionState.DISCONNECTED, "disconnected")

    async def _open(self, attempt: int) -> bool:
        settings = self.settings
        self._voice.change(
            ConnectionState.CONNECTING,
            f"connecting to {settings.target} as client {settings.client_id}, attempt {attempt}",
        )
        parts = LinkParts(
            clock=self.clock,
            voice=self._voice,
            roster=self._roster,
            market=self._market,
            orders=self._orders,
            account=self._account,
            emit=self._emit,
        )
        link = Link(settings, parts)
        opened = await open_connection(settings, link)
        if isinstance(opened, str):
            self._voice.change(ConnectionState.DISCONNECTED, link.refusal or opened)
            return False
        self._link = link
        problem = await link.synchronise(opened)
        if problem is not None:
            self._close_link()
            self._voice.change(ConnectionState.DISCONNECTED, problem)
            return False
        return True

    def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _emit(self, event: EngineEvent) -> None:
        if isinstance(event, FillReceived):
            fill = event.fill
            held = self._positions.get(fill.instrument_id, 0)
            self._positions[fill.instrument_id] = held + fill.signed_quantity
        if self._sink is not None:
            self._sink(event)

    # -- orders (ports.broker.Broker) ---------------------------------------------------------

    def submit(self, approved: Approved) -> None:
        """Send an approved order."""
        ib = self._link.ib if self._link else None
        self._orders.submit(ib, self._account.account, approved)

    def cancel(self, order_ref: OrderRef) -> None:
        """Ask for a cancel."""
        self._orders.cancel(self._link.ib if self._link else None, order_ref)

    def preview(self, intent_id: IntentId, trades: Sequence[TargetLeg]) -> None:
        """Ask what each trade would cost in margin."""
        if self._link is not None:
            self._link.preview(intent_id, trades)

    def request_state(self) -> None:
        """Ask for executions, positions and open orders."""
        if self._link is not None:
            self._link.request_state()

    def request_history(self, instrument_id: InstrumentId) -> None:
        """Ask for the warm-up bars again."""
        if self._link is not None:
            self._link.request_history(instrument_id)

    # -- market (ports.view.BrokerView) -------------------------------------------------------

    def now_ns(self) -> int:
        """Return the broker's time."""
        return self.clock.now_ns()

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """Return the contract that `symbol` means now."""
        resolved = self._roster.current.get(symbol)
        return resolved.instrument if resolved else None

    def instrument_by_id(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a contract by its own name."""
        resolved = self._roster.contracts.get(instrument_id)
        return resolved.instrument if resolved else None

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the latest quote."""
        return self._market.latest.get(instrument_id)

    def position(self, strategy: StrategyName, instrument_id: InstrumentId) -> int:
        """Return the account's position; a script has one strategy."""
        for position in self._account.positions:
            if position.instrument_id == instrument_id:
                return position.quantity
        return 0

    def history(self, instrument_id: InstrumentId) -> tuple[Bar, ...]:
        """Return the warm-up bars."""
        return self._roster.history.get(instrument_id, ())

    def commission(self, instrument_id: InstrumentId, quantity: int, price: float) -> float:
        """Return the published commission of one trade, USD."""
        symbol = self._roster.contracts[instrument_id].instrument.symbol
        return float(commission(symbol, quantity, Decimal(repr(price))))
