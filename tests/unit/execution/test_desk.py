import pytest

from helpers.desk import MCL, OPEN_NS, USO
from helpers.scripted_broker import PAIR, ScriptedBroker, an_intent
from microfutures.execution.executor import Phase
from microfutures.model.events import OrderUpdated, Severity
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.model.intents import SignalKind
from microfutures.model.orders import OrderStatus, Side

FLAT = ((MCL, 0), (USO, 0))


@pytest.fixture
def broker() -> ScriptedBroker:
    return ScriptedBroker()


def test_desk_refuses_a_second_entry_with_the_reason_of_the_first(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    reason = broker.desk.reason_against(an_intent(name="i2"))
    assert reason == "still working on: because of i1"


def test_desk_refuses_an_entry_on_top_of_a_position(broker: ScriptedBroker) -> None:
    broker.view.positions[USO] = -90
    assert broker.desk.reason_against(an_intent()) == "already holding -90 USO"


def test_desk_refuses_a_second_exit(broker: ScriptedBroker) -> None:
    broker.view.positions[MCL] = 1
    broker.start(an_intent(SignalKind.EXIT, legs=FLAT))
    reason = broker.desk.reason_against(an_intent(SignalKind.STOP, legs=FLAT, name="i2"))
    assert reason == "already closing: because of i1"


@pytest.mark.parametrize(
    ("legs", "words"),
    [
        ((), "no first leg"),
        (((MCL, 0), (USO, 90)), "no first leg"),
        (((MCL, 1), (MCL, 2)), "names a contract twice"),
    ],
)
def test_desk_refuses_an_entry_it_can_not_work(
    broker: ScriptedBroker, legs: tuple[tuple[InstrumentId, int], ...], words: str
) -> None:
    reason = broker.desk.reason_against(an_intent(legs=legs))
    assert reason is not None
    assert words in reason


def test_desk_refuses_an_exit_that_names_a_contract_twice(broker: ScriptedBroker) -> None:
    intent = an_intent(SignalKind.EXIT, legs=((MCL, 0), (MCL, 0)))
    assert "twice" in (broker.desk.reason_against(intent) or "")


def test_exit_supersedes_an_entry_and_waits_for_its_order_before_it_trades(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent())
    entry = broker.latest
    broker.start(an_intent(SignalKind.FLATTEN, legs=FLAT, name="i2"))
    assert broker.cancels == [entry.order_ref]
    assert [(done.intent.intent_id, done.outcome) for done in broker.done] == [("i1", "superseded")]
    broker.timer(1)
    assert broker.sent == [entry]
    broker.fill(entry)  # the fill overtakes the cancel
    broker.deliver_all()
    assert (broker.latest.side, broker.latest.quantity) == (Side.SELL, 1)
    broker.trade(broker.latest)
    assert broker.positions == (0, 0)
    assert broker.desk.running == {}


def test_exit_closes_a_leg_of_the_superseded_entry_that_it_does_not_name(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent())
    broker.trade(broker.latest)
    hedge = broker.latest
    broker.accept(hedge)
    broker.fill(hedge, 30)
    broker.deliver_all()
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),), name="i2"))
    assert broker.cancels == [hedge.order_ref]
    broker.cancel(hedge)
    broker.deliver_all()
    assert (broker.latest.instrument_id, broker.latest.quantity) == (USO, 30)
    for order in broker.sent[-2:]:
        broker.trade(order)
    assert broker.positions == (0, 0)


def test_desk_lets_go_of_intents_when_all_orders_are_cancelled(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    broker.cancel_all()
    assert broker.cancels == [broker.latest.order_ref]
    assert broker.desk.running == {}
    # A strategy that is not told would wait for it for ever, with a leg alone if it is unlucky.
    assert [each.intent for each in broker.done] == [an_intent()]
    broker.timer(60)
    assert len(broker.sent) == 1


def test_desk_refuses_an_entry_while_an_order_it_let_go_of_may_still_fill(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent())
    entry = broker.latest
    broker.cancel_all()
    reason = broker.desk.reason_against(an_intent(name="i2"))
    assert reason == "order r1 of an earlier intent is not settled yet"
    broker.cancel(entry)
    broker.deliver_all()
    assert broker.desk.reason_against(an_intent(name="i2")) is None


def test_exit_adopts_an_order_that_was_let_go_of(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    entry = broker.latest
    broker.cancel_all()
    broker.start(an_intent(SignalKind.FLATTEN, legs=(), name="i2"))
    assert broker.desk.running[PAIR].phase is Phase.CLOSING
    broker.fill(entry)
    broker.deliver_all()
    broker.trade(broker.latest)
    assert broker.positions == (0, 0)
    assert broker.done[-1].outcome == "holding +0 MCLX6"


def test_desk_chases_the_cancel_of_an_order_it_let_go_of(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    broker.cancel_all()
    broker.timer(10)
    assert broker.cancels == [broker.latest.order_ref] * 2
    assert broker.asked == 1


def test_desk_ignores_orders_that_are_not_ours(broker: ScriptedBroker) -> None:
    update = OrderUpdated(
        time_ns=OPEN_NS, order_ref=OrderRef("somebody"), status=OrderStatus.REJECTED
    )
    assert broker.desk.on_update(update) == []


def test_desk_tells_what_can_not_be(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    broker.reject(broker.latest)
    broker.deliver_all()
    broker.orders[broker.latest.order_ref].status = OrderStatus.WORKING
    broker.accept(broker.latest)
    broker.deliver_all()
    assert any("r1 is working" in text for text in broker.said(Severity.ERROR))


def test_late_fill_of_a_finished_intent_is_booked_and_starts_nothing(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent(legs=((MCL, 1),)))
    entry = broker.latest
    broker.accept(entry)
    broker.deliver_all()
    broker.timer(2)
    broker.cancel_all()
    broker.fill(entry)
    broker.deliver_all()
    assert broker.view.positions[MCL] == 1
    assert broker.sent == [entry]
    assert broker.desk.reason_against(an_intent(name="i2")) == "already holding +1 MCLX6"


def test_exit_closes_a_leg_whose_order_is_gone_and_that_it_does_not_name(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent())
    broker.trade(broker.latest)
    hedge = broker.latest
    broker.fill(hedge, 30)
    broker.cancel(hedge)  # unasked: its leg pauses with 30 sold
    broker.deliver_all()
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),), name="i2"))
    for order in broker.sent[-2:]:
        broker.trade(order)
    assert broker.positions == (0, 0)
