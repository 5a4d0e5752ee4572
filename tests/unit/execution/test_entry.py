import pytest
from msgspec.structs import replace

from helpers.desk import HOUR, MCL, OPEN_NS, USO, an_instrument
from helpers.scripted_broker import PAIR, ScriptedBroker, an_intent
from microfutures.execution.executor import Phase
from microfutures.model.events import Severity
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId
from microfutures.model.intents import SignalKind
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.model.sessions import Session


@pytest.fixture
def broker() -> ScriptedBroker:
    return ScriptedBroker()


def test_entry_sends_the_first_leg_alone_through_the_ask(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    (order,) = broker.sent
    assert (order.instrument_id, order.side, order.quantity) == (MCL, Side.BUY, 1)
    assert order.limit_ticks == 7002 + 2
    assert order.purpose is OrderPurpose.ENTRY
    assert not order.outside_regular_hours


def test_entry_sells_through_the_bid(broker: ScriptedBroker) -> None:
    broker.start(an_intent(SignalKind.ENTER_SHORT, legs=((MCL, -1), (USO, 90))))
    assert broker.latest.side is Side.SELL
    assert broker.latest.limit_ticks == 7000 - 2


def test_entry_hedges_as_soon_as_the_first_leg_is_on_and_is_done_when_both_are(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent())
    broker.trade(broker.latest)
    hedge = broker.latest
    assert (hedge.instrument_id, hedge.side, hedge.quantity) == (USO, Side.SELL, 90)
    assert (hedge.purpose, hedge.limit_ticks) == (OrderPurpose.HEDGE, 7510 - 2)
    broker.trade(hedge, price="75.10")
    assert broker.positions == (1, -90)
    assert [done.outcome for done in broker.done] == ["holding +1 MCLX6, -90 USO"]
    assert broker.desk.running == {}


def test_entry_hedges_a_partial_fill_in_proportion(broker: ScriptedBroker) -> None:
    broker.start(an_intent(legs=((MCL, 3), (USO, -250))))
    first = broker.latest
    broker.trade(first, 1)
    hedge = broker.latest
    assert (hedge.instrument_id, hedge.quantity) == (USO, 83)
    broker.trade(first, 2)
    assert broker.latest is hedge  # one live order a leg: the rest follows
    broker.trade(hedge)
    assert broker.latest.quantity == 167
    broker.trade(broker.latest)
    assert broker.positions == (3, -250)


def test_entry_reprices_only_after_the_cancel_is_confirmed(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    first = broker.latest
    broker.accept(first)
    broker.deliver_all()
    broker.timer(1.9)
    assert broker.cancels == []
    broker.view.show("MCLX6", 70.10, 70.12)
    broker.timer(0.2)
    assert broker.cancels == [first.order_ref]
    broker.timer(1)
    assert broker.sent == [first]
    broker.cancel(first)
    broker.deliver_all()
    assert broker.latest.limit_ticks == 7012 + 2 * 2  # the collar widens with the attempt


def test_entry_waits_for_the_fill_that_a_cancel_speaks_of(broker: ScriptedBroker) -> None:
    broker.start(an_intent(legs=((MCL, 2), (USO, -180))))
    first = broker.latest
    broker.accept(first)
    broker.deliver_all()
    broker.timer(2)
    broker.fill(first, 1)
    broker.cancel(first)
    fill = broker.messages.pop(0)
    broker.deliver_all()
    broker.timer(1)
    assert broker.sent == [first]
    broker.messages.append(fill)
    broker.deliver_all()
    assert [(order.instrument_id, order.quantity) for order in broker.sent[1:]] == [
        (MCL, 1),
        (USO, 90),
    ]


def test_entry_is_given_up_after_the_last_attempt_with_nothing_held(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent())
    for _ in range(5):
        broker.accept(broker.latest)
        broker.deliver_all()
        broker.timer(2)
        broker.cancel(broker.latest)
        broker.deliver_all()
    assert len(broker.sent) == 5
    assert broker.positions == (0, 0)
    assert "not filled in 5 attempts" in broker.done[0].outcome


def test_entry_that_is_given_up_keeps_what_is_on_with_its_hedge(broker: ScriptedBroker) -> None:
    broker.start(an_intent(legs=((MCL, 3), (USO, -270))))
    broker.trade(broker.latest, 1)
    broker.trade(broker.sent_of(USO)[0])
    for _ in range(5):
        broker.timer(2)
        broker.cancel(broker.sent_of(MCL)[-1])
        broker.deliver_all()
        if not broker.done:
            broker.accept(broker.sent_of(MCL)[-1])
            broker.deliver_all()
    assert broker.positions == (1, -90)
    assert "holding +1 MCLX6, -90 USO" in broker.done[0].outcome


@pytest.mark.parametrize("is_rejected", [False, True])
def test_entry_whose_first_leg_is_stopped_is_abandoned(is_rejected: bool) -> None:
    broker = ScriptedBroker(refuses=lambda order: None if is_rejected else "hours: closed")
    broker.start(an_intent())
    if is_rejected:
        broker.reject(broker.latest)
        broker.deliver_all()
    assert len(broker.sent) == 1
    assert len(broker.done) == 1
    assert broker.desk.orders.live == []


def test_entry_without_a_quote_is_abandoned_with_the_reason(broker: ScriptedBroker) -> None:
    del broker.view.quotes[MCL]
    broker.start(an_intent())
    broker.timer(0.5)
    assert broker.sent == []
    assert "no quote of MCLX6" in broker.done[0].outcome


def test_entry_in_a_closed_market_is_abandoned_with_the_reason(broker: ScriptedBroker) -> None:
    later = (Session(OPEN_NS + HOUR, OPEN_NS + 2 * HOUR),)
    broker.view.current["MCL"] = an_instrument(trading_hours=later, liquid_hours=later)
    broker.start(an_intent())
    broker.timer(0.5)
    assert broker.sent == []
    assert "MCLX6 is closed" in broker.done[0].outcome


def unwound(broker: ScriptedBroker) -> Order:
    """The flattening order of the first leg."""
    order = broker.latest
    assert (order.instrument_id, order.side) == (MCL, Side.SELL)
    assert order.purpose is OrderPurpose.FLATTEN
    return order


def test_entry_whose_hedge_is_rejected_is_unwound(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    broker.trade(broker.latest)
    broker.reject(broker.latest, "[201] margin")
    broker.deliver_all()
    broker.trade(unwound(broker))
    assert broker.positions == (0, 0)
    assert "[201] margin" in broker.done[0].outcome


def test_entry_whose_hedge_is_refused_is_unwound() -> None:
    broker = ScriptedBroker(
        refuses=lambda order: "order size: no" if order.purpose is OrderPurpose.HEDGE else None
    )
    broker.start(an_intent())
    broker.trade(broker.latest)
    broker.trade(unwound(broker))
    assert broker.positions == (0, 0)


def test_entry_that_stays_unhedged_too_long_is_unwound(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    broker.trade(broker.latest)
    hedge = broker.latest
    broker.accept(hedge)
    broker.fill(hedge, 40)
    broker.deliver_all()
    broker.timer(10)
    assert broker.desk.running[PAIR].phase is Phase.ENTERING
    broker.timer(0.5)
    assert broker.desk.running[PAIR].phase is Phase.UNWINDING
    assert any("unhedged for" in text for text in broker.said(Severity.ERROR))
    broker.cancel(hedge)
    broker.deliver_all()
    for order in broker.sent[-2:]:
        assert order.purpose is OrderPurpose.FLATTEN
        broker.trade(order)
    assert broker.positions == (0, 0)


@pytest.mark.parametrize(("bid", "is_unwound"), [(69.53, False), (69.49, True)])
def test_entry_that_loses_too_much_while_unhedged_is_unwound(
    broker: ScriptedBroker, bid: float, is_unwound: bool
) -> None:
    broker.start(an_intent(unhedged_loss_limit=50.0))
    broker.trade(broker.latest, price="70.02")
    broker.accept(broker.latest)
    broker.deliver_all()
    broker.view.show("MCLX6", bid, bid + 0.02)
    broker.timer(0.5)
    assert (broker.desk.running[PAIR].phase is Phase.UNWINDING) is is_unwound


def test_entry_counts_the_loss_of_the_unhedged_part_only(broker: ScriptedBroker) -> None:
    broker.start(an_intent(unhedged_loss_limit=50.0))
    broker.trade(broker.latest, price="70.02")
    broker.trade(broker.latest, 60)
    broker.view.show("MCLX6", 69.00, 69.02)  # 101 USD, of which a third is unhedged
    broker.timer(0.5)
    assert broker.desk.running[PAIR].phase is Phase.ENTERING


def test_entry_does_not_count_a_repeated_fill_into_its_price(broker: ScriptedBroker) -> None:
    broker.start(an_intent(legs=((MCL, 2), (USO, -180)), unhedged_loss_limit=75.0))
    first = broker.latest
    broker.view.show("MCLX6", 70.99, 71.01)
    dear = broker.fill(first, 1, "71.00")
    broker.fill(first, 1, "70.00")
    broker.messages += [dear, dear, dear]
    broker.deliver_all()
    broker.view.show("MCLX6", 70.14, 70.16)  # 70 USD lost at the average of 70.50
    broker.timer(0.5)
    assert broker.desk.running[PAIR].phase is Phase.ENTERING


def test_entry_follows_a_correction_of_its_first_leg(broker: ScriptedBroker) -> None:
    broker.start(an_intent(legs=((MCL, 2), (USO, -180))))
    first = broker.latest
    fill = broker.fill(first)
    broker.deliver_all()
    assert broker.latest.quantity == 180
    corrected = replace(fill, execution_id=ExecutionId("e1.02"), quantity=1)
    assert isinstance(corrected, Fill)
    broker.messages.append(corrected)
    broker.deliver_all()
    assert [(order.instrument_id, order.quantity) for order in broker.sent[2:]] == [(MCL, 1)]


def test_entry_gets_rid_of_a_first_leg_that_is_larger_than_its_target(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent())
    broker.view.positions[MCL] = 2
    broker.cancel(broker.latest)
    broker.deliver_all()
    broker.timer(2)
    assert (broker.sent_of(MCL)[-1].side, broker.sent_of(MCL)[-1].quantity) == (Side.SELL, 1)


def test_entry_goes_on_after_a_cancel_that_nobody_asked_for(broker: ScriptedBroker) -> None:
    broker.start(an_intent())
    broker.accept(broker.latest)
    broker.cancel(broker.latest, "[202] by the exchange")
    broker.deliver_all()
    assert len(broker.sent) == 1
    assert any("[202]" in text for text in broker.said(Severity.ERROR))
    broker.timer(2)
    assert len(broker.sent) == 2


def test_entry_of_one_leg_is_done_when_it_is_on(broker: ScriptedBroker) -> None:
    broker.start(an_intent(legs=((MCL, 2),)))
    broker.trade(broker.latest)
    assert broker.positions == (2, 0)
    assert len(broker.done) == 1


def test_entry_of_one_leg_in_parts_is_never_called_unhedged(broker: ScriptedBroker) -> None:
    broker.start(an_intent(legs=((MCL, 2),)))
    broker.trade(broker.latest, 1)
    broker.timer(30)
    assert broker.desk.running[PAIR].phase is Phase.ENTERING


def test_hedge_becomes_a_market_order_after_the_last_attempt() -> None:
    broker = ScriptedBroker()
    broker.start(an_intent(unhedged_seconds_limit=100))
    broker.trade(broker.latest)
    for _ in range(5):
        broker.accept(broker.latest)
        broker.deliver_all()
        broker.timer(2)
        broker.cancel(broker.latest)
        broker.deliver_all()
    assert broker.latest.order_type is OrderType.MARKET
    assert broker.latest.purpose is OrderPurpose.HEDGE
