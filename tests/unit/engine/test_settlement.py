"""What becomes of an order of ours that is not among the broker's open ones."""

from msgspec.structs import replace

from helpers.desk import MCL, OPEN_NS, SECOND
from helpers.engine_desk import ADesk
from microfutures.engine.output import Preview, Submit
from microfutures.execution.order_ledger import OrderRecord
from microfutures.model.events import BrokerOrder, BrokerStateReported, OrderUpdated
from microfutures.model.orders import OrderStatus

PERMANENT_ID = 77


class Working:
    """A desk whose first order has left."""

    def __init__(self, *, acknowledged: bool) -> None:
        self.desk = ADesk(90)
        (preview,) = [each for each in self.desk.timer().effects if isinstance(each, Preview)]
        last = self.desk.previewed(preview)[-1]
        (submit,) = [each for each in last.effects if isinstance(each, Submit)]
        self.order_ref = submit.approved.order.order_ref
        self._second = 0
        if acknowledged:
            self.desk.engine.process(
                OrderUpdated(
                    time_ns=OPEN_NS,
                    order_ref=self.order_ref,
                    status=OrderStatus.WORKING,
                    remaining=1,
                    permanent_id=PERMANENT_ID,
                )
            )

    @property
    def record(self) -> OrderRecord:
        record = self.desk.engine.floor.desk.orders.get(self.order_ref)
        assert record is not None
        return record

    def report(
        self, *, is_open: bool = False, is_completed: bool = False, asked_ns: int = 0
    ) -> OrderStatus:
        """Report how things stand; return where the order stands now."""
        self._second += 10
        listed = BrokerOrder(
            order_ref=self.order_ref,
            instrument_id=MCL,
            status=OrderStatus.WORKING,
            filled=0,
            remaining=1,
            permanent_id=PERMANENT_ID,
        )
        over = replace(listed, status=OrderStatus.CANCELLED, remaining=0)
        self.desk.engine.process(
            BrokerStateReported(
                time_ns=OPEN_NS + self._second * SECOND,
                positions=(),
                open_orders=(listed,) if is_open else (),
                completed_orders=(over,) if is_completed else (),
                asked_ns=asked_ns,
            )
        )
        return self.record.status


def test_an_order_that_completed_is_over_at_once() -> None:
    working = Working(acknowledged=True)
    assert working.report(is_completed=True) is OrderStatus.CANCELLED


def test_an_order_that_never_lived_has_not_arrived() -> None:
    working = Working(acknowledged=False)
    assert working.report() is OrderStatus.CANCELLED


def test_an_order_that_lived_must_be_missing_everywhere_three_times() -> None:
    working = Working(acknowledged=True)
    statuses = [working.report() for _ in range(3)]
    assert statuses == [OrderStatus.WORKING, OrderStatus.WORKING, OrderStatus.CANCELLED]


def test_an_order_that_is_listed_again_was_never_lost() -> None:
    working = Working(acknowledged=True)
    working.report()
    working.report(is_open=True)
    assert [working.report() for _ in range(2)] == [OrderStatus.WORKING] * 2


def test_an_answer_that_took_its_time_says_nothing_of_an_order_sent_meanwhile() -> None:
    working = Working(acknowledged=False)
    assert working.report(asked_ns=OPEN_NS - SECOND) is OrderStatus.IN_FLIGHT
    assert working.report(asked_ns=OPEN_NS + 6 * SECOND) is OrderStatus.CANCELLED
