"""After a restart: our orders, fills and commissions come back from the journal."""

from collections.abc import Iterable

import msgspec

from microfutures.engine.engine import Engine
from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.events import CommissionReceived, FillReceived, InstrumentResolved
from microfutures.model.fills import Fill
from microfutures.model.orders import Order
from microfutures.ports.journal import JournalRecord

RECOVERED_KINDS = frozenset({"order", "connection"})


def recover(engine: Engine, records: Iterable[JournalRecord]) -> int:
    """Give the engine back what records of `RECOVERED_KINDS` say; return the number of fills."""
    fills = 0
    for record in records:
        match record.name:
            case "InstrumentResolved":
                resolved = msgspec.json.decode(record.payload, type=InstrumentResolved)
                engine.books.restore_instrument(resolved.instrument)
            case "OrderApproved":
                order = msgspec.json.decode(record.payload, type=Order)
                engine.books.restore_order(order)
            case "FillReceived":
                fill = msgspec.json.decode(record.payload, type=FillReceived).fill
                fills += engine.books.restore_fill(fill)
            case "PositionAdjusted":
                engine.books.restore_adjustment(msgspec.json.decode(record.payload, type=Fill))
            case "ShareSplit":
                engine.books.restore_split(msgspec.json.decode(record.payload, type=ShareSplit))
            case "CommissionReceived":
                event = msgspec.json.decode(record.payload, type=CommissionReceived)
                engine.portfolio.book_commission(event.commission)
            case _:
                pass
    return fills
