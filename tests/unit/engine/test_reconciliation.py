from decimal import Decimal
from fractions import Fraction

from microfutures.engine.reconciliation import Reconciler
from microfutures.model.events import BrokerPosition
from microfutures.model.identifiers import InstrumentId, StrategyName

PAIR, USO = StrategyName("pair"), InstrumentId("USO")


def broker(quantity: int, cost: str = "75") -> list[BrokerPosition]:
    return [BrokerPosition(instrument_id=USO, quantity=quantity, average_cost=Decimal(cost))]


def paid(_: InstrumentId) -> Decimal:
    return Decimal(75)


def test_reconciler_finds_nothing_where_books_agree() -> None:
    findings = Reconciler().compare(broker(-90), [(PAIR, USO, -90)], paid)
    assert (findings.adjustments, findings.foreign_changes) == ((), ())


def test_reconciler_leaves_the_users_own_shares_alone() -> None:
    reconciler = Reconciler()
    assert reconciler.compare(broker(500), [], paid).foreign_changes
    assert reconciler.foreign(USO) == 500
    later = reconciler.compare(broker(410), [(PAIR, USO, -90)], paid)
    assert (later.adjustments, later.foreign_changes) == ((), ())


def test_reconciler_of_a_restart_still_knows_the_users_own_shares() -> None:
    before = Reconciler()
    before.compare(broker(7), [], paid)
    after = Reconciler()
    after.restore(before.all_foreign)
    findings = after.compare(broker(-83), [(PAIR, USO, -90)], paid)
    assert (findings.adjustments, findings.foreign_changes) == ((), ())


def test_reconciler_takes_over_a_position_closed_by_hand() -> None:
    findings = Reconciler().compare([], [(PAIR, USO, -90)], paid)
    assert [change.quantity for change in findings.adjustments] == [90]
    assert not findings.foreign_changes


def test_reconciler_never_turns_our_position_around() -> None:
    reconciler = Reconciler()
    findings = reconciler.compare(broker(60), [(PAIR, USO, -90)], paid)
    assert [change.quantity for change in findings.adjustments] == [90]
    assert reconciler.foreign(USO) == 60


def test_reconciler_calls_a_growing_position_foreign() -> None:
    reconciler = Reconciler()
    findings = reconciler.compare(broker(-120), [(PAIR, USO, -90)], paid)
    assert not findings.adjustments
    assert reconciler.foreign(USO) == -30


def test_reconciler_forgets_foreign_shares_that_were_sold() -> None:
    reconciler = Reconciler()
    reconciler.compare(broker(500), [], paid)
    reconciler.compare([], [], paid)
    assert reconciler.foreign(USO) == 0


def test_reconciler_knows_a_reverse_split_by_quantity_and_cost() -> None:
    reconciler = Reconciler()
    reconciler.compare(broker(-570, "2.158"), [(PAIR, USO, -570)], paid)
    findings = reconciler.compare(broker(-71, "17.264"), [(PAIR, USO, -570)], paid)
    assert findings.splits == ((USO, Fraction(1, 8)),)
    assert (findings.adjustments, findings.foreign_changes) == ((), ())


def test_reconciler_knows_a_split_during_a_standstill_by_our_own_cost() -> None:
    # Growing by a split must not make the new shares somebody else's.
    findings = Reconciler().compare(broker(-135, "50.02"), [(PAIR, USO, -90)], paid)
    assert findings.splits == ((USO, Fraction(3, 2)),)
    assert (findings.adjustments, findings.foreign_changes) == ((), ())


def test_reconciler_splits_the_users_own_shares_along() -> None:
    reconciler = Reconciler()
    reconciler.compare(broker(400), [], paid)
    findings = reconciler.compare(broker(40, "750"), [], paid)
    assert findings.splits == ((USO, Fraction(1, 10)),)
    assert reconciler.foreign(USO) == 40
    assert not findings.foreign_changes


def test_reconciler_takes_no_trade_for_a_split() -> None:
    for quantity, cost in ((-45, "75"), (-45, "80"), (-180, "74.1"), (-71, "37.5"), (45, "37.5")):
        reconciler = Reconciler()
        reconciler.compare(broker(-90), [(PAIR, USO, -90)], paid)
        assert not reconciler.compare(broker(quantity, cost), [(PAIR, USO, -90)], paid).splits


def test_reconciler_takes_fills_of_ours_for_no_split() -> None:
    reconciler = Reconciler()
    reconciler.compare(broker(-90, "80"), [(PAIR, USO, -90)], paid)
    findings = reconciler.compare(broker(-180, "40"), [(PAIR, USO, -180)], paid)
    assert findings.splits == ()
