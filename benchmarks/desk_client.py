"""The full desk on the order path: the real parts, wired as `app` wires them.

Run by `benchmarks.tick_to_order`. Journal, risk gate and reconciliation are on, and so are the
log file, the timer and the supervision; one strategy more sells on a tick.
"""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from benchmarks.measured import Meter
from benchmarks.processes import HOST
from benchmarks.tick_server import SEED_POSITION, SIGNAL_SIZE
from microfutures.adapters.ib import paced_client
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.system_clock import SystemClock
from microfutures.app.arguments import RunOptions
from microfutures.app.garbage import GarbagePolicy
from microfutures.app.headless import speak
from microfutures.app.lifecycle import Lifecycle, Pace
from microfutures.app.logging_setup import start_logging
from microfutures.app.supervision import Supervision
from microfutures.app.wiring import System, build_system, journal_path
from microfutures.config import DisplayMode, Settings
from microfutures.config.risk_limits import RiskLimits
from microfutures.config.settings import (
    DEFAULT_STRATEGY,
    ConnectionSettings,
    LogLevel,
    StrategySettings,
)
from microfutures.model.events import ConnectionState
from microfutures.model.fills import Fill
from microfutures.model.identifiers import (
    ExecutionId,
    InstrumentId,
    IntentId,
    OrderRef,
    StrategyName,
    Symbol,
)
from microfutures.model.instrument import Instrument
from microfutures.model.intents import Intent, Signal, SignalKind, TargetLeg
from microfutures.model.market import Quote
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.model.snapshot import DeskSnapshot
from microfutures.strategies.base import Strategy
from microfutures.strategies.status import StrategyStatus

SELLER = StrategyName("seller")
RATE = 1_000_000
"""No limit on the rate of orders: the rules are asked all the same."""
SEED_PRICE = Decimal(60)
"""Below every bid: a position this large that loses would have to be closed."""


class Seller(Strategy):
    """Sells one of what it holds whenever the bid has the size of a signal."""

    def __init__(self, system: System, meter: Meter) -> None:
        super().__init__(SELLER, 1_000, system.engine.state)
        self._state = system.engine.state
        self._meter = meter
        self._has_sold = False

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return (Symbol("MCL"), Symbol("USO"))

    def on_quote(self, quote: Quote) -> Sequence[Intent]:
        if quote.bid_size != SIGNAL_SIZE:
            # Looking at the memory takes as long as an order: not while one is on its way.
            if self._has_sold:
                self._meter.count()
                self._has_sold = False
            return ()
        self._has_sold = True
        held = self._state.position(SELLER, quote.instrument_id)
        leg = TargetLeg(instrument_id=quote.instrument_id, quantity=held - 1)
        return (self.make_intent(SignalKind.EXIT, (leg,), "signal", quote.time_ns),)

    def check_signals(self, market_data: Mapping[Symbol, Quote]) -> list[Signal]:
        return []

    def execute_trades(self, signals: Sequence[Signal]) -> list[Intent]:
        return []

    def status(self) -> StrategyStatus:
        return StrategyStatus(
            state="selling",
            metrics=(),
            z_score=None,
            z_entry=None,
            z_exit=None,
            why_no_trade="",
            refusals=self.refusals.counts,
        )

    def held_legs(self) -> tuple[TargetLeg, ...]:
        return ()


class _NoView:
    """Shows nothing."""

    def update(self, snapshot: DeskSnapshot) -> None:
        pass


async def sell_on_signal(port: int, meter: Meter, log_dir: Path) -> None:
    """Run the desk until the server hangs up."""
    # IB's limit of messages a second would be what is measured.
    paced_client.MOST_MESSAGES_A_SECOND = RATE  # type: ignore[attr-defined]
    clock = SystemClock()
    log = start_logging(log_dir, level=LogLevel.INFO, clock=clock)
    with SqliteJournal(journal_path(log_dir, is_simulated=False)) as journal:
        system = build_system(
            _settings(port), _options(), simulation=None, journal=journal, speak=speak
        )
        seller = Seller(system, meter)
        system.engine.portfolio.add_strategy(seller, 50)
        strategies = system.engine.strategies
        assert isinstance(strategies, list)
        strategies.append(seller)
        supervision = Supervision(engine=system.engine, runner=system.runner, clock=clock)
        garbage = GarbagePolicy(clock=clock, is_quiet=lambda: not system.engine.is_busy)
        lifecycle = Lifecycle(
            system,
            view=_NoView(),
            pace=Pace(display=1.0, export=3600.0, duration=None, flatten_timeout=1.0),
            keep_positions=True,
            export=lambda: iter(()),
            safeguards=(supervision.run, garbage.run),
        )
        running = asyncio.create_task(lifecycle.run())
        await _until_connected(system, running)
        _hold(system)
        meter.ready()
        while system.engine.state.connection is ConnectionState.CONNECTED and not running.done():
            await clock.sleep(0.1)
        lifecycle.request_stop("the server hung up")
        await running
    log.close()


async def _until_connected(system: System, running: "asyncio.Task[object]") -> None:
    """Return when the first quotes are in; raise what ended a desk before that."""
    while system.engine.state.connection is not ConnectionState.CONNECTED:
        if running.done():
            await running
            raise RuntimeError("the desk ended before it was connected")
        await system.manager.clock.sleep(0.05)
    await system.runner.settle()
    # Streams are asked for and the first quotes are in.
    await system.manager.clock.sleep(0.5)


def _hold(system: System) -> None:
    """Let the desk know of positions that an earlier run left, as recovery does."""
    for number, instrument in enumerate(system.engine.state.current.values()):
        order = _seed(instrument, number)
        system.engine.books.restore_order(order)
        system.engine.books.restore_fill(
            Fill(
                execution_id=ExecutionId(f"seed.{number}.01"),
                order_ref=order.order_ref,
                instrument_id=instrument.instrument_id,
                side=Side.BUY,
                quantity=SEED_POSITION,
                price=SEED_PRICE,
                time_ns=system.engine.state.time_ns,
            )
        )


def _seed(instrument: Instrument, number: int) -> Order:
    return Order(
        order_ref=OrderRef(f"seed-{number}"),
        intent_id=IntentId("seed"),
        strategy=SELLER,
        instrument_id=InstrumentId(instrument.instrument_id),
        side=Side.BUY,
        quantity=SEED_POSITION,
        order_type=OrderType.MARKET,
        purpose=OrderPurpose.ENTRY,
    )


def _settings(port: int) -> Settings:
    plain = Settings()
    return replace(
        plain,
        connection=ConnectionSettings(host=HOST, port=port),
        risk=RiskLimits(
            max_orders_per_window=RATE,
            max_identical_orders=RATE,
            max_drawdown_percent=100,
            flatten_drawdown_percent=100,
        ),
        strategies={
            DEFAULT_STRATEGY: StrategySettings(strategy_class=DEFAULT_STRATEGY, allocation=50.0)
        },
    )


def _options() -> RunOptions:
    return RunOptions(
        simulate=None,
        data=None,
        tape_start=None,
        tape_end=None,
        speed=1.0,
        seed=1,
        duration_seconds=None,
        display=DisplayMode.NONE,
        keep_positions=True,
        live=False,
        virtual_time=False,
        port_given=True,
    )
