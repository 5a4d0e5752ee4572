"""An `ib_async.IB` that hands on what comes over the wire, in order and unchanged.

ib_async's own order book marks live orders as cancelled on any code it doesn't know, keeps
trades for ever, and hands out tickers as a set without order. So orders, fills, positions,
account values and ticks are taken here as the decoder reads them; its request/answer machinery
(contract details, history, what-if, time) is used as it is.
"""

import logging

from ib_async import (
    IB,
    CommissionReport,
    Contract,
    Execution,
    Order,
    OrderState,
    RequestError,
)
from ib_async.wrapper import Wrapper

from microfutures.adapters.ib.decoder import TellingDecoder
from microfutures.adapters.ib.error_codes import classify
from microfutures.adapters.ib.paced_client import PacedClient
from microfutures.adapters.ib.taps import Taps
from microfutures.adapters.ib.translate import money


class TappedWrapper(Wrapper):
    """Passes each callback to its tap; the base sees only what its requests need."""

    taps: Taps

    def tcpDataArrived(self) -> None:
        """Do nothing: the base clears tickers and reads a clock, once a socket read."""

    def tcpDataProcessed(self) -> None:
        """Hand on that a socket read is worked through."""
        self.taps.market.on_read()

    def priceSizeTick(self, reqId: int, tickType: int, price: float, size: float) -> None:
        """Hand on a price."""
        self.taps.market.on_price(reqId, tickType, price, size)

    def tickSize(self, reqId: int, tickType: int, size: float) -> None:
        """Hand on a size."""
        self.taps.market.on_size(reqId, tickType, size)

    def tickString(self, reqId: int, tickType: int, value: str) -> None:
        """Let texts of ticks pass by."""

    def tickGeneric(self, reqId: int, tickType: int, value: float) -> None:
        """Hand on a value that is no price: a halt."""
        self.taps.market.on_generic(reqId, tickType, value)

    def tickReqParams(
        self,
        reqId: int,
        minTick: float,
        bboExchange: str,
        snapshotPermissions: int,
    ) -> None:
        """Let line parameters pass by; ticks come with the contract's details."""

    def marketDataType(self, reqId: int, marketDataId: int) -> None:
        """Hand on the kind of data."""
        self.taps.market.on_data_type(reqId, marketDataId)

    def openOrder(
        self,
        orderId: int,
        contract: Contract,
        order: Order,
        orderState: OrderState,
    ) -> None:
        """Hand on an open order; a what-if is an answer and goes to its request."""
        # Ids below one that any order ever had are refused as duplicates (103).
        self.ib.client.updateReqId(orderId + 1)
        if not order.whatIf:
            self.taps.orders.on_open_order(contract, order, orderState)
        elif money(orderState.initMarginChange) is not None or orderState.warningText:
            Wrapper._endReq(self, orderId, orderState)

    def openOrderEnd(self) -> None:
        """Hand on the end."""
        self.taps.orders.on_open_orders_end()

    def completedOrder(self, contract: Contract, order: Order, orderState: OrderState) -> None:
        """Hand on an order that is over."""
        self.taps.orders.on_completed_order(contract, order, orderState)

    def completedOrdersEnd(self) -> None:
        """Hand on the end."""
        self.taps.orders.on_completed_orders_end()

    def orderStatus(
        self,
        orderId: int,
        status: str,
        filled: float,
        remaining: float,
        avgFillPrice: float,
        permId: int,
        parentId: int,
        lastFillPrice: float,
        clientId: int,
        whyHeld: str,
        mktCapPrice: float = 0.0,
    ) -> None:
        """Hand on a status."""
        self.taps.orders.on_status(orderId, status, filled, remaining, permId, clientId)

    def execDetails(self, reqId: int, contract: Contract, execution: Execution) -> None:
        """Hand on an execution."""
        self.taps.orders.on_execution(reqId, contract, execution)

    def execDetailsEnd(self, reqId: int) -> None:
        """Hand on the end."""
        self.taps.orders.on_executions_end(reqId)

    def commissionReport(self, commissionReport: CommissionReport) -> None:
        """Hand on a commission."""
        self.taps.orders.on_commission(commissionReport)

    def position(
        self,
        account: str,
        contract: Contract,
        posSize: float,
        avgCost: float,
    ) -> None:
        """Hand on a position; the end of the list finishes the base's request."""
        self.taps.account.on_position(account, contract, posSize, avgCost)

    def updateAccountValue(self, tag: str, val: str, currency: str, account: str) -> None:
        """Hand on an account value."""
        self.taps.account.on_value(tag, val, currency, account)

    def updatePortfolio(self, *fields: object) -> None:
        """Let portfolio rows pass by; positions are asked for."""

    def accountDownloadEnd(self, _account: str) -> None:
        """Hand on the end."""
        self.taps.account.on_account_end(_account)

    def error(
        self,
        reqId: int,
        errorCode: int,
        errorString: str,
        advancedOrderRejectJson: str,
    ) -> None:
        """Fail the request it belongs to, by our own table, and hand it on.

        The base lets requests hang on 321 and 434 and fails them on mere remarks.
        """
        if reqId in self._futures and classify(errorCode).fails_request:
            error = RequestError(reqId, errorCode, errorString)
            Wrapper._endReq(self, reqId, error, success=False)
        self.taps.on_error(reqId, errorCode, errorString)


class TappedIB(IB):
    """One connection's `IB`; thrown away with it."""

    RaiseRequestErrors = True
    TimezoneTWS = "UTC"
    """Of moments that name no zone: TWS writes those of the form ``20260908-14:30:00`` in UTC."""

    def __init__(self, taps: Taps) -> None:
        _hush()
        super().__init__()
        # On 1102 the base asks for an account summary that nobody reads.
        self.errorEvent -= self._onError
        wrapper = TappedWrapper(self, defaults=self.wrapper.defaults)
        wrapper.taps = taps
        self.wrapper = wrapper
        self.client = PacedClient(wrapper)
        self.client.decoder = TellingDecoder(wrapper, taps)
        self.client.apiEnd += self.disconnectedEvent

    def drop(self) -> None:
        """Close the socket at once; a half-open one would keep what is unsent for minutes."""
        transport = self.client.conn.transport
        self.disconnect()
        if transport is not None:
            transport.abort()


def _hush() -> None:
    """Keep ib_async from writing anywhere by itself; what matters is told by our own voice."""
    for name in ("ib_async", "eventkit"):
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
            logger.setLevel(logging.CRITICAL)
