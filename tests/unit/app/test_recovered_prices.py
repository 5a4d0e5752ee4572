"""What an earlier run traded at is known after a restart, before the first quote."""

from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from helpers.desk import OPEN_NS, SECOND, a_quote, an_instrument
from helpers.engine_desk import ADesk
from microfutures.app.journal.recovery import recover
from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.events import FillReceived, InstrumentResolved
from microfutures.model.fills import Fill
from microfutures.model.flaws import Flaw
from microfutures.model.identifiers import ExecutionId, OrderRef, Symbol
from microfutures.model.orders import Side
from microfutures.ports.journal import JournalRecord

TRADED = an_instrument("MCLZ6")
TRADED_NS = OPEN_NS - 60 * SECOND


def recovered(*events: FillReceived | ShareSplit) -> ADesk:
    """Return a desk that takes up a journal and then learns of the contract."""
    desk = ADesk(90)
    records = [
        JournalRecord(place, TRADED_NS, "order", type(each).__name__, msgspec.json.encode(each))
        for place, each in enumerate(events, 1)
    ]
    recover(desk.engine, records)
    event = InstrumentResolved(time_ns=OPEN_NS, symbol=Symbol("MCL"), instrument=TRADED)
    desk.engine.process(event)
    return desk


def flaw_at(desk: ADesk, bid: float) -> Flaw:
    quote = a_quote("USO", bid, bid + 0.02, time_ns=OPEN_NS + SECOND)
    desk.engine.process(replace(quote, instrument_id=TRADED.instrument_id))
    return desk.engine.market.flaw(TRADED.instrument_id)


FILL = FillReceived(
    time_ns=TRADED_NS,
    fill=Fill(
        execution_id=ExecutionId("e.01"),
        order_ref=OrderRef("earlier-1"),
        instrument_id=TRADED.instrument_id,
        side=Side.BUY,
        quantity=1,
        price=Decimal("78.29"),
        time_ns=TRADED_NS,
    ),
)
SPLIT = ShareSplit(
    instrument_id=TRADED.instrument_id,
    numerator=1,
    denominator=8,
    price=Decimal("626.32"),
    time_ns=TRADED_NS + SECOND,
)


@pytest.mark.parametrize(("bid", "flaw"), [(78.1, Flaw.NONE), (117.5, Flaw.JUMP)])
def test_the_first_quote_is_held_against_the_latest_execution(bid: float, flaw: Flaw) -> None:
    assert flaw_at(recovered(FILL), bid) is flaw


@pytest.mark.parametrize(("bid", "flaw"), [(626.0, Flaw.NONE), (78.1, Flaw.JUMP)])
def test_after_a_split_it_is_held_against_the_new_price(bid: float, flaw: Flaw) -> None:
    assert flaw_at(recovered(FILL, SPLIT), bid) is flaw


def test_without_an_earlier_run_there_is_nothing_to_hold_it_against() -> None:
    assert flaw_at(recovered(), 117.5) is Flaw.NONE
