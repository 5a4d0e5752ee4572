"""An order's way is walked to its end, and nobody can tell afterwards."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from helpers.desk import MCL, OPEN_NS, SECOND, USO, a_quote
from helpers.engine_desk import ADesk
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.engine.output import EngineOutput, Preview, Say
from microfutures.engine.rehearsal import Rehearsal
from microfutures.engine.runner import EngineRunner
from microfutures.model.approval import Approved
from microfutures.model.events import Command, CommandReceived, Severity, TimerFired
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef
from microfutures.model.orders import Order, OrderPurpose, Side
from microfutures.risk.gate import RiskGate


class Silent:
    """A broker that must not be sent what is rehearsed."""

    def __init__(self) -> None:
        self.rehearsed: list[Order] = []

    def rehearse(self, order: Order) -> None:
        self.rehearsed.append(order)

    def submit(self, approved: Approved) -> None:
        raise AssertionError(approved)


def an_idle_desk() -> ADesk:
    desk = ADesk(100)
    desk.strategy.legs = ()
    return desk


def a_desk() -> ADesk:
    """Return one whose first order is at the broker."""
    desk = ADesk(100)
    (preview,) = [each for each in desk.timer().effects if isinstance(each, Preview)]
    desk.previewed(preview)
    return desk


def hold(desk: ADesk, instrument_id: InstrumentId, quantity: int) -> None:
    fill = Fill(
        execution_id=ExecutionId("e.01"),
        order_ref=OrderRef("o"),
        instrument_id=instrument_id,
        side=Side.BUY,
        quantity=quantity,
        price=Decimal(70),
        time_ns=OPEN_NS,
    )
    desk.engine.portfolio.book_fill(desk.strategy.name, fill, Decimal(100))


def approved_by(rehearsal: Rehearsal) -> dict[InstrumentId, Order]:
    """Return the orders that a rehearsal in each of the two contracts comes to."""
    records = (*rehearsal.run().records, *rehearsal.run().records)
    orders = [each.payload for each in records if each.name == "OrderApproved"]
    return {each.instrument_id: each for each in orders if isinstance(each, Order)}


def test_a_flat_desk_rehearses_entries_up_to_the_gate_s_approval() -> None:
    orders = approved_by(Rehearsal(a_desk().engine))
    assert {name: (each.side, each.quantity) for name, each in orders.items()} == {
        MCL: (Side.BUY, 1),
        USO: (Side.BUY, 1),
    }
    assert {each.purpose for each in orders.values()} == {OrderPurpose.ENTRY}


def test_what_is_held_is_closed_in_the_rehearsal() -> None:
    desk = a_desk()
    hold(desk, MCL, 2)
    order = approved_by(Rehearsal(desk.engine))[MCL]
    assert (order.side, order.quantity, order.purpose) == (Side.SELL, 2, OrderPurpose.FLATTEN)
    assert order.limit_ticks == 6_998


def test_rehearsals_are_no_orders_in_a_row() -> None:
    desk = a_desk()
    rehearsal = Rehearsal(desk.engine)
    for number in range(200):
        desk.engine.process(TimerFired(time_ns=OPEN_NS + number))
        assert len(approved_by(rehearsal)) == 2


def test_a_desk_that_knows_no_contract_rehearses_nothing() -> None:
    desk = a_desk()
    desk.engine.state.current.clear()
    assert Rehearsal(desk.engine).run() == EngineOutput(0, (), ())


@pytest.mark.parametrize("held", [0, 2])
def test_nobody_can_tell_that_it_was_rehearsed(held: int) -> None:
    answers = []
    for rehearsals in (0, 3):
        desk = a_desk()
        if held:
            hold(desk, MCL, held)
        rehearsal = Rehearsal(desk.engine)
        told = []
        for second in range(1, 40):
            desk.engine.process(a_quote("MCLX6", 70, 70.02, time_ns=OPEN_NS + second * SECOND))
            told.append(desk.timer(second))
            if second == 20:
                flatten = CommandReceived(
                    time_ns=OPEN_NS + second * SECOND, command=Command.FLATTEN, reason="test"
                )
                told.append(desk.engine.process(flatten))
            for _ in range(rehearsals):
                assert rehearsal.run().records
        assert any(output.effects for output in told)
        gate = [(row.rule, row.refusals, row.latest) for row in desk.engine.floor.gate.describe()]
        orders = [each.order for each in desk.engine.floor.desk.orders.live]
        panel = list(desk.engine.voice.events)
        sent = desk.engine.floor.gate.recent_orders(desk.engine.state.time_ns)
        answers.append((told, gate, orders, panel, sent, desk.strategy.refusals.counts))
    assert answers[0] == answers[1]


class ARunner:
    """A runner of that desk on a real journal."""

    def __init__(self, path: Path, rehearsal: Rehearsal, desk: ADesk) -> None:
        self.said: list[Say] = []
        self.broker = Silent()
        self.journal = SqliteJournal(path)
        self.runner = EngineRunner(
            engine=desk.engine,
            journal=self.journal,
            broker=self.broker,  # type: ignore[arg-type]
            clock=SimulatedClock(OPEN_NS),
            speak=lambda _time_ns, say: self.said.append(say),
            first_sequence=0,
            rehearsal=rehearsal,
        )

    async def hear(self, *events: TimerFired | object) -> None:
        running = asyncio.create_task(self.runner.run())
        for event in events:
            self.runner.put(event)  # type: ignore[arg-type]
            await self.runner.settle()
            await asyncio.sleep(0)
        running.cancel()
        self.journal.close()


@pytest.mark.parametrize(("desk", "times"), [(an_idle_desk(), 2), (a_desk(), 0)])
async def test_it_is_rehearsed_after_news_while_nothing_is_worked_on(
    desk: ADesk, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = Rehearsal(desk.engine)
    counted: list[int] = []
    run = rehearsal.run

    def count() -> EngineOutput:
        counted.append(1)
        return run()

    monkeypatch.setattr(rehearsal, "run", count)
    runner = ARunner(tmp_path / "journal.db", rehearsal, desk)
    await runner.hear(
        TimerFired(time_ns=OPEN_NS + 2),
        a_quote("MCLX6", 70.00, 70.02, time_ns=OPEN_NS + 3),
        a_quote("MCLX6", 70.01, 70.03, time_ns=OPEN_NS + 4),
        TimerFired(time_ns=OPEN_NS + 5),
    )
    assert len(counted) == times
    assert runner.said == []


async def test_journal_and_broker_rehearse_their_part_and_keep_nothing(tmp_path: Path) -> None:
    desk = an_idle_desk()
    hold(desk, MCL, 2)
    path = tmp_path / "journal.db"
    runner = ARunner(path, Rehearsal(desk.engine), desk)
    await runner.hear(TimerFired(time_ns=OPEN_NS + 2), TimerFired(time_ns=OPEN_NS + 3))
    (order,) = runner.broker.rehearsed
    assert (order.instrument_id, order.side, order.quantity) == (MCL, Side.SELL, 2)
    with SqliteJournal(path) as journal:
        names = {record.name for record in journal.read()}
    assert "TimerFired" in names
    assert not names & {"Intent", "OrderApproved"}


async def test_a_rehearsal_that_fails_is_told_once_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a rule that can't count")

    desk = an_idle_desk()
    rehearsal = Rehearsal(desk.engine)
    monkeypatch.setattr(RiskGate, "foresee", fail)
    runner = ARunner(tmp_path / "journal.db", rehearsal, desk)
    await runner.hear(TimerFired(time_ns=OPEN_NS + 2), TimerFired(time_ns=OPEN_NS + 3))
    (said,) = runner.said
    assert said.severity is Severity.WARNING
    assert said.text == (
        "an order could not be rehearsed, none is any more: "
        'ZeroDivisionError("a rule that can\'t count")'
    )
    assert desk.engine.state.time_ns == OPEN_NS + 3
