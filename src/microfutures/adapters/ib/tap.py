"""An `ib_async.IB` that hands on what comes over the wire, in order and unchanged.

ib_async's own order book marks live orders as cancelled on any code it doesn't know, keeps
trades for ever, and hands out tickers as a set without order. So orders, fills, positions,
account values and ticks are taken here as the decoder reads them; its request/answer machinery
(contract details, history, what-if, time) is used as it is.
"""

from typing import Protocol

from ib_async import IB, CommissionReport, Contract, Execution, Order, OrderState
from ib_async.client import Client
from ib_async.wrapper import Wrapper


class Tap(Protocol):
    """Takes raw messages."""

    def on_price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        """Take a price with its size."""

    def on_size(self, request_id: int, tick_type: int, size: float) -> None:
        """Take a size."""

    def on_data_type(self, request_id: int, data_type: int) -> None:
        """Take the kind of data of a line."""

    def on_open_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        """Take an open order."""

    def on_open_orders_end(self) -> None:
        """Take the end of the list of open orders."""

    def on_order_status(
        self, order_id: int, status: str, filled: float, remaining: float, perm_id: int, client: int
    ) -> None:
        """Take where an order stands."""

    def on_execution(self, contract: Contract, execution: Execution) -> None:
        """Take an execution."""

    def on_executions_end(self, request_id: int) -> None:
        """Take the end of the list of executions."""

    def on_commission(self, report: CommissionReport) -> None:
        """Take the cost of an execution."""

    def on_position(
        self, account: str, contract: Contract, quantity: float, average_cost: float
    ) -> None:
        """Take a position."""

    def on_account_value(self, tag: str, value: str, currency: str, account: str) -> None:
        """Take a value of the account."""

    def on_account_end(self, account: str) -> None:
        """Take the end of the account's values."""

    def on_error(self, request_id: int, code: int, text: str) -> None:
        """Take an error, warning or notice."""


class TappedWrapper(Wrapper):
    """Passes each callback to the tap; the base sees only what its requests need."""

    tap: Tap

    def priceSizeTick(self, reqId: int, tickType: int, price: float, size: float) -> None:
        """Hand on a price."""
        self.tap.on_price(reqId, tickType, price, size)

    def tickSize(self, reqId: int, tickType: int, size: float) -> None:
        """Hand on a size."""
        self.tap.on_size(reqId, tickType, size)

    def tickString(self, reqId: int, tickType: int, value: str) -> None:
        """Let texts of ticks pass by."""

    def tickGeneric(self, reqId: int, tickType: int, value: float) -> None:
        """Let generic ticks pass by."""

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
        self.tap.on_data_type(reqId, marketDataId)

    def openOrder(
        self,
        orderId: int,
        contract: Contract,
        order: Order,
        orderState: OrderState,
    ) -> None:
        """Hand on an open order; a what-if is an answer and goes to its request."""
        if order.whatIf:
            super().openOrder(orderId, contract, order, orderState)
        else:
            self.tap.on_open_order(contract, order, orderState)

    def openOrderEnd(self) -> None:
        """Hand on the end."""
        self.tap.on_open_orders_end()

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
        self.tap.on_order_status(orderId, status, filled, remaining, permId, clientId)

    def execDetails(self, reqId: int, contract: Contract, execution: Execution) -> None:
        """Hand on an execution."""
        self.tap.on_execution(contract, execution)

    def execDetailsEnd(self, reqId: int) -> None:
        """Hand on the end."""
        self.tap.on_executions_end(reqId)

    def commissionReport(self, commissionReport: CommissionReport) -> None:
        """Hand on a commission."""
        self.tap.on_commission(commissionReport)

    def position(
        self,
        account: str,
        contract: Contract,
        posSize: float,
        avgCost: float,
    ) -> None:
        """Hand on a position; the base collects them for its request."""
        super().position(account, contract, posSize, avgCost)
        self.tap.on_position(account, contract, posSize, avgCost)

    def updateAccountValue(self, tag: str, val: str, currency: str, account: str) -> None:
        """Hand on an account value."""
        self.tap.on_account_value(tag, val, currency, account)

    def updatePortfolio(self, *fields: object) -> None:
        """Let portfolio rows pass by; positions are asked for."""

    def accountDownloadEnd(self, _account: str) -> None:
        """Hand on the end."""
        self.tap.on_account_end(_account)

    def error(
        self,
        reqId: int,
        errorCode: int,
        errorString: str,
        advancedOrderRejectJson: str,
    ) -> None:
        """Hand on an error; the base fails the request it belongs to."""
        super().error(reqId, errorCode, errorString, advancedOrderRejectJson)
        self.tap.on_error(reqId, errorCode, errorString)


class TappedIB(IB):
    """One connection's `IB`; thrown away with it."""

    RaiseRequestErrors = True

    def __init__(self, tap: Tap) -> None:
        super().__init__()
        self.wrapper = TappedWrapper(self, defaults=self.wrapper.defaults)
        self.wrapper.tap = tap
        self.client = Client(self.wrapper)
        self.client.apiEnd += self.disconnectedEvent
