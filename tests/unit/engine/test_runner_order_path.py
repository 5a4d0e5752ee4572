"""From a tick to the broker: what is journaled and what is said by the time an order leaves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path

import pytest

from helpers.desk import MCL, OPEN_NS, a_quote, an_instrument
from microfutures.adapters.ahead_log import read_ahead
from microfutures.adapters.sqlite_journal import JournalReader, SqliteJournal
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.engine.commands import HALTED
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.engine.output import Say
from microfutures.engine.runner import EngineRunner
from microfutures.model.approval import Approved
from microfutures.model.events import (
    ConnectionChanged,
    ConnectionState,
    InstrumentResolved,
    TimerFired,
)
from microfutures.model.fills import Fill
from microfutures.model.identifiers import (
    ExecutionId,
    InstrumentId,
    IntentId,
    OrderRef,
    StrategyName,
    Symbol,
)
from microfutures.model.intents import Intent, Signal, SignalKind, TargetLeg
from microfutures.model.market import Quote
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.portfolio import Portfolio
from microfutures.strategies.base import Strategy
from microfutures.strategies.status import StrategyStatus

STOP = 69.0


class StopStrategy(Strategy):
    """Closes its position on the very tick that bids less than its stop."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return (Symbol("MCL"),)

    def on_quote(self, quote: Quote) -> Sequence[Intent]:
        if quote.bid is None or quote.bid > STOP:
            return ()
        flat = (TargetLeg(instrument_id=quote.instrument_id, quantity=0),)
        return (self.make_intent(SignalKind.EXIT, flat, "stop", quote.time_ns),)

    def check_signals(self, market_data: Mapping[Symbol, Quote]) -> list[Signal]:
        return []

    def execute_trades(self, signals: Sequence[Signal]) -> list[Intent]:
        return []

    def status(self) -> StrategyStatus:
        raise NotImplementedError

    def held_legs(self) -> tuple[TargetLeg, ...]:
        return ()


class ReadingBroker:
    """Looks, when an order leaves, into the file that a next start would look into."""

    def __init__(self, path: Path, said: list[str]) -> None:
        self.sent: list[Order] = []
        self.journaled: list[str] = []
        self.said_before: list[str] = []
        self.answer: Callable[[], None] = lambda: None
        """What the broker says while an order is handed to it."""
        self._path = path
        self._said = said

    def submit(self, approved: Approved) -> None:
        self.journaled = [row[3] for row in read_ahead(self._path)]
        self.said_before = list(self._said)
        self.sent.append(approved.order)
        self.answer()

    def rehearse(self, order: Order) -> None:
        raise NotImplementedError

    def cancel(self, order_ref: OrderRef) -> None:
        raise NotImplementedError

    def preview(self, intent_id: IntentId, trades: Sequence[TargetLeg]) -> None:
        raise NotImplementedError

    def request_state(self, *, with_completed: bool) -> None:
        raise NotImplementedError

    def request_history(self, instrument_id: InstrumentId) -> None:
        raise NotImplementedError


class ADesk:
    """A runner with a long position, connected, on a real journal."""

    def __init__(self, path: Path) -> None:
        strategy = StopStrategy("stop", 2000, None)
        portfolio = Portfolio()
        portfolio.add_strategy(strategy)
        settings = EngineSettings(check_interval_seconds=1, order_ref_prefix="t")
        self.engine = Engine(portfolio=portfolio, strategies=[strategy], settings=settings)
        self.journal = SqliteJournal(path)
        self.said: list[str] = []
        self.broker = ReadingBroker(path.with_name(path.name + "-ahead"), self.said)
        self.runner = EngineRunner(
            engine=self.engine,
            journal=self.journal,
            broker=self.broker,
            clock=SimulatedClock(OPEN_NS),
            speak=self._hear,
            first_sequence=0,
        )
        self.runner.step(
            InstrumentResolved(
                time_ns=OPEN_NS, symbol=Symbol("MCL"), instrument=an_instrument("MCLX6")
            )
        )
        self.runner.step(
            ConnectionChanged(time_ns=OPEN_NS, state=ConnectionState.CONNECTED, detail="test")
        )
        portfolio.book_fill(StrategyName("stop"), _bought(), Decimal(100))
        self.said.clear()

    def _hear(self, _time_ns: int, say: Say) -> None:
        self.said.append(say.text)


@asynccontextmanager
async def running_desk(directory: Path) -> AsyncIterator[tuple[ADesk, asyncio.Task[None]]]:
    """Yield one whose runner waits for what comes, and the task that runs it."""
    desk = ADesk(directory / "journal.db")
    running = asyncio.create_task(desk.runner.run())
    await asyncio.sleep(0)
    try:
        yield desk, running
    finally:
        running.cancel()
        desk.journal.close()


