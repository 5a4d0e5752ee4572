"""Orders out, their fate in: keyed by our own reference and the broker's permanent id.

Nothing is inferred: an order is final when the broker's own status says so, or when it was
refused before the broker ever acknowledged it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec
from ib_async import CommissionReport, Contract, Execution, ExecutionFilter, OrderState
from ib_async import Order as IBOrder

from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.error_codes import CodeClass, classify
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import STATUSES, decimal_of, fill_of, instrument_id
from microfutures.model.approval import Approved
from microfutures.model.events import (
    BrokerOrder,
    CommissionReceived,
    EngineEvent,
    FillReceived,
    OrderUpdated,
)
from microfutures.model.fills import Commission
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef
from microfutures.model.orders import Order, OrderStatus
from microfutures.ports.clock import Clock

KEPT_SENT = 1_000


class Sent(msgspec.Struct):
    """What we know of an order of ours at the broker."""

    order_ref: OrderRef
    order_id: int
    client_id: int
    permanent_id: int = 0
    is_acknowledged: bool = False
    refusal: str = ""


class OrderDesk:
    """The order channel of one manager; outlives connections."""

    def __init__(
        self,
        *,
        clock: Clock,
        emit: Callable[[EngineEvent], None],
        contracts: Mapping[InstrumentId, Resolved],
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._contracts = contracts
        self._by_ref: OrderedDict[OrderRef, Sent] = OrderedDict()
        self._by_order_id: dict[tuple[int, int], Sent] = {}
        self._by_permanent_id: dict[int, Sent] = {}
        self._open: dict[OrderRef, BrokerOrder] = {}
        self._listing: asyncio.Future[None] | None = None
        self._executions: dict[int, asyncio.Future[None]] = {}

    def forget_connection(self) -> None:
        """Let go of what belonged to a socket: order ids may start again."""
        self._by_order_id.clear()
        for waiting in (self._listing, *self._executions.values()):
            if waiting is not None and not waiting.done():
                waiting.cancel()
        self._listing = None
        self._executions.clear()

    # -- out ----------------------------------------------------------------------------------

    def submit(self, ib: TappedIB | None, account: str, approved: Approved) -> None:
        """Send an order; when it certainly was not sent, say so as a rejection."""
        order = approved.order
        resolved = self._contracts.get(order.instrument_id)
        if ib is None or not ib.client.isReady():
            self._reject(order.order_ref, "not connected: the order was not sent")
            return
        if resolved is None:
            self._reject(order.order_ref, f"{order.instrument_id} is not resolved: not sent")
            return
        sent = Sent(order.order_ref, ib.client.getReqId(), ib.client.clientId)
        self._remember(sent)
        ib.client.placeOrder(sent.order_id, resolved.contract, ib_order(order, resolved, account))

    def cancel(self, ib: TappedIB | None, order_ref: OrderRef) -> None:
        """Ask for a cancel; without a connection the order's state is asked for later."""
        sent = self._by_ref.get(order_ref)
        if ib is not None and ib.client.isReady() and sent is not None:
            ib.client.cancelOrder(sent.order_id)

    async def list_open(self, ib: TappedIB) -> tuple[BrokerOrder, ...]:
        """Return every open order at the broker, of all clients."""
        self._open = {}
        self._listing = asyncio.get_running_loop().create_future()
        ib.client.reqAllOpenOrders()
        await self._listing
        return tuple(self._open.values())

    async def replay_executions(self, ib: TappedIB) -> None:
        """Have the day's executions told again; known ones change nothing."""
        request_id = ib.client.getReqId()
        waiting = self._executions[request_id] = asyncio.get_running_loop().create_future()
        ib.client.reqExecutions(request_id, ExecutionFilter())
        await waiting

    # -- in -----------------------------------------------------------------------------------

    def on_open_order(self, contract: Contract, order: IBOrder, state: OrderState) -> None:
        """Take an open order: it binds our reference to the broker's ids."""
        order_ref = OrderRef(order.orderRef)
        sent = self._by_ref.get(order_ref)
        if sent is None and order_ref:
            sent = Sent(order_ref, order.orderId, order.clientId)
            self._remember(sent)
        if sent is not None:
            sent.order_id, sent.permanent_id = order.orderId, order.permId
            self._by_order_id[order.clientId, order.orderId] = sent
            self._by_permanent_id[order.permId] = sent
        if self._listing is not None and not self._listing.done():
            filled = round(order.filledQuantity) if order.filledQuantity < 1e300 else 0
            self._open[order_ref or OrderRef(f"?{order.permId}")] = BrokerOrder(
                order_ref=order_ref,
                instrument_id=instrument_id(contract),
                status=STATUSES.get(state.status, OrderStatus.IN_FLIGHT),
                filled=filled,
                remaining=round(order.totalQuantity) - filled,
                permanent_id=order.permId,
            )

    def on_open_orders_end(self) -> None:
        """Finish a listing."""
        if self._listing is not None and not self._listing.done():
            self._listing.set_result(None)

    def on_status(
        self, order_id: int, status: str, filled: float, remaining: float, perm_id: int, client: int
    ) -> None:
        """Take the broker's word for where an order stands."""
        sent = self._by_permanent_id.get(perm_id) or self._by_order_id.get((client, order_id))
        translated = STATUSES.get(status)
        if sent is None or translated is None:
            return
        sent.is_acknowledged = True
        sent.permanent_id = perm_id
        self._by_permanent_id[perm_id] = sent
        self._emit(
            OrderUpdated(
                time_ns=self._clock.now_ns(),
                order_ref=sent.order_ref,
                status=translated,
                filled=round(filled),
                remaining=round(remaining),
                permanent_id=perm_id,
                reason=sent.refusal,
            )
        )

    def on_error(self, client_id: int, order_id: int, code: int, text: str) -> OrderRef | None:
        """Take an error that names an order; return our reference if it is ours."""
        sent = self._by_order_id.get((client_id, order_id))
        if sent is None:
            return None
        facts = classify(code)
        is_refusal = facts.code_class in (CodeClass.REJECTION, CodeClass.REQUEST)
        if is_refusal:
            sent.refusal = f"[{code}] {text} - {facts.advice}"
        # After an acknowledgement the status message decides, never an error text: some codes
        # come as mere remarks to orders that are alive.
        if is_refusal and not sent.is_acknowledged:
            self._reject(sent.order_ref, sent.refusal)
        return sent.order_ref

    def on_execution(self, contract: Contract, execution: Execution) -> None:
        """Take an execution, new or told again."""
        self._emit(FillReceived(time_ns=self._clock.now_ns(), fill=fill_of(contract, execution)))

    def on_executions_end(self, request_id: int) -> None:
        """Finish a replay."""
        waiting = self._executions.pop(request_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def on_commission(self, report: CommissionReport) -> None:
        """Take what an execution cost."""
        self._emit(
            CommissionReceived(
                time_ns=self._clock.now_ns(),
                commission=Commission(
                    execution_id=ExecutionId(report.execId),
                    amount=decimal_of(report.commission),
                    currency=report.currency,
                ),
            )
        )

    def _reject(self, order_ref: OrderRef, reason: str) -> None:
        self._emit(
            OrderUpdated(
                time_ns=self._clock.now_ns(),
                order_ref=order_ref,
                status=OrderStatus.REJECTED,
                reason=reason,
            )
        )

    def _remember(self, sent: Sent) -> None:
        self._by_ref[sent.order_ref] = sent
        self._by_order_id[sent.client_id, sent.order_id] = sent
        while len(self._by_ref) > KEPT_SENT:
            _, oldest = self._by_ref.popitem(last=False)
            self._by_order_id.pop((oldest.client_id, oldest.order_id), None)
            self._by_permanent_id.pop(oldest.permanent_id, None)


def ib_order(order: Order, resolved: Resolved, account: str) -> IBOrder:
    """Return the order as IB takes it; time in force is always said."""
    instrument = resolved.instrument
    ib = IBOrder(
        action=order.side.value,
        totalQuantity=order.quantity,
        orderType=order.order_type.value,
        tif=order.time_in_force.value,
        orderRef=order.order_ref,
        outsideRth=order.outside_regular_hours,
        account=account,
        transmit=True,
    )
    if order.limit_ticks is not None:
        ib.lmtPrice = _wire_price(instrument.price(order.limit_ticks))
    if order.stop_ticks is not None:
        ib.auxPrice = _wire_price(instrument.price(order.stop_ticks))
    return ib


def _wire_price(price: Decimal) -> float:
    # repr() of the nearest float is the shortest spelling, so the wire shows the price exactly.
    return float(price)
