"""After a restart: our orders, fills and commissions come back from the journal."""

import msgspec

from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.engine.engine import Engine
from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.events import CommissionReceived, FillReceived, InstrumentResolved
from microfutures.model.fills import Fill
from microfutures.model.orders import Order


def recover(engine: Engine, journal: SqliteJournal) -> int:
    """Give the engine back what the journal remembers; return the number of fills."""
    fills = 0
    for record in journal.read({"order", "connection"}):
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
