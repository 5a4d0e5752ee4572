"""The order desk without a line: what it makes of the broker's words."""

from collections.abc import Iterator

import pytest
from ib_async import CommissionReport, Contract, Execution, Order, OrderState

from helpers.ib_desk import MCL, approved
from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.orders import OrderDesk
from microfutures.adapters.ib.wire_order import ib_order
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.model.catalog import front_contract
from microfutures.model.events import (
    CommissionReceived,
    EngineEvent,
    FillReceived,
    OrderUpdated,
)
from microfutures.model.orders import OrderStatus
from microfutures.model.timestamp import to_datetime

START_NS = 1_788_877_800_000_000_000
RESOLVED = Resolved(
    front_contract("MCL", to_datetime(START_NS).date()), Contract(symbol="MCL", localSymbol=MCL)
)


class RecordingClient:
    """Takes what would go over the wire."""

    def __init__(self, client_id: int = 1) -> None:
        self.clientId = client_id
        self.placed: list[int] = []
        """Order ids."""
        self.cancelled: list[int] = []
        self._ids: Iterator[int] = iter(range(5, 1_000))

    def isReady(self) -> bool:
        return True

    def getReqId(self) -> int:
        return next(self._ids)

    def serverVersion(self) -> int:
        return 178

    def sendMsg(self, message: str) -> None:
        kind, order_id, *_ = message.split("\0")
        assert kind == "3"
        self.placed.append(int(order_id))

    def cancelOrder(self, order_id: int) -> None:
        self.cancelled.append(order_id)


class RecordingIB:
    """As much of a connection as the desk touches."""

    def __init__(self) -> None:
        self.client = RecordingClient()


class Fixture:
    def __init__(self) -> None:
        self.events: list[EngineEvent] = []
        self.warnings: list[str] = []
        self.ib = RecordingIB()
        self.desk = OrderDesk(
            clock=SimulatedClock(START_NS),
            emit=self.events.append,
            warn=self.warnings.append,
            contracts={MCL: RESOLVED},
        )
        self.desk.use(self.ib)  # type: ignore[arg-type]

    def submit(self, order_ref: str) -> int:
        self.desk.submit("DU1", approved(order_ref, limit_ticks=7_000))
        return self.ib.client.placed[-1]

    def updates(self) -> list[tuple[str, OrderStatus]]:
        return [
            (event.order_ref, event.status)
            for event in self.events
            if isinstance(event, OrderUpdated)
        ]


@pytest.fixture
def desk() -> Fixture:
    return Fixture()


def test_a_rehearsed_order_is_never_sent_and_takes_no_id(desk: Fixture) -> None:
    order = approved("a", limit_ticks=7_000).order
    desk.desk.rehearse("DU1", order)
    assert desk.ib.client.placed == []
    assert desk.submit("b") == 5
    desk.desk.use(None)
    desk.desk.rehearse("DU1", order)
    assert desk.events == []


def test_a_refusal_before_any_acknowledgement_is_a_rejection_with_advice(desk: Fixture) -> None:
    order_id = desk.submit("a")
    assert desk.desk.on_error(1, order_id, 110, "The price does not conform") == "a"
    assert desk.updates() == [("a", OrderStatus.REJECTED)]
    update = desk.events[-1]
    assert isinstance(update, OrderUpdated)
    assert update.reason.startswith("[110] The price does not conform - ")


@pytest.mark.parametrize("code", [10349, 399, 2109, 10167, 4711])
def test_a_remark_before_any_acknowledgement_decides_nothing(desk: Fixture, code: int) -> None:
    order_id = desk.submit("a")
    assert desk.desk.on_error(1, order_id, code, "something") == "a"
    assert desk.updates() == []


def test_after_an_acknowledgement_only_statuses_decide(desk: Fixture) -> None:
    order_id = desk.submit("a")
    desk.desk.on_status(order_id, "Submitted", 0, 1, 777, 1)
    desk.desk.on_error(1, order_id, 201, "Order rejected - reason: margin")
    assert desk.updates() == [("a", OrderStatus.WORKING)]
    desk.desk.on_status(order_id, "Inactive", 0, 1, 777, 1)
    assert desk.updates()[-1] == ("a", OrderStatus.REJECTED)
    assert "margin" in str(desk.events[-1])


def test_repeated_statuses_are_told_once(desk: Fixture) -> None:
    order_id = desk.submit("a")
    for _ in range(3):
        desk.desk.on_status(order_id, "PreSubmitted", 0, 1, 777, 1)
        desk.desk.on_status(order_id, "Submitted", 0, 1, 777, 1)
    assert desk.updates() == [("a", OrderStatus.WORKING)]


def test_a_used_order_id_does_not_lend_the_old_orders_fate_to_the_new_one(desk: Fixture) -> None:
    order_id = desk.submit("a")
    # The id belongs to another order at the broker, which is found, and filled.
    old = Order(orderId=order_id, clientId=1, permId=42, orderRef="old", totalQuantity=1)
    desk.desk.on_error(1, order_id, 103, "Duplicate order id")
    desk.desk.on_open_order(Contract(localSymbol=MCL), old, OrderState(status="Submitted"))
    desk.desk.on_status(order_id, "Filled", 1, 0, 42, 1)
    assert desk.updates() == [("a", OrderStatus.REJECTED), ("old", OrderStatus.FILLED)]


