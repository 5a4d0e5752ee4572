"""Who takes what of one connection; `tap` hands it on."""

from collections.abc import Callable
from typing import Protocol

import msgspec
from ib_async import CommissionReport, Contract, Execution, Order, OrderState


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
