from decimal import Decimal

import pytest

from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.fills import Commission, Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef, StrategyName
from microfutures.model.orders import Side
from microfutures.portfolio.ledger import Ledger

S = StrategyName("pair")
MCL = InstrumentId("MCLX6")
HUNDRED = Decimal(100)


def a_fill(execution_id: str, side: Side, quantity: int, price: str) -> Fill:
    return Fill(
        execution_id=ExecutionId(execution_id),
        order_ref=OrderRef("r1"),
        instrument_id=MCL,
        side=side,
        quantity=quantity,
        price=Decimal(price),
        time_ns=1,
    )


def a_commission(execution_id: str, amount: str) -> Commission:
    return Commission(execution_id=ExecutionId(execution_id), amount=Decimal(amount))


def test_ledger_realizes_exactly_what_the_trade_earned() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("a.01", Side.BUY, 3, "71.23"), HUNDRED)
    ledger.book(S, a_fill("b.01", Side.SELL, 1, "71.30"), HUNDRED)
    account = ledger.account(S, MCL)
    assert account is not None
    assert account.realized == Decimal("7.00")
    assert account.average_price == Decimal("71.23")
    assert account.unrealized(Decimal("71.20")) == Decimal("-6.00")


def test_ledger_turns_a_position_around_at_the_price_of_the_turn() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("a.01", Side.BUY, 1, "70.00"), HUNDRED)
    ledger.book(S, a_fill("b.01", Side.SELL, 3, "70.50"), HUNDRED)
    account = ledger.account(S, MCL)
    assert account is not None
    assert (account.quantity, account.average_price) == (-2, Decimal("70.50"))
    assert account.realized == Decimal("50.00")


def test_ledger_ignores_an_execution_that_is_told_twice() -> None:
    ledger = Ledger()
    fill = a_fill("a.01", Side.BUY, 1, "70.00")
    assert ledger.book(S, fill, HUNDRED) is not None
    assert ledger.book(S, fill, HUNDRED) is None
    assert ledger.position(S, MCL) == 1


def test_ledger_replaces_a_fill_by_its_correction() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("0001.aa.01.01", Side.BUY, 2, "70.00"), HUNDRED)
    ledger.book(S, a_fill("0001.aa.01.02", Side.BUY, 1, "70.10"), HUNDRED)
    account = ledger.account(S, MCL)
    assert account is not None
    assert (account.quantity, account.average_price) == (1, Decimal("70.10"))
    assert account.realized == 0


def test_ledger_ignores_the_original_after_its_correction() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("0001.aa.01.02", Side.BUY, 1, "70.10"), HUNDRED)
    assert ledger.book(S, a_fill("0001.aa.01.01", Side.BUY, 2, "70.00"), HUNDRED) is None
    assert ledger.position(S, MCL) == 1


def test_ledger_accounts_survive_negative_prices() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("a.01", Side.BUY, 1, "10.01"), HUNDRED)
    ledger.book(S, a_fill("b.01", Side.SELL, 1, "-37.63"), HUNDRED)
    account = ledger.account(S, MCL)
    assert account is not None
    assert account.realized == Decimal("-4764.00")


@pytest.mark.parametrize("commission_first", [True, False])
def test_ledger_charges_a_commission_once_whenever_it_comes(commission_first: bool) -> None:
    ledger = Ledger()
    fill = a_fill("a.01", Side.BUY, 1, "70.00")
    if not commission_first:
        ledger.book(S, fill, HUNDRED)
    ledger.charge(a_commission("a.01", "0.77"))
    ledger.charge(a_commission("a.01", "0.77"))
    if commission_first:
        ledger.book(S, fill, HUNDRED)
    account = ledger.account(S, MCL)
    assert account is not None
    assert account.commissions == Decimal("0.77")


def test_ledger_takes_a_corrected_commission_instead_of_the_first() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("a.01", Side.BUY, 1, "70.00"), HUNDRED)
    ledger.charge(a_commission("a.01", "0.77"))
    ledger.charge(a_commission("a.01", "0.52"))
    account = ledger.account(S, MCL)
    assert account is not None
    assert account.commissions == Decimal("0.52")


def a_split(numerator: int, denominator: int, price: str) -> ShareSplit:
    return ShareSplit(
        instrument_id=MCL,
        numerator=numerator,
        denominator=denominator,
        price=Decimal(price),
        time_ns=2,
    )


def test_ledger_restates_a_short_position_after_a_reverse_split_at_its_cost() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("a.01", Side.SELL, 570, "2.16"), Decimal(1))
    # 71.25 new shares: the quarter that is short is bought back at 17.04.
    assert ledger.split(a_split(1, 8, "17.04")) == {S: Decimal("-4.26")}
    account = ledger.account(S, MCL)
    assert account is not None
    assert (account.quantity, account.average_price) == (-71, Decimal("17.28"))
    assert account.realized == Decimal("0.06")  # a quarter of 17.28 - 17.04
    ledger.book(S, a_fill("b.01", Side.BUY, 71, "18.00"), Decimal(1))
    assert account.realized == Decimal("0.06") - 71 * Decimal("0.72")


def test_ledger_restates_a_long_position_after_a_split_without_a_rest() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("a.01", Side.BUY, 10, "75.00"), Decimal(1))
    assert ledger.split(a_split(3, 2, "50")) == {S: Decimal(0)}
    account = ledger.account(S, MCL)
    assert account is not None
    assert (account.quantity, account.average_price) == (15, Decimal(50))
    assert account.realized == 0


def test_ledger_pays_a_whole_position_out_that_is_less_than_a_share() -> None:
    ledger = Ledger()
    ledger.book(S, a_fill("a.01", Side.BUY, 5, "2.00"), Decimal(1))
    assert ledger.split(a_split(1, 8, "16.00")) == {S: Decimal(10)}
    assert ledger.position(S, MCL) == 0
