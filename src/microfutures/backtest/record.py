"""What a backtest leaves behind."""

from decimal import Decimal
from hashlib import sha256

import msgspec

from microfutures.model.fills import Fill
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import Order
from microfutures.model.snapshot import RoundTripView


class SentOrder(msgspec.Struct, frozen=True, gc=False):
    """An order and the moment it left the desk, nanoseconds UTC."""

    time_ns: int
    order: Order

    @property
    def line(self) -> str:
        """Return everything that makes the order, in one line."""
        order = self.order
        return (
            f"{self.time_ns} {order.strategy} {order.instrument_id} {order.side} {order.quantity} "
            f"{order.order_type} {order.limit_ticks} {order.stop_ticks} {order.time_in_force} "
            f"{order.purpose}"
        )


class Record(msgspec.Struct):
    """Collects while the backtest runs; oldest first."""

    orders: list[SentOrder] = []
    fills: list[Fill] = []
    equity: list[tuple[int, float]] = []


class BacktestResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a backtest; money in USD, everything oldest first."""

    first_ns: int
    last_ns: int
    updates: int
    """Of the market, as many as were played."""
    is_complete: bool
    """Whether the tape was played to its end."""
    orders: tuple[SentOrder, ...]
    fills: tuple[Fill, ...]
    round_trips: tuple[RoundTripView, ...]
    equity: tuple[tuple[int, float], ...]
    """Moment and worth of the capital in USD, at the pace of `BacktestOptions`."""
    multipliers: dict[InstrumentId, float]
    """USD that one point of a contract's price is worth."""
    initial_capital: Decimal
    realized: Decimal
    unrealized: Decimal
    commissions: Decimal
    account_profit: Decimal
    """What the venue's account earned: the same as `net`, to the cent, when nothing is open."""
    still_open: tuple[str, ...]
    refusals: tuple[tuple[str, int, str], ...]
    """Rule, how often it stopped a trade, and its latest sentence."""

    @property
    def net(self) -> Decimal:
        """Return what is left after commissions."""
        return self.realized + self.unrealized - self.commissions

    @property
    def order_hash(self) -> str:
        """Return the fingerprint of the order list: the same decisions have the same one."""
        return sha256("\n".join(each.line for each in self.orders).encode()).hexdigest()
