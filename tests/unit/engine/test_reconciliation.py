from decimal import Decimal

from microfutures.engine.reconciliation import Reconciler
from microfutures.model.events import BrokerPosition
from microfutures.model.identifiers import InstrumentId, StrategyName

PAIR, USO = StrategyName("pair"), InstrumentId("USO")


def broker(quantity: int) -> list[BrokerPosition]:
    return [BrokerPosition(instrument_id=USO, quantity=quantity, average_cost=Decimal(75))]


def test_reconciler_finds_nothing_where_books_agree() -> None:
    findings = Reconciler().compare(broker(-90), [(PAIR, USO, -90)])
    assert (findings.adjustments, findings.foreign_changes) == ((), ())


def test_reconciler_leaves_the_users_own_shares_alone() -> None:
    reconciler = Reconciler()
    assert reconciler.compare(broker(500), []).foreign_changes
    assert reconciler.foreign(USO) == 500
    later = reconciler.compare(broker(410), [(PAIR, USO, -90)])
    assert (later.adjustments, later.foreign_changes) == ((), ())


def test_reconciler_takes_over_a_position_closed_by_hand() -> None:
    findings = Reconciler().compare([], [(PAIR, USO, -90)])
    assert [change.quantity for change in findings.adjustments] == [90]
    assert not findings.foreign_changes


def test_reconciler_never_turns_our_position_around() -> None:
    reconciler = Reconciler()
    findings = reconciler.compare(broker(60), [(PAIR, USO, -90)])
    assert [change.quantity for change in findings.adjustments] == [90]
    assert reconciler.foreign(USO) == 60


def test_reconciler_calls_a_growing_position_foreign() -> None:
    reconciler = Reconciler()
    findings = reconciler.compare(broker(-120), [(PAIR, USO, -90)])
    assert not findings.adjustments
    assert reconciler.foreign(USO) == -30


def test_reconciler_forgets_foreign_shares_that_were_sold() -> None:
    reconciler = Reconciler()
    reconciler.compare(broker(500), [])
    reconciler.compare([], [])
    assert reconciler.foreign(USO) == 0
