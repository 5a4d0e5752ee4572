"""The books balance: position = sum of fills, P&L = cash flows, whatever the order of trades."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from microfutures.model.fills import Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef, StrategyName
from microfutures.model.orders import Side
from microfutures.portfolio.ledger import Ledger

S, MCL = StrategyName("s"), InstrumentId("MCLX6")

trades = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 50), st.integers(-5000, 12000)), max_size=40
)


@given(trades, st.integers(-5000, 12000))
def test_ledger_conserves_position_and_cash(
    orders: list[tuple[Side, int, int]], mark_ticks: int
) -> None:
    ledger, multiplier, mark = Ledger(), Decimal(100), Decimal(mark_ticks) / 100
    position, cash = 0, Decimal(0)
    for number, (side, quantity, ticks) in enumerate(orders):
        price = Decimal(ticks) / 100
        fill = Fill(
            execution_id=ExecutionId(f"{number}.01"),
            order_ref=OrderRef("r"),
            instrument_id=MCL,
            side=side,
            quantity=quantity,
            price=price,
            time_ns=number,
        )
        for _ in range(2):  # told twice
            ledger.book(S, fill, multiplier)
        position += side.sign * quantity
        cash -= side.sign * quantity * price * multiplier
    account = ledger.account(S, MCL)
    if account is None:
        assert not orders
        return
    assert account.quantity == position
    total = account.realized + account.unrealized(mark)
    assert total == cash + position * mark * multiplier
    if position == 0:
        assert account.realized == cash
