"""How far back single orders are remembered, and that forgetting changes no sum."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from helpers.desk import MCL, OPEN_NS, an_instrument
from microfutures.engine.books import Books
from microfutures.engine.output import OutputBuilder
from microfutures.engine.owners import KEPT_ORDERS, Owners, OwnNames
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.fills import Commission, Fill
from microfutures.model.identifiers import (
    ExecutionId,
    IntentId,
    OrderRef,
    StrategyName,
    Symbol,
)
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.portfolio import Portfolio

PAIR = StrategyName("pair")
CENTS = Decimal("0.62")


class Shop:
    """Books that take one order after the other, each filled and charged at once."""

    def __init__(self) -> None:
        self.live: set[OrderRef] = set()
        self.names = OwnNames("t")
        self.portfolio = Portfolio(100_000)
        state, out = DeskState(self.portfolio), OutputBuilder()
        state.resolve(Symbol("MCL"), an_instrument())
        self.books = Books(
            state,
            out,
            Voice(state, out),
            is_live=self.live.__contains__,
            names=self.names,
            trader_of=lambda _: PAIR,
        )
        self._out = out

    def trade(self, number: int) -> None:
        assert self.names.next() == ref(number)
        self.books.register(an_order(number))
        self.books.take_fill(a_fill(number))
        self.charge(number)
        self._out.take_effects(), self._out.take_records()

    def charge(self, number: int) -> None:
        fill = a_fill(number)
        commission = Commission(execution_id=fill.execution_id, amount=CENTS)
        self.portfolio.book_commission(commission)

    @property
    def position(self) -> int:
        return self.portfolio.ledger.position(PAIR, MCL)


def ref(number: int) -> OrderRef:
    return OrderRef(f"t-{number + 1}")


def an_order(number: int) -> Order:
    return Order(
        order_ref=ref(number),
        intent_id=IntentId("i"),
        strategy=PAIR,
        instrument_id=MCL,
        side=Side.SELL if number % 3 else Side.BUY,
        quantity=1 if number % 3 else 2,
        order_type=OrderType.MARKET,
        purpose=OrderPurpose.ENTRY,
    )


def a_fill(number: int) -> Fill:
    order = an_order(number)
    return Fill(
        execution_id=ExecutionId(f"e{number}.01"),
        order_ref=order.order_ref,
        instrument_id=MCL,
        side=order.side,
        quantity=order.quantity,
        price=Decimal(70) + Decimal(number % 7) / 100,
        time_ns=OPEN_NS + number,
    )


@pytest.fixture(scope="module")
def busy_shop() -> Shop:
    """Return books that have seen many more orders than are remembered, one of them still live."""
    shop = Shop()
    shop.live.add(ref(0))
    for number in range(2 * KEPT_ORDERS):
        shop.trade(number)
    return shop


def test_old_orders_are_forgotten_but_never_a_live_one() -> None:
    owners = Owners(is_live=lambda order_ref: order_ref == ref(0), forget=lambda _: None)
    for number in range(2 * KEPT_ORDERS):
        owners.add(an_order(number))
    known = [number for number in range(2 * KEPT_ORDERS) if ref(number) in owners]
    assert known == [0, *range(KEPT_ORDERS + 1, 2 * KEPT_ORDERS)]


def test_forgotten_order_is_still_ours_by_its_name(busy_shop: Shop) -> None:
    assert busy_shop.books.is_ours(ref(1))
    assert not busy_shop.books.is_ours(OrderRef("somebody-1"))


def test_an_order_is_lost_that_its_start_never_named_and_no_journal_knows() -> None:
    names = OwnNames("t")
    assert names.is_lost(OrderRef("t-1"))
    assert [names.next(), names.next()] == ["t-1", "t-2"]
    names.add_start("earlier")
    names.note(OrderRef("earlier-7"))
    assert not names.is_lost(OrderRef("t-2"))
    assert names.is_lost(OrderRef("t-3"))
    assert not names.is_lost(OrderRef("earlier-7"))
    assert names.is_lost(OrderRef("earlier-8"))
    assert not names.is_lost(OrderRef("somebody-1"))


def test_fill_of_a_forgotten_order_that_is_told_again_is_booked_to_nobody(busy_shop: Shop) -> None:
    position, net = busy_shop.position, busy_shop.portfolio.performance().net
    assert busy_shop.books.take_fill(a_fill(1)) is None
    busy_shop.charge(1)
    assert (busy_shop.position, busy_shop.portfolio.performance().net) == (position, net)


def test_sums_are_those_of_books_that_forget_nothing(busy_shop: Shop) -> None:
    position, commissions, cash = 0, Decimal(0), Decimal(0)
    for number in range(2 * KEPT_ORDERS):
        fill = a_fill(number)
        position += fill.signed_quantity
        commissions += CENTS
        cash -= fill.price * fill.signed_quantity * 100
    earned = busy_shop.portfolio.performance()
    mark = busy_shop.portfolio.mark_of(MCL)
    assert mark is not None
    assert busy_shop.position == position
    assert earned.commissions == commissions
    assert earned.realized + earned.unrealized == cash + mark * position * 100


def test_correction_of_a_remembered_order_still_replaces_its_fill() -> None:
    shop = Shop()
    for number in range(3):
        shop.trade(number)
    before, fill = shop.position, a_fill(2)
    corrected = replace(fill, execution_id=ExecutionId("e2.02"), quantity=fill.quantity + 1)
    assert shop.books.take_fill(corrected) == PAIR
    assert shop.position == before + fill.side.sign
