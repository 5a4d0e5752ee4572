"""The laws that are held at the end of a day, when everything is quiet."""

from decimal import Decimal
from pathlib import Path

import msgspec

from campaign.eyes import Eyes
from campaign.stage import CASH, Prepared
from campaign.violations import Violations
from campaign.witness import Witness
from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.app.engine_making import build_engine
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.app.journal.replay import replay
from microfutures.engine.engine import Engine
from microfutures.model.events import ConnectionState
from microfutures.model.fills import execution_stem
from microfutures.twsim.gateway import DEFAULT_ACCOUNT
from microfutures.venue.venue import Venue


class Books(msgspec.Struct, frozen=True):
    """What a desk believed when the day was over."""

    positions: list[tuple[str, str, int]]
    net: Decimal


def books_of(engine: Engine) -> Books:
    """Return what `engine` believes."""
    portfolio = engine.portfolio
    return Books([*portfolio.positions], portfolio.performance().net)


def audit_account(witness: Witness, venue: Venue, owned: int, violations: Violations) -> None:
    """Hold the broker's account against the executions, and what was asked against what is."""
    require, ours = violations.require, witness.positions(ours=True)
    require(not ours, "flat when asked", f"{ours} is still held")
    live = [each.order_ref for each in witness.our_live]
    require(not live, "no order is left", f"{live} still work")
    own = {"USO": owned} if owned else {}
    theirs = witness.positions(ours=False)
    require(theirs == own, "what the owner holds is left alone", f"{theirs}, was {own}")
    state = venue.account(DEFAULT_ACCOUNT)
    held = {each.instrument_id: each.quantity for each in state.positions if each.quantity}
    require(held == own | ours, "the account holds what was traded", f"{held}, {own | ours} traded")
    worth = sum(
        each.quantity * each.market_price * venue.instrument(each.instrument_id).multiplier
        for each in state.positions
    )
    expected = CASH + witness.cash + worth
    require(
        state.net_liquidation == expected,
        "cash is conserved",
        f"net liquidation {state.net_liquidation}, by executions {expected}",
    )


def audit_books(
    engine: Engine, eyes: Eyes, witness: Witness, venue: Venue, violations: Violations
) -> None:
    """Hold the desk's books against the broker's, execution by execution and to the cent."""
    require, state = violations.require, engine.state
    eyes.check_books()
    is_connected = state.connection is ConnectionState.CONNECTED
    require(is_connected, "the line comes back", f"{state.connection}: {state.connection_detail}")
    require(not eyes.adjustments, "every position has its fills", f"{eyes.adjustments}")
    fills = (*witness.our_fills,), (*eyes.fills.values(),)
    theirs, ours = (
        {(execution_stem(each.execution_id), each.side, each.quantity, each.price) for each in side}
        for side in fills
    )
    require(
        ours == theirs,
        "the executions are the broker's, one by one",
        f"missing {sorted(theirs - ours)[:3]}, invented {sorted(ours - theirs)[:3]}",
    )
    net, expected = books_of(engine).net, witness.our_cash
    require(net == expected, "the books agree to the cent", f"desk {net}, broker {expected}")


def audit_journal(path: Path, prepared: Prepared, books: Books, violations: Violations) -> None:
    """Hold the journal against what it gives when it is replayed, and when it is recovered."""
    difference = replay(path).difference
    violations.require(difference is None, "the journal replays", repr(difference)[:400])
    engine = build_engine(prepared.settings, "audit")
    reader = JournalReader(path)
    try:
        recover(engine, reader.read(RECOVERED_KINDS))
    finally:
        reader.close()
    recovered = books_of(engine)
    is_same = recovered.positions == books.positions and recovered.net == books.net
    violations.require(is_same, "what is recovered is what was", f"{recovered}, was {books}")