def test_ids_of_an_earlier_connection_mean_nothing_on_the_next(desk: Fixture) -> None:
    order_id = desk.submit("a")
    desk.desk.on_status(order_id, "Submitted", 0, 1, 777, 1)
    desk.desk.use(RecordingIB())  # type: ignore[arg-type]
    assert desk.desk.on_error(1, order_id, 201, "of somebody else") is None
    desk.desk.on_status(order_id, "Cancelled", 0, 1, 999, 1)
    assert desk.updates() == [("a", OrderStatus.WORKING)]
    desk.desk.on_status(900, "Cancelled", 0, 1, 777, 1)
    assert desk.updates()[-1] == ("a", OrderStatus.CANCELLED)


def test_an_order_that_revives_after_it_was_reported_dead_is_cancelled(desk: Fixture) -> None:
    order_id = desk.submit("a")
    desk.desk.on_status(order_id, "Inactive", 0, 1, 777, 1)
    desk.desk.on_status(order_id, "Submitted", 0, 1, 777, 1)
    assert desk.ib.client.cancelled == [order_id]
    assert "reported as over" in desk.warnings[-1]


def test_pending_words_say_nothing(desk: Fixture) -> None:
    order_id = desk.submit("a")
    for word in ("PendingSubmit", "ApiPending", "Unheard"):
        desk.desk.on_status(order_id, word, 0, 1, 777, 1)
    assert desk.updates() == []


def test_foreign_statuses_and_errors_are_passed_over(desk: Fixture) -> None:
    desk.desk.on_status(77, "Filled", 1, 0, 4_242, 0)
    assert desk.desk.on_error(1, 77, 201, "not ours") is None
    assert desk.events == []


def test_without_a_line_or_a_contract_nothing_is_sent_and_that_is_said(desk: Fixture) -> None:
    desk.desk.submit("DU1", approved("b", instrument_id=MCL), "TWS has lost IB's servers")
    desk.desk.use(None)
    desk.desk.submit("DU1", approved("a"))
    assert desk.updates() == [("b", OrderStatus.REJECTED), ("a", OrderStatus.REJECTED)]
    assert desk.ib.client.placed == []


def execution(execution_id: str, price: float = 70.0) -> Execution:
    return Execution(
        execId=execution_id,
        orderRef="a",
        side="BOT",
        shares=1.0,
        price=price,
        time=to_datetime(START_NS),
    )


def test_an_execution_is_told_once_and_its_correction_too(desk: Fixture) -> None:
    contract = Contract(symbol="MCL", localSymbol=MCL)
    for execution_id in ("0001.01.01", "0001.01.01", "0001.01.02", "0001.01.01"):
        desk.desk.on_execution(7, contract, execution(execution_id))
    fills = [event.fill.execution_id for event in desk.events if isinstance(event, FillReceived)]
    assert fills == ["0001.01.01", "0001.01.02"]


def test_a_fill_that_happened_now_has_a_time_of_now_whatever_zone_tws_meant(desk: Fixture) -> None:
    contract, odd = Contract(symbol="MCL", localSymbol=MCL), execution("0003.01.01")
    odd.time = to_datetime(START_NS - 5 * 3600 * 10**9)
    desk.desk.on_execution(-1, contract, odd)
    past = execution("0003.01.02")
    past.time = odd.time
    desk.desk.on_execution(7, contract, past)
    times = [event.fill.time_ns for event in desk.events if isinstance(event, FillReceived)]
    assert times == [START_NS, START_NS - 5 * 3600 * 10**9]


def test_a_commission_is_told_once_and_an_unset_one_never(desk: Fixture) -> None:
    for amount in (0.77, 0.77, 1.7976931348623157e308, 0.78):
        desk.desk.on_commission(CommissionReport(execId="0001.01.01", commission=amount))
    amounts = [
        event.commission.amount for event in desk.events if isinstance(event, CommissionReceived)
    ]
    assert [str(amount) for amount in amounts] == ["0.77", "0.78"]


def test_a_fraction_of_a_share_is_named_and_passed_over(desk: Fixture) -> None:
    fraction = execution("0002.01.01")
    fraction.shares = 0.25
    desk.desk.on_execution(7, Contract(symbol="USO", localSymbol="USO"), fraction)
    assert desk.events == []
    assert "whole" in desk.warnings[-1]


@pytest.mark.parametrize("ticks", [7_123, 1, -3_763, 10_001])
def test_prices_on_the_wire_are_spelled_exactly(ticks: int) -> None:
    order = approved("a", limit_ticks=ticks).order
    sent = ib_order(order, RESOLVED, "DU1")
    assert str(sent.lmtPrice) == str(float(RESOLVED.instrument.price(ticks)))
    assert RESOLVED.instrument.ticks_at_or_below(float(sent.lmtPrice or 0)) == ticks
    assert (sent.tif, sent.account, sent.transmit) == ("DAY", "DU1", True)
