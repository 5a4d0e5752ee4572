"""Whose order is which, and which executions it had: the desk's longest memory of single orders.

An execution is booked only if its order is known here. So nothing is booked twice when an order
is forgotten together with its executions: told again, they are nobody's.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator

import msgspec

from microfutures.model.fills import Fill, execution_stem
from microfutures.model.identifiers import OrderRef, StrategyName
from microfutures.model.orders import Order

KEPT_ORDERS = 5_000
"""Far more than the broker tells of again: it knows the executions of one day, at most a week."""


class Owner(msgspec.Struct, gc=False):
    """The strategy that sent an order, and why."""

    strategy: StrategyName
    reason: str
    executions: tuple[str, ...] = ()
    """What the corrections of each of its executions share."""


class OwnNames:
    """What our starts call their orders: a prefix of each start, and numbers that count up.

    A power cut can take the newest records from the journal: an order above the highest number
    that is known of its start is ours, and lost.
    """

    def __init__(self, order_ref_prefix: str) -> None:
        self._prefix = order_ref_prefix
        self._highest = {order_ref_prefix: 0}

    def next(self) -> OrderRef:
        """Return the name of the next order of this start."""
        number = self._highest[self._prefix] = self._highest[self._prefix] + 1
        return OrderRef(f"{self._prefix}-{number}")

    def add_start(self, order_ref_prefix: str) -> None:
        """Know what the orders of another start are called."""
        self._highest.setdefault(order_ref_prefix, 0)

    def note(self, order_ref: OrderRef) -> None:
        """Take note of an order that the journal knows."""
        prefix, number = _parts(order_ref)
        self._highest[prefix] = max(self._highest.get(prefix, 0), number)

    def is_ours(self, order_ref: OrderRef) -> bool:
        """Tell whether one of our starts named an order."""
        return _parts(order_ref)[0] in self._highest

    def is_lost(self, order_ref: OrderRef) -> bool:
        """Tell whether the journal should know an order and doesn't."""
        prefix, number = _parts(order_ref)
        return number > self._highest.get(prefix, number)


def _parts(order_ref: OrderRef) -> tuple[str, int]:
    prefix, _, number = order_ref.rpartition("-")
    return prefix, int(number) if number.isdecimal() else 0


class Owners:
    """The latest `KEPT_ORDERS` orders, and every older one that is live.

    Parameters
    ----------
    is_live
        Tells whether an order may still trade.
    forget
        Called with the executions of an order that is forgotten.
    """

    def __init__(
        self,
        *,
        is_live: Callable[[OrderRef], bool],
        forget: Callable[[tuple[str, ...]], None],
    ) -> None:
        # Of a plain dict, finding the oldest takes ever longer as they are taken out.
        self._orders: OrderedDict[OrderRef, Owner] = OrderedDict()
        self._is_live = is_live
        self._forget = forget

    def __contains__(self, order_ref: OrderRef) -> bool:
        """Tell whether an order is known."""
        return order_ref in self._orders

    def of(self, order_ref: OrderRef) -> Owner | None:
        """Return whose an order is; None when it is not ours, or forgotten."""
        return self._orders.get(order_ref)

    def add(self, order: Order) -> None:
        """Remember an order; forget the oldest that is over, if there are too many."""
        if order.order_ref in self._orders:
            return
        self._orders[order.order_ref] = Owner(order.strategy, order.reason)
        if len(self._orders) > KEPT_ORDERS:
            oldest = next(self._forgettable(), None)
            if oldest is not None:
                self._forget(self._orders.pop(oldest).executions)

    def claim(self, order_ref: OrderRef, strategy: StrategyName) -> Owner:
        """Remember an order that only the broker knew."""
        owner = self._orders[order_ref] = Owner(strategy, "sent just before a power cut")
        return owner

    def note(self, owner: Owner, fill: Fill) -> None:
        """Remember an execution with its order."""
        stem = execution_stem(fill.execution_id)
        if stem not in owner.executions:
            owner.executions = (*owner.executions, stem)

    def _forgettable(self) -> Iterator[OrderRef]:
        return (order_ref for order_ref in self._orders if not self._is_live(order_ref))
