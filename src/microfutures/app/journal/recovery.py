"""After a restart: our orders, fills and commissions come back from the journal."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import msgspec

from microfutures.app.engine_making import RunStarted
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
    OrderUpdated,
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
    books, floor, commands = engine.books, engine.floor, engine.commands
    order = msgspec.json.Decoder(Order)
    restore: dict[str, Callable[[JournalRecord], object]] = {
        "RunStarted": _as(
            RunStarted, lambda started: books.restore_prefix(started.order_ref_prefix)
        ),
        "InstrumentResolved": _as(
            InstrumentResolved, lambda event: books.restore_instrument(event.instrument)
        ),
        "OrderApproved": lambda record: floor.restore_order(
            order.decode(record.payload), record.time_ns
        ),
        "OrderUpdated": _as(OrderUpdated, floor.restore_update),
        "OrderSettled": _as(OrderUpdated, floor.restore_update),
        "FillReceived": _as(FillReceived, partial(_restore_fill, engine)),
        "ForeignFill": _as(Fill, books.restore_foreign_fill),
        "PositionAdjusted": _as(Fill, books.restore_adjustment),
        "ShareSplit": _as(ShareSplit, partial(_restore_split, engine)),
        "CommissionReceived": _as(
            CommissionReceived, lambda event: engine.portfolio.book_commission(event.commission)
        ),
        "CommandReceived": _as(CommandReceived, commands.restore_command),
        "EquityMark": _as(EquityMark, lambda mark: engine.portfolio.restore_peak(mark.peak)),
        "DayStarted": _as(DayStarted, engine.restore_day),
        "ForeignPositions": _as(
            ForeignPositions, lambda found: engine.truth.reconciler.restore(found.quantities)
        ),
        "RecordsLost": _as(RecordsLost, lambda lost: commands.restore_halt(lost.reason)),
        HALTED: _as(dict[str, str], lambda halted: commands.restore_halt(halted["reason"])),
    }
    for record in records:
        if record.name not in restore:
            continue
        try:
            restore[record.name](record)
        except msgspec.DecodeError as error:
            raise JournalError(
                f"the journal's record {record.sequence} ({record.name}) can't be read: {error}; "
                "restore a copy, or use the version that wrote it"
            ) from error


def _as(kind: type[T], use: Callable[[T], object]) -> Callable[[JournalRecord], object]:
    decoder = msgspec.json.Decoder(kind)
    return lambda record: use(decoder.decode(record.payload))


def _restore_fill(engine: Engine, event: FillReceived) -> None:
    """Book an execution again, and know by it what the market was."""
    fill = event.fill
    engine.floor.restore_fill(fill)
    engine.market.remember(fill.instrument_id, float(fill.price), fill.time_ns)


def _restore_split(engine: Engine, split: ShareSplit) -> None:
    """Book a split again; what was traded before it says nothing of the market any more."""
    engine.portfolio.book_split(split)
    engine.market.remember(split.instrument_id, float(split.price), split.time_ns)
