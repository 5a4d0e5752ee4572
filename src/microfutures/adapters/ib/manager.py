"""`IBManager`: the façade of the IB adapter; every part does one thing and is delegated to."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from microfutures.adapters.ib.broker_clock import BrokerClock
from microfutures.adapters.ib.connection import CONNECT_SECONDS, ConnectionSettings
from microfutures.adapters.ib.supervisor import Supervisor
from microfutures.adapters.ib.workshop import build_parts
from microfutures.adapters.system_clock import SystemClock
from microfutures.config import load_settings
from microfutures.model.approval import Approved
from microfutures.model.events import EngineEvent
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef, StrategyName, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.intents import TargetLeg
from microfutures.model.market import Bar, Quote
from microfutures.model.orders import Order
from microfutures.ports.clock import Clock

DEFAULT_HOST, DEFAULT_PORT, DEFAULT_CLIENT_ID = "127.0.0.1", 7497, 1

_log = logging.getLogger("microfutures.ib")


class IBManager:
    """Connection, market data, orders, positions and account at Interactive Brokers.

    Satisfies `ports.broker.Broker` and `ports.view.BrokerView`.

    Parameters
    ----------
    host, port, client_id
        Where TWS or IB Gateway listens.
    config_path
        A configuration file whose ``connection`` section stands in for what of host, port and
        client id is left at its default.
    clock
        Local time; the machine's by default.
    sink
        Takes every event; by default they are only logged.
    symbols
        Products to resolve, subscribe and warm up.
    warm_up_seconds, warm_up_bars
        Length and number of the past bars to load.
    port_given
        Whether a person named the port; by default, whether it isn't the default one.
    live_given
        Whether a person asked for live money.
    connect_timeout
        Seconds to wait for a connection.

    Raises
    ------
    ConfigurationError
        If the file is wrong.
    """

    def __init__(
        self,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        client_id: int = DEFAULT_CLIENT_ID,
        config_path: str | Path | None = None,
        *,
        clock: Clock | None = None,
        sink: Callable[[EngineEvent], None] | None = None,
        symbols: Sequence[str] = (),
        warm_up_seconds: int = 60,
        warm_up_bars: int = 120,
        port_given: bool | None = None,
        live_given: bool = False,
        connect_timeout: float | None = None,
    ) -> None:
        if config_path is not None:
            said = load_settings(Path(config_path)).connection
            host = said.host if host == DEFAULT_HOST else host
            port = said.port if port == DEFAULT_PORT else port
            client_id = said.client_id if client_id == DEFAULT_CLIENT_ID else client_id
            live_given = live_given or said.live
            connect_timeout = connect_timeout or said.connect_timeout
        self.settings = ConnectionSettings(
            host=host,
            port=port,
            client_id=client_id,
            port_given=port != DEFAULT_PORT if port_given is None else port_given,
            live_given=live_given,
            timeout_seconds=connect_timeout or CONNECT_SECONDS,
        )
        self.clock = BrokerClock(clock or SystemClock())
        self._parts = build_parts(
            clock=self.clock,
            emit=sink or _let_go,
            symbols=[Symbol(symbol) for symbol in symbols],
            bar_seconds=warm_up_seconds,
            bars=warm_up_bars,
            is_repeated=sink is not None,
        )
        self._supervisor = Supervisor(self.settings, self._parts)
        self._own_loop: asyncio.AbstractEventLoop | None = None

    # -- connection ---------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Tell whether the line is up and synchronised."""
        return self._supervisor.is_connected

    def connect(self) -> bool:
        """Connect from a script: log every attempt, retry, return True or False; never raise.

        Time passes for the connection only inside `connect`, `wait` and `disconnect`; inside a
        running event loop use `connect_async`.
        """
        if _is_in_a_loop():
            _log.error("connect() is for scripts; inside an event loop await connect_async()")
            return False
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
        """Try three times to connect; return whether it worked, never raise."""
        return await self._supervisor.connect()

    async def run(self) -> None:
        """Connect, and connect again whenever the line is lost, until `stop`."""
        await self._supervisor.run()

    async def stop(self) -> None:
        """Disconnect and let `run` end."""
        await self._supervisor.stop()

    # -- orders (ports.broker.Broker) ---------------------------------------------------------

    def submit(self, approved: Approved) -> None:
        """Send an approved order."""
        reason = self._supervisor.reason_against_orders
        self._parts.orders.submit(self._parts.account.account, approved, reason)

    def rehearse(self, order: Order) -> None:
        """Spell an order, and don't send it."""
        self._parts.orders.rehearse(self._parts.account.account, order)

    def cancel(self, order_ref: OrderRef) -> None:
        """Ask for a cancel."""
        self._parts.orders.cancel(order_ref)

    def preview(self, intent_id: IntentId, trades: Sequence[TargetLeg]) -> None:
        """Ask what each trade would cost in margin."""
        self._supervisor.preview(intent_id, trades)

    def request_state(self, *, with_completed: bool = True) -> None:
        """Ask for executions, positions and open orders."""
        self._supervisor.request_state(with_completed=with_completed)

    def request_history(self, instrument_id: InstrumentId) -> None:
        """Ask for the warm-up bars again."""
        self._supervisor.request_history(instrument_id)

    async def head_ns(self, instrument_id: InstrumentId) -> int | None:
        """Return the first moment of which there are trades; None if there are none."""
        return await self._supervisor.head_ns(instrument_id)

    async def bars_before(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int
    ) -> tuple[Bar, ...]:
        """Return one request's worth of past bars that end by `end_ns`, at the pace IB allows."""
        return await self._supervisor.bars_before(instrument_id, end_ns, bar_seconds)

    # -- market (ports.view.BrokerView) -------------------------------------------------------

    def now_ns(self) -> int:
        """Return the broker's time."""
        return self.clock.now_ns()

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """Return the contract that `symbol` means now."""
        resolved = self._parts.roster.current.get(symbol)
        return resolved.instrument if resolved else None

    def instrument_by_id(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a contract by its own name."""
        resolved = self._parts.roster.contracts.get(instrument_id)
        return resolved.instrument if resolved else None

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the latest quote."""
        return self._parts.market.latest.get(instrument_id)

    def position(self, strategy: StrategyName, instrument_id: InstrumentId) -> int:
        """Return the account's position, whichever strategy holds it: the broker knows no more."""
        return self._parts.account.quantity(instrument_id)

    def held(self, strategy: StrategyName) -> tuple[InstrumentId, ...]:
        """Return nothing: the broker knows of no strategies."""
        return ()

    def history(self, instrument_id: InstrumentId) -> tuple[Bar, ...]:
        """Return the warm-up bars."""
        return self._parts.history.latest(instrument_id)


def _let_go(_event: EngineEvent) -> None:
    """Take an event that nobody asked for."""


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
