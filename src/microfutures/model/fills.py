"""What was traded and what it cost; Decimal, because the ledger is exact to the cent."""

from decimal import Decimal

import msgspec

from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef
from microfutures.model.orders import Side


class Fill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution; ``order_ref`` is empty for a trade that was not ours."""

    execution_id: ExecutionId
    order_ref: OrderRef
    instrument_id: InstrumentId
    side: Side
    quantity: int
    price: Decimal
    time_ns: int

    @property
    def signed_quantity(self) -> int:
        """Return the quantity, negative for a sale."""
        return self.side.sign * self.quantity


class Commission(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the broker charged for one execution; arrives after it, sometimes twice."""

    execution_id: ExecutionId
    amount: Decimal
    currency: str = "USD"


def execution_stem(execution_id: ExecutionId) -> str:
    """Return the part of an execution id that its corrections share."""
    stem, dot, _ = execution_id.rpartition(".")
    return stem if dot else execution_id