def _bought() -> Fill:
    return Fill(
        execution_id=ExecutionId("e.01"),
        order_ref=OrderRef("o"),
        instrument_id=MCL,
        side=Side.BUY,
        quantity=2,
        price=Decimal(70),
        time_ns=OPEN_NS,
    )


def test_a_strategy_can_close_on_the_very_tick(tmp_path: Path) -> None:
    desk = ADesk(tmp_path / "journal.db")
    desk.runner.step(a_quote("MCLX6", 70.00, 70.02))
    assert desk.broker.sent == []
    desk.runner.step(a_quote("MCLX6", 68.90, 68.92))
    (order,) = desk.broker.sent
    assert (order.side, order.quantity, order.purpose) == (Side.SELL, 2, OrderPurpose.EXIT)
    assert (order.order_type, order.limit_ticks) == (OrderType.LIMIT, 6_888)
    desk.journal.close()


def test_order_leaves_after_it_is_journaled_and_before_anything_is_said(tmp_path: Path) -> None:
    desk = ADesk(tmp_path / "journal.db")
    desk.runner.step(a_quote("MCLX6", 68.90, 68.92))
    assert desk.broker.journaled[-3:] == ["Quote", "Intent", "OrderApproved"]
    assert desk.broker.said_before == []
    assert desk.said == ["stop exit: stop"]
    desk.journal.close()


async def test_a_quote_that_finds_nothing_before_it_is_worked_on_at_once(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as (desk, _):
        desk.runner.put(a_quote("MCLX6", 68.90, 68.92))
        (order,) = desk.broker.sent
        assert order.limit_ticks == 6_888
        assert desk.broker.journaled[-3:] == ["Quote", "Intent", "OrderApproved"]


async def test_a_quote_behind_other_news_waits_for_its_turn(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as (desk, _):
        desk.runner.put(TimerFired(time_ns=OPEN_NS))
        desk.runner.put(a_quote("MCLX6", 68.90, 68.92))
        assert desk.broker.sent == []
        await desk.runner.settle()
        assert len(desk.broker.sent) == 1
        assert desk.broker.journaled.index("TimerFired") < desk.broker.journaled.index("Quote")


async def test_what_is_put_while_a_quote_is_worked_on_comes_after_it(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as (desk, _):
        later = a_quote("MCLX6", 68.80, 68.82, time_ns=OPEN_NS + 1)
        desk.broker.answer = lambda: desk.runner.put(later)
        desk.runner.put(a_quote("MCLX6", 68.90, 68.92))
        assert desk.engine.state.quotes[MCL].bid == 68.90
        await desk.runner.settle()
        assert desk.engine.state.quotes[MCL].bid == 68.80


async def test_an_engine_that_fails_on_a_quote_ends_the_run_and_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Sequence[Intent]:
        raise ZeroDivisionError("a strategy that can't count")

    monkeypatch.setattr(StopStrategy, "on_quote", fail)
    async with running_desk(tmp_path) as (desk, running):
        desk.runner.put(a_quote("MCLX6", 68.90, 68.92))
        desk.runner.put(a_quote("MCLX6", 68.80, 68.82, time_ns=OPEN_NS + 1))
        with pytest.raises(ZeroDivisionError):
            await running
        assert desk.engine.state.quotes[MCL].bid == 68.90
        (*_, last) = desk.journal.read()
        assert last.name == HALTED
        assert b"can't count" in last.payload


async def test_a_quote_is_written_ahead_before_the_next_thing_happens(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as (desk, _):
        ahead = tmp_path / "journal.db-ahead"
        desk.runner.put(a_quote("MCLX6", 70.00, 70.02))
        assert read_ahead(ahead)[-1][3] == "Quote"
        desk.runner.put(a_quote("MCLX6", 70.01, 70.03, time_ns=OPEN_NS + 1))
        assert read_ahead(ahead)[-1][0] == desk.journal.last_sequence()


async def test_ticks_alone_are_committed_with_what_comes_next(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as (desk, _):
        with closing(JournalReader(tmp_path / "journal.db")) as reader:
            desk.runner.put(TimerFired(time_ns=OPEN_NS))
            await desk.runner.settle()
            desk.runner.put(a_quote("MCLX6", 70.00, 70.02))
            await desk.runner.settle()
            await asyncio.sleep(0)
            assert [record.name for record in reader.read({"market"})] == []
            desk.runner.put(TimerFired(time_ns=OPEN_NS))
            await desk.runner.settle()
            await asyncio.sleep(0)
            assert [record.name for record in reader.read({"market"})] == ["Quote"]
