"""An `ib_async.IB` that hands on what comes over the wire, in order and unchanged.

ib_async's own order book marks live orders as cancelled on any code it doesn't know, keeps
trades for ever, and hands out tickers as a set without order. So orders, fills, positions,
account values and ticks are taken here as the decoder reads them; its request/answer machinery
(contract details, history, what-if, time) is used as it is.
"""

import logging
import sys
from collections.abc import Callable
from typing import Protocol

import msgspec
from ib_async import (
    IB,
    CommissionReport,
    Contract,
    Execution,
    Order,
    OrderState,
    RequestError,
)
from ib_async.decoder import Decoder
from ib_async.wrapper import Wrapper

from microfutures.adapters.ib.error_codes import classify
from microfutures.adapters.ib.paced_client import PacedClient
from microfutures.adapters.ib.translate import money

_log = logging.getLogger("microfutures.ib")


class MarketTap(Protocol):
    """Takes ticks."""

    def on_price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        """Take a price with its size."""

    def on_size(self, request_id: int, tick_type: int, size: float) -> None:
        """Take a size."""

    def on_generic(self, request_id: int, tick_type: int, value: float) -> None:
        """Take a value that is neither a price nor a size."""

    def on_data_type(self, request_id: int, data_type: int) -> None:
        """Take the kind of data of a line."""

    def on_read(self) -> None:
        """Take the end of a socket read: all its messages were handed on."""


class OrderTap(Protocol):
    """Takes what TWS says of orders and executions."""

    def on_open_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """Take an open order."""

    def on_open_orders_end(self) -> None:
        """Take the end of the list of open orders."""

    def on_completed_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """Take an order that is over."""

    def on_completed_orders_end(self) -> None:
        """Take the end of the list of completed orders."""

    def on_status(
        self, order_id: int, status: str, filled: float, remaining: float, perm_id: int, client: int
    ) -> None:
        """Take where an order stands."""

    def on_execution(self, request_id: int, contract: Contract, execution: Execution) -> None:
        """Take an execution; the request is -1 for one that happened just now."""

    def on_executions_end(self, request_id: int) -> None:
        """Take the end of the list of executions."""

    def on_commission(self, report: CommissionReport) -> None:
        """Take the cost of an execution."""


class AccountTap(Protocol):
    """Takes the account's values and positions."""

    def on_position(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> None:
        """Take a position."""

    def on_value(self, tag: str, value: str, currency: str, account: str) -> None:
        """Take a value."""

    def on_account_end(self, account: str) -> None:
        """Take the end of the values."""


class Taps(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes what of one connection."""

    market: MarketTap
    orders: OrderTap
    account: AccountTap
    on_error: Callable[[int, int, str], None]
    """Request or order id, code, text."""
    on_unreadable: Callable[[str], None]
    """A message that could not be read, in words."""


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


class TellingDecoder(Decoder):
    """Tells of messages that it can't read; the base only logs them, and our own errors too."""

    def __init__(self, wrapper: TappedWrapper) -> None:
        super().__init__(wrapper, 0)
        self._tapped = wrapper
        self.logger = _DecoderLog(wrapper)
        self._ticks = {"1": self._read_price, "2": self._read_size}

    def interpret(self, fields: list[str]) -> None:
        """Read one message; ticks, which almost all messages are, without any detour."""
        if fields and fields[0] in self._ticks:
            try:
                self._ticks[fields[0]](fields)
            except ValueError:
                # More fields than we know, or nonsense: the base copes with the one, and says
                # where it stumbles over the other.
                Decoder.interpret(self, fields)
            return
        handler = self.handlers.get(int(fields[0])) if fields and fields[0].isdigit() else None
        if handler is None:
            self._tapped.taps.on_unreadable(f"unknown message {fields[:1]}")
            return
        Decoder.interpret(self, fields)

    def _read_price(self, fields: list[str]) -> None:
        _, _, request_id, tick_type, price, size, _ = fields
        if price:
            self._tapped.taps.market.on_price(
                int(request_id), int(tick_type), float(price), float(size or 0)
            )

    def _read_size(self, fields: list[str]) -> None:
        _, _, request_id, tick_type, size = fields
        self._tapped.taps.market.on_size(int(request_id), int(tick_type), float(size or 0))


class _DecoderLog(logging.Logger):
    """Where the base decoder reports a message it stumbled over."""

    def __init__(self, wrapper: TappedWrapper) -> None:
        super().__init__("microfutures.ib.decoder")
        self._wrapper = wrapper

    def exception(self, msg: object, *args: object, **options: object) -> None:
        """Tell it, with the error itself."""
        error = sys.exception()
        _log.debug("%s", msg, exc_info=error)
        self._wrapper.taps.on_unreadable(f"{type(error).__name__}: {error}, in {str(msg)[:200]}")


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
        self.client.decoder = TellingDecoder(wrapper)
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
