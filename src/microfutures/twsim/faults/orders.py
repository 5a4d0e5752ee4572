"""Faults of orders and of the callbacks that tell about them."""

from functools import partial

from msgspec.structs import replace

from microfutures.twsim.errors import wording
from microfutures.twsim.faults.broker import PLACE_ORDER
from microfutures.twsim.faults.fault import Fault, Stage, message_id
from microfutures.twsim.handlers.orders import cancel_order
from microfutures.twsim.orders.facts import ExecutionFacts, OrderFacts
from microfutures.twsim.orders.messages import order_status
from microfutures.twsim.session import Session
from microfutures.twsim.wire import FieldReader, encode
from microfutures.venue.messages import OrderCancelled

ORDER_STATUS, OPEN_ORDER, EXECUTION, CURRENT_TIME, COMMISSION_REPORT = 3, 5, 11, 49, 59
CANCEL_ORDER = 4
OPEN_ORDER_END = 53
ACKNOWLEDGEMENTS = (ORDER_STATUS, OPEN_ORDER, OPEN_ORDER_END)
"""A list that is asked for is whole when its end comes."""
CALLBACKS = frozenset({ORDER_STATUS, OPEN_ORDER, EXECUTION})
LATE = CALLBACKS | {COMMISSION_REPORT}


def new_order_id(session: Session, fields: list[str]) -> int | None:
    """Return the id of an order that is placed for the first time, None for all else."""
    if session.client_id < 0 or fields[:1] != [str(PLACE_ORDER)] or len(fields) < 2:
        return None
    if not _is_id(fields[1]) or _order_named(session, fields[1]) is not None:
        return None
    return int(fields[1])


def _order_named(session: Session, text: str) -> OrderFacts | None:
    """Return the order that a client means by the text of an id, None when there is none."""
    return session.exchange.orders.get((session.client_id, int(text))) if _is_id(text) else None


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) <= 10


class OrderReject(Fault, frozen=True):
    """New orders are rejected with 201.

    Source: IB API, "Message Codes", 201.
    """

    seconds: float = 10.0
    reason: str = "The exchange is closed."

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        order_id = new_order_id(session, fields)
        if order_id is not None:
            session.error(order_id, 201, wording(201, detail=self.reason))
        return order_id is None


class SilentOrder(Fault, frozen=True):
    """New orders get no answer at all and never reach the market.

    Source: IB API, "Placing Orders": an order without openOrder or orderStatus did not arrive.
    """

    seconds: float = 10.0

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        return new_order_id(session, fields) is None


class PartialFillStops(Fault, frozen=True):
    """An order that is filled in part is filled no further, can't be cancelled, and ends late.

    Source: IB API, "Order status": an order is Submitted with `remaining` above 0 for any time.
    """

    seconds: float = 60.0
    delay: float = 60.0
    """Seconds until the rest of the order is cancelled by the exchange."""

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        exchange = session.exchange
        for order in exchange.desk.open_orders(session.client_id):
            if 0 < order.filled < order.quantity:
                # Told late: until then its owner believes that the rest is at the exchange.
                told = exchange.desk.cancel(order)
                if all(isinstance(event, OrderCancelled) for event in told):
                    stage.later(self.delay, partial(exchange.publish, told))
        return frames


class SlowCancel(Fault, frozen=True):
    """A cancel takes its time: until then the order works on, and may still be filled.

    Source: IB API, "Order status": PendingCancel is no confirmation, executions may still come.
    """

    seconds: float = 60.0
    delay: float = 5.0

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        if session.client_id < 0 or fields[:1] != [str(CANCEL_ORDER)] or len(fields) < 3:
            return True
        order = _order_named(session, fields[2])
        if order is None or not order.is_open:
            return True
        session.send(order_status(replace(order, status="PendingCancel")))
        stage.later(self.delay, partial(cancel_order, session, FieldReader(fields[1:])))
        return False


class FillBeforeAcknowledgement(Fault, frozen=True):
    """openOrder and orderStatus come late, executions at once.

    Source: IB API, "Order status": no order among openOrder, orderStatus, execDetails is promised.
    """

    seconds: float = 10.0
    delay: float = 1.0

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        late = [frame for frame in frames if message_id(frame) in ACKNOWLEDGEMENTS]
        if late:
            stage.hold(session, late, self.delay)
        return [frame for frame in frames if message_id(frame) not in ACKNOWLEDGEMENTS]


class LateCallbacks(Fault, frozen=True):
    """All that is told of orders, executions and commissions comes late, in its order.

    Source: IB API, "Executions and Commissions": reports follow in messages of their own.
    """

    seconds: float = 10.0
    delay: float = 3.0

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        late = [frame for frame in frames if message_id(frame) in LATE]
        if late:
            stage.hold(session, late, self.delay)
        return [frame for frame in frames if message_id(frame) not in LATE]


class DuplicatedCallbacks(Fault, frozen=True):
    """Every order callback comes twice.

    Source: IB API, "Order status": the same status may be told more than once.
    """

    seconds: float = 10.0

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        return [
            copy for frame in frames for copy in [frame] * (1 + (message_id(frame) in CALLBACKS))
        ]


class ReorderedCallbacks(Fault, frozen=True):
    """The order callbacks of one moment come in any order.

    Source: IB API, "Order status": no order among openOrder, orderStatus, execDetails is promised.
    """

    seconds: float = 10.0

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        shuffled = [frame for frame in frames if message_id(frame) in CALLBACKS]
        stage.random.shuffle(shuffled)
        rest = iter(shuffled)
        return [next(rest) if message_id(frame) in CALLBACKS else frame for frame in frames]


class CorrectedExecution(Fault, frozen=True):
    """The latest execution comes again with the next revision in its id, and its commission.

    The account keeps what it had: with `ticks` at 0 only the id is new, like most corrections.

    Source: IB API, "Executions and Commissions": a correction differs in what follows the last dot.
    """

    ticks: int = 0
    """How much dearer the corrected execution is."""

    def start(self, stage: Stage) -> None:
        exchange = stage.server.exchange
        for facts in reversed(exchange.desk.executions):
            if self.client in (None, facts.order.client_id):
                exchange.desk.tell_execution(self._corrected(facts))
                return

    def _corrected(self, facts: ExecutionFacts) -> ExecutionFacts:
        stem, _, revision = facts.execution_id.rpartition(".")
        return replace(
            facts,
            execution_id=f"{stem}.{int(revision) + 1:02d}",
            price=facts.price + self.ticks * facts.instrument.tick_size,
        )


class ClockOff(Fault, frozen=True):
    """The gateway's answer to reqCurrentTime is off by `offset` seconds.

    Source: IB API, `currentTime` is the clock of the machine that TWS runs on.
    """

    seconds: float = 60.0
    offset: int = 90

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        return [self._shifted(frame) if message_id(frame) == CURRENT_TIME else frame
                for frame in frames]  # fmt: skip

    def _shifted(self, frame: bytes) -> bytes:
        kind, version, moment = frame[4:].decode("ascii").split("\0")[:3]
        return encode([kind, version, int(moment) + self.offset])
