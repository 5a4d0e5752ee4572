"""Orders out, their fate in.

Nothing is inferred: an order is final when the broker's own status says so, or when it was
refused before the broker ever acknowledged it.
"""

import asyncio
from collections.abc import Callable, Mapping

from ib_async import CommissionReport, Contract, Execution, ExecutionFilter, OrderState
from ib_async import Order as IBOrder
from msgspec.structs import replace

from microfutures.adapters.ib.completed import CompletedOrders
from microfutures.adapters.ib.contracts import Resolved
from microfutures.adapters.ib.error_codes import classify
from microfutures.adapters.ib.executions import ExecutionFeed
from microfutures.adapters.ib.order_book import OrderBook, Sent
from microfutures.adapters.ib.order_writer import OrderWriter
from microfutures.adapters.ib.tap import TappedIB
from microfutures.adapters.ib.translate import STATUSES, instrument_id
from microfutures.model.approval import Approved
from microfutures.model.events import BrokerOrder, EngineEvent, OrderUpdated
from microfutures.model.identifiers import InstrumentId, OrderRef
from microfutures.model.orders import Order, OrderStatus
from microfutures.ports.clock import Clock


class OrderDesk:
    """The order channel of one manager; outlives connections. Satisfies `tap.OrderTap`."""

    def __init__(
        self,
        *,
        clock: Clock,
        emit: Callable[[EngineEvent], None],
        warn: Callable[[str], None],
        contracts: Mapping[InstrumentId, Resolved],
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._warn = warn
        self._contracts = contracts
        self._book = OrderBook()
        self._executions = ExecutionFeed(clock=clock, emit=emit, contracts=contracts, warn=warn)
        self._completed = CompletedOrders()
        self._listed: dict[int, BrokerOrder] = {}
        self._listing: asyncio.Future[None] | None = None
        self._replays: dict[int, asyncio.Future[None]] = {}
        self._ib: TappedIB | None = None
        self._writer: OrderWriter | None = None

    def use(self, ib: TappedIB | None) -> None:
        """Send over this connection from now on; None when it is gone."""
        self._ib = ib
        self._writer = None if ib is None else OrderWriter(ib.client)
        self._book.forget_connection()
        self._completed.forget_connection()
        for waiting in (self._listing, *self._replays.values()):
            if waiting is not None and not waiting.done():
                waiting.cancel()
        self._listing = None
        self._replays.clear()

    # -- out ----------------------------------------------------------------------------------

    def submit(self, account: str, approved: Approved, reason_against: str = "") -> None:
        """Send an order; when it certainly was not sent, say so as a rejection."""
        order = approved.order
        resolved = self._contracts.get(order.instrument_id)
        ib, writer = self._ib, self._writer
        if ib is None or writer is None or not ib.client.isReady():
            self._reject(order.order_ref, "not connected, not sent")
        elif reason_against:
            self._reject(order.order_ref, f"{reason_against}, not sent")
        elif resolved is None:
            self._reject(order.order_ref, f"{order.instrument_id} is not resolved, not sent")
        else:
            order_id = ib.client.getReqId()
            ib.client.sendMsg(writer.spell(order_id, order, resolved, account))
            self._book.add(Sent(order.order_ref, order_id, ib.client.clientId))

    def rehearse(self, account: str, order: Order) -> None:
        """Spell an order, and don't send it."""
        resolved, writer = self._contracts.get(order.instrument_id), self._writer
        if writer is not None and resolved is not None:
            writer.spell(0, order, resolved, account)

    def cancel(self, order_ref: OrderRef) -> None:
        """Ask for a cancel; where that is impossible, say why: the order stays as it is."""
        sent, ib = self._book.by_ref(order_ref), self._ib
        if ib is None or not ib.client.isReady():
            self._warn(f"cancel of {order_ref} not sent: not connected; it is asked how it stands")
        elif sent is None:
            self._warn(f"cancel of {order_ref} not sent: the broker never named such an order")
        elif sent.client_id != ib.client.clientId:
            self._warn(
                f"cancel of {order_ref} not sent: it belongs to client id {sent.client_id}; "
                f"connect with that id, or cancel it in TWS"
            )
        else:
            ib.client.cancelOrder(sent.order_id)

    async def list_open(self, ib: TappedIB) -> tuple[BrokerOrder, ...]:
        """Return every open order at the broker, of all clients; one call at a time."""
        self._listed = {}
        self._listing = asyncio.get_running_loop().create_future()
        ib.client.reqAllOpenOrders()
        await self._listing
        return tuple(order for order in self._listed.values() if not order.status.is_final)

    async def list_completed(self, ib: TappedIB) -> tuple[BrokerOrder, ...]:
        """Return the orders that are over and were not told of yet; one call at a time."""
        return await self._completed.list(ib)

    async def replay_executions(self, ib: TappedIB) -> None:
        """Have the day's executions told again; known ones change nothing."""
        request_id = ib.client.getReqId()
        waiting = self._replays[request_id] = asyncio.get_running_loop().create_future()
        ib.client.reqExecutions(request_id, ExecutionFilter())
        await waiting

    # -- in -----------------------------------------------------------------------------------

    def on_open_order(self, contract: Contract, order: IBOrder, state: OrderState) -> None:
        """Take an open order: it binds our reference to the broker's ids."""
        order_ref = OrderRef(order.orderRef)
        sent = self._book.by_ref(order_ref)
        if sent is None and order_ref:
            sent = self._book.add(Sent(order_ref, order.orderId, order.clientId))
        if sent is not None:
            self._book.bind(
                sent,
                order_id=order.orderId,
                client_id=order.clientId,
                permanent_id=order.permId,
            )
        if self._is_listing:
            self._listed[order.permId] = BrokerOrder(
                order_ref=order_ref,
                instrument_id=instrument_id(contract),
                status=STATUSES.get(state.status, OrderStatus.IN_FLIGHT),
                filled=0,
                remaining=round(order.totalQuantity),
                permanent_id=order.permId,
            )

    def on_open_orders_end(self) -> None:
        """Finish a listing."""
        if self._listing is not None and not self._listing.done():
            self._listing.set_result(None)

    def on_completed_order(self, contract: Contract, order: IBOrder, state: OrderState) -> None:
        """Take an order that is over."""
        self._completed.on_order(contract, order, state)

    def on_completed_orders_end(self) -> None:
        """Finish a listing."""
        self._completed.on_end()

    def on_status(
        self, order_id: int, status: str, filled: float, remaining: float, perm_id: int, client: int
    ) -> None:
        """Take the broker's word for where an order stands."""
        translated = STATUSES.get(status)
        if translated is None:
            return
        listed = self._listed.get(perm_id)
        if listed is not None and self._is_listing:
            self._listed[perm_id] = replace(
                listed, status=translated, filled=round(filled), remaining=round(remaining)
            )
        sent = self._book.by_status(perm_id, client, order_id)
        if sent is None:
            return
        self._book.bind(sent, order_id=order_id, client_id=client, permanent_id=perm_id)
        sent.is_acknowledged = True
        if sent.is_told_dead and translated is OrderStatus.WORKING:
            # What came back to life after it was reported dead is nobody's: end it.
            self._warn(f"{sent.order_ref} works after it was reported as over: cancelling it")
            self.cancel(sent.order_ref)
        self._tell(sent, translated, round(filled), round(remaining))

    def on_error(self, client_id: int, order_id: int, code: int, text: str) -> OrderRef | None:
        """Take an error that names an order; return our reference if it is ours."""
        sent = self._book.by_order_id(client_id, order_id)
        if sent is None:
            return None
        facts = classify(code)
        if facts.refuses_order:
            sent.refusal = f"[{code}] {text} - {facts.advice}"
        # After an acknowledgement the status message decides, never an error text: some codes
        # come as mere remarks to orders that are alive.
        if facts.refuses_order and not sent.is_acknowledged:
            self._tell(sent, OrderStatus.REJECTED, 0, 0)
        return sent.order_ref

    def on_execution(self, request_id: int, contract: Contract, execution: Execution) -> None:
        """Take an execution."""
        self._executions.on_execution(request_id, contract, execution)

    def on_executions_end(self, request_id: int) -> None:
        """Finish a replay."""
        waiting = self._replays.pop(request_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def on_commission(self, report: CommissionReport) -> None:
        """Take what an execution cost."""
        self._executions.on_commission(report)

    # -- telling ------------------------------------------------------------------------------

    @property
    def _is_listing(self) -> bool:
        return self._listing is not None and not self._listing.done()

    def _tell(self, sent: Sent, status: OrderStatus, filled: int, remaining: int) -> None:
        is_rejected_twice = sent.told is not None and sent.told[0] is status is OrderStatus.REJECTED
        if sent.told == (status, filled, remaining) or is_rejected_twice:
            return
        sent.told = (status, filled, remaining)
        self._emit(
            OrderUpdated(
                time_ns=self._clock.now_ns(),
                order_ref=sent.order_ref,
                status=status,
                filled=filled,
                remaining=remaining,
                permanent_id=sent.permanent_id,
                reason=sent.refusal,
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
