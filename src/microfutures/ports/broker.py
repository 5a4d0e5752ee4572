"""What the engine's shell may tell a broker; nothing here blocks, answers come back as events."""

from collections.abc import Sequence
from typing import Protocol

from microfutures.model.approval import Approved
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef
from microfutures.model.intents import TargetLeg
from microfutures.model.orders import Order

MOST_MESSAGES_A_SECOND = 45
"""IB takes fifty and disconnects whoever goes on sending more; what is above waits its turn."""


class Broker(Protocol):
    """The order channel."""

    def submit(self, approved: Approved) -> None:
        """Send an order; every outcome, a failure to send included, arrives as `OrderUpdated`."""
        ...

    def rehearse(self, order: Order) -> None:
        """Do what `submit` would for an order, but send nothing."""
        ...

    def cancel(self, order_ref: OrderRef) -> None:
        """Ask for a cancel; the order is alive until the broker says otherwise."""
        ...

    def preview(self, intent_id: IntentId, trades: Sequence[TargetLeg]) -> None:
        """Ask what each signed trade in `trades` would cost in margin (`MarginPreviewed` each)."""
        ...

    def request_state(self, *, with_completed: bool) -> None:
        """Ask for executions, positions and open orders (`BrokerStateReported` at the end).

        The orders that are over are asked for as well `with_completed`.
        """
        ...

    def request_history(self, instrument_id: InstrumentId) -> None:
        """Ask for the warm-up bars again (`HistoryLoaded`)."""
        ...
