"""After a restart: our orders, fills and commissions come back from the journal."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from microfutures.app.wiring import RunStarted
from microfutures.engine.commands import HALTED
from microfutures.engine.engine import Engine
from microfutures.engine.guards import EquityMark
from microfutures.engine.reconciliation import ForeignPositions
from microfutures.engine.trading_days import DayStarted
from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.errors import JournalError
from microfutures.model.events import (
    CommandReceived,
    CommissionReceived,
    FillReceived,
    InstrumentResolved,
)
from microfutures.model.fills import Fill
from microfutures.model.orders import Order
from microfutures.ports.journal import JournalRecord, RecordsLost

T = TypeVar("T")

RECOVERED_KINDS = frozenset({"run", "order", "connection", "equity"})


def recover(engine: Engine, records: Iterable[JournalRecord]) -> None:
    """Give the engine back what records of `RECOVERED_KINDS` say.

    Raises
    ------
    JournalError
        If one can't be read: its memory would have a hole.
    """
    books, commands = engine.books, engine.commands
    restore: dict[str, Callable[[bytes], object]] = {
        "RunStarted": _as(
            RunStarted, lambda started: books.restore_prefix(started.order_ref_prefix)
        ),
        "InstrumentResolved": _as(
            InstrumentResolved, lambda event: books.restore_instrument(event.instrument)
        ),
        "OrderApproved": _as(Order, books.restore_order),
        "FillReceived": _as(FillReceived, lambda event: books.restore_fill(event.fill)),
        "PositionAdjusted": _as(Fill, books.restore_adjustment),
        "ShareSplit": _as(ShareSplit, engine.portfolio.book_split),
        "CommissionReceived": _as(
            CommissionReceived, lambda event: engine.portfolio.book_commission(event.commission)
        ),
        "CommandReceived": _as(CommandReceived, commands.restore_command),
        "EquityMark": _as(EquityMark, lambda mark: engine.portfolio.restore_peak(mark.peak)),
        "DayStarted": _as(DayStarted, engine.restore_day),
        "ForeignPositions": _as(
            ForeignPositions, lambda found: engine.reconciler.restore(found.quantities)
        ),
        "RecordsLost": _as(RecordsLost, lambda lost: commands.restore_halt(lost.reason)),
        HALTED: _as(dict[str, str], lambda halted: commands.restore_halt(halted["reason"])),
    }
    for record in records:
        if record.name in restore:
            try:
                restore[record.name](record.payload)
            except msgspec.DecodeError as error:
                raise JournalError(
                    f"the journal's record {record.sequence} ({record.name}) can't be read: "
                    f"{error}; restore a copy, or use the version that wrote it"
                ) from error


def _as(kind: type[T], use: Callable[[T], object]) -> Callable[[bytes], object]:
    decoder = msgspec.json.Decoder(kind)
    return lambda payload: use(decoder.decode(payload))
