from math import nan

import pytest
from msgspec.structs import replace

from helpers.desk import HOUR, MCL, OPEN_NS, SECOND, USO, a_quote, an_instrument
from helpers.scripted_broker import PAIR, ScriptedBroker, an_intent
from microfutures.execution.leg import ExecutionSettings
from microfutures.model.events import Severity
from microfutures.model.flaws import FLAWS, Flaw
from microfutures.model.intents import SignalKind
from microfutures.model.market import MarketDataType
from microfutures.model.orders import OrderPurpose, OrderStatus, OrderType, Side
from microfutures.model.sessions import Session

FLAT = ((MCL, 0), (USO, 0))


@pytest.fixture
def broker() -> ScriptedBroker:
    broker = ScriptedBroker()
    broker.view.positions.update({MCL: 1, USO: -90})
    return broker


def test_exit_sends_all_legs_at_once(broker: ScriptedBroker) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=FLAT))
    mcl, uso = broker.sent
    assert (mcl.side, mcl.quantity, mcl.limit_ticks) == (Side.SELL, 1, 7000 - 2)
    assert (uso.side, uso.quantity, uso.limit_ticks) == (Side.BUY, 90, 7512 + 2)
    assert {order.purpose for order in broker.sent} == {OrderPurpose.EXIT}
    for order in (mcl, uso):
        broker.trade(order)
    assert broker.done[0].outcome == "holding +0 MCLX6, +0 USO"


def test_flatten_says_so_in_its_orders(broker: ScriptedBroker) -> None:
    broker.start(an_intent(SignalKind.FLATTEN, legs=FLAT))
    assert {order.purpose for order in broker.sent} == {OrderPurpose.FLATTEN}


def test_exit_of_a_flat_book_is_done_at_once(broker: ScriptedBroker) -> None:
    broker.view.positions.clear()
    broker.start(an_intent(SignalKind.EXIT, legs=FLAT))
    assert broker.sent == []
    assert len(broker.done) == 1


def test_exit_becomes_a_market_order_that_is_not_repriced(broker: ScriptedBroker) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    for _ in range(5):
        broker.accept(broker.latest)
        broker.deliver_all()
        broker.timer(2)
        broker.cancel(broker.latest)
        broker.deliver_all()
    assert broker.latest.order_type is OrderType.MARKET
    broker.accept(broker.latest)
    broker.deliver_all()
    sent, cancels = len(broker.sent), len(broker.cancels)
    broker.timer(60)
    assert (len(broker.sent), len(broker.cancels)) == (sent, cancels)


