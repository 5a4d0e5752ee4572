from decimal import Decimal

import pytest

from helpers.desk import MCL, SECOND
from microfutures.execution import order_ledger
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.model.errors import InvalidValueError
from microfutures.model.events import OrderUpdated
from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, IntentId, OrderRef, StrategyName
from microfutures.model.orders import Order, OrderPurpose, OrderStatus, OrderType, Side


def an_order(ref: str = "r1", quantity: int = 2, *, strategy: str = "pair") -> Order:
    return Order(
        order_ref=OrderRef(ref),
        intent_id=IntentId("i1"),
        strategy=StrategyName(strategy),
        instrument_id=MCL,
        side=Side.BUY,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        purpose=OrderPurpose.ENTRY,
        limit_ticks=7000,
    )


def an_update(
    status: OrderStatus, filled: int = 0, *, ref: str = "r1", time_ns: int = SECOND
) -> OrderUpdated:
    return OrderUpdated(
        time_ns=time_ns, order_ref=OrderRef(ref), status=status, filled=filled, permanent_id=77
    )


def a_fill(
    execution_id: str = "e1.01", quantity: int = 1, price: str = "70.00", *, ref: str = "r1"
) -> Fill:
    return Fill(
        execution_id=ExecutionId(execution_id),
        order_ref=OrderRef(ref),
        instrument_id=MCL,
        side=Side.BUY,
        quantity=quantity,
        price=Decimal(price),
        time_ns=SECOND,
    )


@pytest.fixture
def ledger() -> OrderLedger:
    return OrderLedger()


@pytest.fixture
def record(ledger: OrderLedger) -> OrderRecord:
    return ledger.register(an_order(), 0)


def test_order_ledger_refuses_a_name_that_was_used(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    with pytest.raises(InvalidValueError, match="r1 was used before"):
        ledger.register(an_order(), 1)


def test_order_ledger_believes_filled_only_when_the_fills_are_here(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_update(an_update(OrderStatus.FILLED, 2))
    assert not record.is_settled
    assert record.is_told_filled
    assert ledger.live == [record]
    ledger.on_fill(a_fill("e1.01"))
    assert not record.is_settled
    ledger.on_fill(a_fill("e2.01", price="70.10"))
    assert record.status is OrderStatus.FILLED
    assert record.average_price == Decimal("70.05")
    assert ledger.live == []


def test_order_ledger_takes_filled_without_a_sum_as_all_of_it(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_update(an_update(OrderStatus.FILLED))
    assert record.expected_filled == 2


def test_order_ledger_waits_for_the_fills_of_a_cancelled_order(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.ask_cancel(record, SECOND)
    ledger.on_update(an_update(OrderStatus.CANCELLED, 1))
    assert record.status is OrderStatus.CANCELLED
    assert not record.is_settled
    ledger.on_fill(a_fill())
    assert record.is_settled
    assert record.remaining == 1


def test_order_ledger_counts_an_execution_once(ledger: OrderLedger, record: OrderRecord) -> None:
    assert ledger.on_fill(a_fill()) is not None
    assert ledger.on_fill(a_fill()) is None
    assert record.filled == 1


def test_order_ledger_lets_a_correction_replace_the_earlier_fill(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_fill(a_fill("e1.01", 2, "70.00"))
    assert record.status is OrderStatus.FILLED
    change = ledger.on_fill(a_fill("e1.02", 1, "70.10"))
    assert change is not None
    assert (change.quantity, change.value) == (-1, Decimal("-69.90"))
    assert (record.filled, record.value) == (1, Decimal("70.10"))
    assert ledger.on_fill(a_fill("e1.01", 2, "70.00")) is None
    assert record.is_settled  # what a correction took back isn't waited for


def test_order_ledger_books_a_fill_that_comes_after_the_cancel(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_update(an_update(OrderStatus.CANCELLED))
    change = ledger.on_fill(a_fill("e1.01", 2))
    assert change is not None
    assert (record.filled, record.status) == (2, OrderStatus.CANCELLED)


@pytest.mark.parametrize("late", [OrderStatus.WORKING, OrderStatus.CANCELLED])
def test_order_ledger_ignores_what_arrives_after_the_end(
    ledger: OrderLedger, record: OrderRecord, late: OrderStatus
) -> None:
    ledger.on_fill(a_fill("e1.01", 2))
    ledger.on_update(an_update(late))
    assert record.status is OrderStatus.FILLED
    assert ledger.take_oddities() == []


def test_order_ledger_reports_an_order_that_works_after_its_end(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_update(an_update(OrderStatus.REJECTED))
    ledger.on_update(an_update(OrderStatus.WORKING))
    assert record.status is OrderStatus.REJECTED
    (text,) = ledger.take_oddities()
    assert "r1 is working" in text
    assert ledger.take_oddities() == []


def test_order_ledger_reports_executions_beyond_the_order(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_fill(a_fill("e1.01", 3))
    assert ledger.take_oddities() == ["order r1 was for 2, its executions sum to 3"]


def test_order_ledger_knows_nothing_of_foreign_orders(ledger: OrderLedger) -> None:
    assert ledger.on_update(an_update(OrderStatus.WORKING, ref="other")) is None
    assert ledger.on_fill(a_fill(ref="other")) is None
    assert ledger.get(OrderRef("other")) is None


def test_order_ledger_finds_orders_by_intent_and_strategy(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    other = ledger.register(an_order("r2", strategy="other"), 0)
    ledger.on_update(an_update(OrderStatus.CANCELLED))
    assert ledger.of_intent(IntentId("i1")) == [record, other]
    assert ledger.live_of(StrategyName("pair")) == []
    assert ledger.live_of(StrategyName("other")) == [other]


def test_order_ledger_names_orders_that_owe_an_answer(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    assert ledger.overdue(9 * SECOND, 10) == []
    assert ledger.overdue(10 * SECOND, 10) == [record]
    record.chased_ns = 10 * SECOND
    assert ledger.overdue(19 * SECOND, 10) == []
    assert ledger.overdue(20 * SECOND, 10) == [record]


def test_order_ledger_is_not_owed_an_answer_by_a_working_order(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_update(an_update(OrderStatus.WORKING))
    assert ledger.overdue(100 * SECOND, 10) == []
    ledger.ask_cancel(record, 50 * SECOND)
    assert ledger.overdue(59 * SECOND, 10) == []
    assert ledger.overdue(60 * SECOND, 10) == [record]
    ledger.on_update(an_update(OrderStatus.CANCELLED, time_ns=61 * SECOND))
    assert ledger.overdue(100 * SECOND, 10) == []


def test_order_ledger_is_owed_the_executions_that_a_status_spoke_of(
    ledger: OrderLedger, record: OrderRecord
) -> None:
    ledger.on_update(an_update(OrderStatus.WORKING, 1, time_ns=5 * SECOND))
    assert ledger.overdue(14 * SECOND, 10) == []
    assert ledger.overdue(15 * SECOND, 10) == [record]


def test_order_ledger_forgets_the_oldest_final_orders(
    ledger: OrderLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_ledger, "KEPT_FINAL_ORDERS", 3)
    for number in range(5):
        ledger.register(an_order(f"r{number}"), 0)
        ledger.on_update(an_update(OrderStatus.REJECTED, ref=f"r{number}"))
    assert ledger.get(OrderRef("r1")) is None
    assert ledger.get(OrderRef("r2")) is not None
