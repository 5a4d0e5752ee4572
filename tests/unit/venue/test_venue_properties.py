"""Invariants of the venue under random markets and random orders."""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from microfutures.model import catalog
from microfutures.model.fees import order_commission
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.account import Account
from microfutures.venue.messages import (
    BookUpdate,
    OrderFilled,
    TradeUpdate,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.venue import Venue

TUESDAY = date(2026, 9, 8)
START = moment_ns(TUESDAY, time(10, 30), NEW_YORK)
OIL, FUND = InstrumentId("MCLX6"), InstrumentId("USO")
SYMBOLS = {OIL: "MCL", FUND: "USO"}
MULTIPLIER = {OIL: 100, FUND: 1}
CASH = Decimal(100_000)


@dataclass(frozen=True)
class Quote:
    name: InstrumentId
    bid: int
    spread: int
    size: int


@dataclass(frozen=True)
class Print:
    name: InstrumentId
    ticks: int
    size: int


@dataclass(frozen=True)
class Place:
    name: InstrumentId
    side: Side
    quantity: int
    order_type: OrderType
    ticks: int
    in_force: TimeInForce


@dataclass(frozen=True)
class Cancel:
    order_id: int


Step = Quote | Print | Place | Cancel

names = st.sampled_from([OIL, FUND])
ticks = st.integers(6900, 7100)
sizes = st.integers(1, 60)
flows = st.lists(
    st.one_of(
        st.builds(Quote, names, ticks, st.integers(1, 3), sizes),
        st.builds(Print, names, ticks, sizes),
        st.builds(
            Place,
            names,
            st.sampled_from(list(Side)),
            sizes,
            st.sampled_from(list(OrderType)),
            ticks,
            st.sampled_from(list(TimeInForce)),
        ),
        st.builds(Cancel, st.integers(1, 30)),
    ),
    max_size=60,
)


def play(flow: list[Step]) -> tuple[Venue, list[VenueEvent]]:
    venue = Venue(
        instruments=(catalog.future("MCL", 2026, 11, TUESDAY), catalog.fund("USO", TUESDAY)),
        accounts=("DU1",),
        initial_cash=CASH,
        start_ns=START,
        seed=3,
    )
    events: list[VenueEvent] = []
    for number, step in enumerate(flow, 1):
        events += take_step(venue, number, step)
        state = venue.account("DU1")
        assert state.net_liquidation == CASH + state.realized + state.unrealized
    return venue, events


def take_step(venue: Venue, number: int, step: Step) -> list[VenueEvent]:
    moment = START + number * 1000
    match step:
        case Quote(name, bid, spread, size):
            return venue.apply(BookUpdate(moment, name, bid, bid + spread, size, size))
        case Print(name, price, size):
            return venue.apply(TradeUpdate(moment, name, price, size))
        case Cancel(order_id):
            return venue.cancel(order_id)
        case Place(name, side, quantity, order_type, price, in_force):
            decimal = Decimal(price) / 100
            return venue.submit(
                VenueOrder(
                    order_id=number,
                    account="DU1",
                    instrument_id=name,
                    side=side,
                    quantity=quantity,
                    order_type=order_type,
                    limit_price=decimal if order_type is OrderType.LIMIT else None,
                    stop_price=decimal if order_type is OrderType.STOP else None,
                    time_in_force=in_force,
                )
            )


@settings(max_examples=150, deadline=None)
@given(flows)
def test_money_is_conserved_to_the_last_digit(flow: list[Step]) -> None:
    venue, events = play(flow)
    fills = [event for event in events if isinstance(event, OrderFilled)]
    state = venue.account("DU1")
    marks = {held.instrument_id: held.market_price for held in state.positions}
    signed = [(fill, fill.side.sign * fill.quantity) for fill in fills]
    for held in state.positions:
        bought = sum(count for fill, count in signed if fill.instrument_id == held.instrument_id)
        assert held.quantity == bought
    gross = sum(
        (marks[fill.instrument_id] - fill.price) * count * MULTIPLIER[fill.instrument_id]
        for fill, count in signed
    )
    paid = sum((fill.commission for fill in fills), Decimal(0))
    assert state.commissions == paid
    assert state.net_liquidation == CASH + gross - paid
    stock_cash = sum(
        (fill.price * count for fill, count in signed if fill.instrument_id == FUND), Decimal(0)
    )
    if not any(fill.instrument_id == OIL for fill in fills):
        assert state.cash == CASH - stock_cash - paid


@settings(max_examples=100, deadline=None)
@given(flows)
def test_fills_of_an_order_add_up_and_cost_what_the_table_says(
    flow: list[Step],
) -> None:
    _, events = play(flow)
    by_order: dict[int, list[OrderFilled]] = {}
    for event in events:
        if isinstance(event, OrderFilled):
            by_order.setdefault(event.order_id, []).append(event)
    for fills in by_order.values():
        total, value = 0, Decimal(0)
        for fill in fills:
            total += fill.quantity
            value += fill.quantity * fill.price
            assert fill.cumulative == total
            assert fill.remaining >= 0
            assert abs(fill.average_price - value / total) < Decimal("1e-12")
        symbol = SYMBOLS[fills[0].instrument_id]
        charged = sum(fill.commission for fill in fills)
        assert charged == order_commission(symbol, total, value)
    ids = [event.execution_id for event in events if isinstance(event, OrderFilled)]
    assert len(ids) == len(set(ids))


@settings(max_examples=50, deadline=None)
@given(flows)
def test_same_flow_gives_the_same_events(flow: list[Step]) -> None:
    first, second = play(flow)[1], play(flow)[1]
    assert first == second


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), ticks, st.booleans()), max_size=40))
def test_settlements_move_cash_and_nothing_else(trades: list[tuple[int, int, bool]]) -> None:
    oil = catalog.future("MCL", 2026, 11, TUESDAY)
    settled, unsettled = Account("settled", CASH), Account("unsettled", CASH)
    for count, price_ticks, is_evening in trades:
        price = Decimal(price_ticks) / 100
        if count:
            fee = Decimal("0.77") * abs(count)
            realized = settled.trade(oil, count, price, fee)
            assert realized == unsettled.trade(oil, count, price, fee)
        if is_evening:
            settled.pay_variation(OIL, price)
        marks = {OIL: price}.get
        assert settled.net_liquidation(marks) == unsettled.net_liquidation(marks)
        if is_evening or not settled.quantity(OIL):
            assert settled.cash == unsettled.net_liquidation(marks)