def test_exit_in_thin_hours_stays_a_limit_whose_collar_stops_widening(
    broker: ScriptedBroker,
) -> None:
    day = (Session(OPEN_NS - HOUR, OPEN_NS + 6 * HOUR),)
    broker.view.current["MCL"] = an_instrument(trading_hours=day, liquid_hours=())
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    ages = []
    for _ in range(20):
        broker.accept(broker.latest)
        broker.deliver_all()
        cancels, sent_ns = len(broker.cancels), broker.view.time_ns
        while len(broker.cancels) == cancels:
            broker.timer(2)
        ages.append((broker.view.time_ns - sent_ns) // SECOND)
        broker.cancel(broker.latest)
        broker.deliver_all()
    assert broker.latest.order_type is OrderType.LIMIT
    assert broker.latest.outside_regular_hours
    assert broker.latest.limit_ticks == 7000 - 2 * 5
    # The night is long and IB counts orders: the pace drops to one a minute.
    assert ages == [2] * 5 + [4, 8, 16, 32] + [60] * 11


def test_exit_in_a_closed_market_waits_says_why_and_goes_out_at_the_opening(
    broker: ScriptedBroker,
) -> None:
    later = (Session(OPEN_NS + HOUR, OPEN_NS + 2 * HOUR),)
    broker.view.current["MCL"] = an_instrument(trading_hours=later, liquid_hours=later)
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.timer(30)
    assert broker.sent == []
    (reason,) = broker.desk.running[PAIR].blocked_reasons
    assert "MCLX6 is closed" in reason
    assert len(broker.said(Severity.WARNING)) == 1  # once a minute, not twice a second
    broker.timer(3600)
    assert len(broker.sent) == 1
    assert broker.desk.running[PAIR].blocked_reasons == []


@pytest.mark.parametrize("is_number_missing", [False, True])
def test_exit_without_a_price_becomes_a_market_order_after_a_while(
    broker: ScriptedBroker, is_number_missing: bool
) -> None:
    del broker.view.quotes[MCL]
    if is_number_missing:
        broker.view.quotes[MCL] = a_quote("MCLX6", nan, nan)
    broker.start(an_intent(SignalKind.STOP, legs=((MCL, 0),)))
    broker.timer(14)
    assert broker.sent == []
    (reason,) = broker.desk.running[PAIR].blocked_reasons
    assert ("not a number" if is_number_missing else "no quote of MCLX6") in reason
    broker.timer(1)
    assert broker.latest.order_type is OrderType.MARKET


@pytest.mark.parametrize("flaw", [flaw for flaw in FLAWS if FLAWS[flaw].is_price_wrong])
def test_exit_is_not_priced_where_the_price_cannot_be_right(
    broker: ScriptedBroker, flaw: Flaw
) -> None:
    broker.view.quotes[MCL] = replace(a_quote("MCLX6", 7.0, 7.2), trouble=flaw)
    broker.start(an_intent(SignalKind.STOP, legs=((MCL, 0),)))
    broker.timer(14)
    assert broker.sent == []
    broker.timer(1)
    assert broker.latest.order_type is OrderType.MARKET


@pytest.mark.parametrize("kind", [MarketDataType.DELAYED, MarketDataType.FROZEN])
def test_exit_is_not_priced_at_data_that_are_not_live(
    broker: ScriptedBroker, kind: MarketDataType
) -> None:
    broker.view.quotes[MCL] = a_quote("MCLX6", 70.0, 70.2, data_type=kind)
    broker.start(an_intent(SignalKind.STOP, legs=((MCL, 0),)))
    broker.timer(14)
    assert broker.sent == []


def test_exit_waits_for_the_end_of_a_halt(broker: ScriptedBroker) -> None:
    quote = a_quote("MCLX6", 70.0, 70.02)
    broker.view.quotes[MCL] = replace(quote, trouble=Flaw.HALTED)
    broker.start(an_intent(SignalKind.STOP, legs=((MCL, 0),)))
    broker.timer(600)
    assert broker.sent == []
    broker.view.quotes[MCL] = quote
    broker.timer(1)
    assert broker.latest.order_type is OrderType.LIMIT


def test_exit_of_a_contract_nobody_knows_waits(broker: ScriptedBroker) -> None:
    del broker.view.current["MCL"]
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.timer(60)
    assert broker.sent == []
    assert "not known to the broker" in broker.desk.running[PAIR].blocked_reasons[0]


def test_rejected_exit_is_tried_again_with_growing_pauses_and_told_once(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    for pause in (2, 4, 8, 10, 10):
        broker.reject(broker.latest)
        broker.deliver_all()
        sent = len(broker.sent)
        broker.timer(pause - 0.5)
        assert len(broker.sent) == sent
        broker.timer(0.5)
        assert len(broker.sent) == sent + 1
    assert len(broker.said(Severity.ERROR)) == 1
    broker.trade(broker.latest)
    assert broker.position(MCL) == -1  # the one that was held is sold
    assert len(broker.done) == 1


def test_exit_that_is_rejected_late_is_told(broker: ScriptedBroker) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.accept(broker.latest)
    broker.deliver_all()
    broker.timer(2)
    broker.cancel(broker.latest)
    broker.deliver_all()
    broker.reject(broker.latest, "[201] no")
    broker.deliver_all()
    assert any("[201] no" in text for text in broker.said(Severity.ERROR))


def test_refused_exit_keeps_its_attempts_for_orders_that_were_sent() -> None:
    is_down = True
    broker = ScriptedBroker(refuses=lambda order: "connection: lost" if is_down else None)
    broker.view.positions[MCL] = 1
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    for _ in range(20):
        broker.timer(10)
    assert len(broker.sent) > 5
    is_down = False
    broker.timer(10)
    assert broker.latest.order_type is OrderType.LIMIT
    assert broker.latest.limit_ticks == 7000 - 2


def test_cancel_that_nobody_asked_for_does_not_make_an_exit_spin(broker: ScriptedBroker) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.cancel(broker.latest, "[202] by the exchange")
    broker.deliver_all()
    broker.timer(1)
    assert len(broker.sent) == 1
    broker.timer(1)
    assert len(broker.sent) == 2


def test_live_order_that_is_larger_than_what_is_left_is_cancelled(broker: ScriptedBroker) -> None:
    broker.view.positions[MCL] = 3
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.accept(broker.latest)
    broker.deliver_all()
    broker.view.positions[MCL] = 2  # sold by hand, or by an order of an earlier run
    broker.timer(0.5)
    assert broker.cancels == [broker.latest.order_ref]
    broker.cancel(broker.latest)
    broker.deliver_all()
    assert broker.latest.quantity == 2


def test_silent_order_is_reported_once_asked_about_and_not_replaced(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    for _ in range(70):
        broker.timer(0.5)
    assert len(broker.sent) == 1
    assert len(broker.said(Severity.WARNING)) == 1
    assert broker.asked == 3
    broker.trade(broker.latest)
    assert len(broker.done) == 1


def test_lost_cancel_is_sent_again(broker: ScriptedBroker) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.accept(broker.latest)
    broker.deliver_all()
    broker.timer(2)
    assert len(broker.cancels) == 1
    broker.accept(broker.latest)  # after a reconnection: it still works
    broker.deliver_all()
    assert broker.desk.orders.live[0].status is OrderStatus.WORKING
    broker.timer(10)
    assert len(broker.cancels) == 2
    broker.cancel(broker.latest)
    broker.deliver_all()
    assert len(broker.sent) == 2


def test_order_that_the_broker_calls_filled_is_not_cancelled_but_asked_about(
    broker: ScriptedBroker,
) -> None:
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.fill(broker.latest)
    fill = broker.messages.pop(0)
    broker.deliver_all()
    broker.timer(11)
    assert (broker.cancels, broker.asked) == ([], 1)
    assert len(broker.sent) == 1
    broker.messages.append(fill)
    broker.deliver_all()
    assert len(broker.done) == 1


def test_exit_waits_out_the_pause_of_the_settings() -> None:
    broker = ScriptedBroker(settings=ExecutionSettings(retry_seconds=0.5, max_retry_seconds=0.5))
    broker.view.positions[MCL] = 1
    broker.start(an_intent(SignalKind.EXIT, legs=((MCL, 0),)))
    broker.reject(broker.latest)
    broker.deliver_all()
    broker.timer(0.5)
    assert len(broker.sent) == 2
