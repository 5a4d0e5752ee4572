"""Combos: what a unit costs, what its legs trade, and what is left of an account after it."""

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from microfutures.model import catalog
from microfutures.model.fees import commission
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import OrderType, Side, TimeInForce
from microfutures.model.sessions import Session, joint_sessions
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.combos import MAX_LISTED, combo_name
from microfutures.venue.messages import (
    BookUpdate,
    ComboLeg,
    LegFilled,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderModified,
    OrderRejected,
    SplitUpdate,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.venue import Venue

TUESDAY = date(2026, 9, 8)
START = moment_ns(TUESDAY, time(10, 30), NEW_YORK)
NEAR, FAR = InstrumentId("MCLX6"), InstrumentId("MCLZ6")
FUND, OTHER = InstrumentId("USO"), InstrumentId("BNO")
SECOND = 10**9
SPREAD = (ComboLeg(NEAR, 1), ComboLeg(FAR, -1))
BOOKS = {NEAR: (7000, 7001, 4, 6), FAR: (6950, 6952, 8, 3), FUND: (7800, 7801, 500, 600)}


@pytest.fixture
def venue() -> Venue:
    made = Venue(
        instruments=(
            catalog.future("MCL", 2026, 11, TUESDAY),
            catalog.future("MCL", 2026, 12, TUESDAY),
            catalog.fund("USO", TUESDAY),
            catalog.fund("BNO", TUESDAY),
        ),
        accounts=("DU1",),
        initial_cash=Decimal(25_000),
        start_ns=START,
        seed=7,
    )
    for name, top in BOOKS.items():
        made.apply(BookUpdate(START, name, *top))
    return made


def combo(
    order_id: int, side: Side, quantity: int, price: str | None = None, **terms: object
) -> VenueOrder:
    plain = VenueOrder(
        order_id=order_id,
        account="DU1",
        instrument_id=combo_name(SPREAD),
        side=side,
        quantity=quantity,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        limit_price=None if price is None else Decimal(price),
        legs=SPREAD,
    )
    after = replace(plain, **terms)
    return replace(after, instrument_id=combo_name(after.legs))


def fills(events: list[VenueEvent]) -> list[tuple[int, str]]:
    return [(e.quantity, str(e.price)) for e in events if isinstance(e, OrderFilled)]


def leg_fills(events: list[VenueEvent]) -> list[tuple[str, str, int, str]]:
    told = []
    for event in events:
        if isinstance(event, OrderFilled):
            told += list(event.legs)
        elif isinstance(event, LegFilled):
            told.append(event)
    return [(leg.instrument_id, leg.side, leg.quantity, str(leg.price)) for leg in told]


def held(venue: Venue) -> dict[str, int]:
    return {each.instrument_id: each.quantity for each in venue.account("DU1").positions}


def test_market_order_of_a_spread_trades_both_legs_at_their_touches(venue: Venue) -> None:
    events = venue.submit(combo(1, Side.BUY, 2))
    assert events[0] == OrderAccepted(1, START, is_held=False)
    assert fills(events) == [(2, "0.51")]
    assert leg_fills(events) == [(NEAR, "BUY", 2, "70.01"), (FAR, "SELL", 2, "69.50")]
    assert held(venue) == {NEAR: 2, FAR: -2}
    (filled,) = [event for event in events if isinstance(event, OrderFilled)]
    assert filled.commission == commission("MCL", 4, Decimal(70))
    assert venue.account("DU1").commissions == filled.commission
    ids = [filled.execution_id, *(leg.execution_id for leg in filled.legs)]
    stem = ids[0].removesuffix(".01.01")
    assert ids == [f"{stem}.01.01", f"{stem}.02.01", f"{stem}.03.01"]


def test_sale_of_a_spread_does_the_opposite_and_tells_what_it_realized(venue: Venue) -> None:
    venue.submit(combo(1, Side.BUY, 1))
    (accepted, filled) = venue.submit(combo(2, Side.SELL, 1))
    assert leg_fills([accepted, filled]) == [(NEAR, "SELL", 1, "70.00"), (FAR, "BUY", 1, "69.52")]
    assert isinstance(filled, OrderFilled)
    assert str(filled.price) == "0.48"
    assert not any(held(venue).values())
    account = venue.account("DU1")
    assert filled.realized == account.realized
    assert account.cash == 25_000 + account.realized


def test_ratio_multiplies_what_a_leg_trades(venue: Venue) -> None:
    butterfly = (ComboLeg(NEAR, 2), ComboLeg(FAR, -1))
    events = venue.submit(combo(1, Side.BUY, 2, legs=butterfly))
    assert fills(events) == [(2, "70.52")]
    assert leg_fills(events) == [(NEAR, "BUY", 4, "70.01"), (FAR, "SELL", 2, "69.50")]


def test_order_larger_than_displayed_walks_until_its_limit_and_rests_in_whole_units(
    venue: Venue,
) -> None:
    events = venue.submit(combo(1, Side.BUY, 10, "0.51"))
    assert fills(events) == [(6, "0.51")]
    assert held(venue) == {NEAR: 6, FAR: -6}
    (rest,) = venue.working_orders()
    assert (rest.filled, rest.status) == (6, "Submitted")


def test_unit_that_would_cost_too_much_takes_nothing_of_any_leg(venue: Venue) -> None:
    assert not fills(venue.submit(combo(1, Side.BUY, 1, "0.50")))
    assert not venue.account("DU1").positions
    # The sizes are as if nobody had asked.
    assert fills(venue.submit(combo(2, Side.BUY, 6, "0.51"))) == [(6, "0.51")]


@pytest.mark.parametrize("leg", [NEAR, FAR])
def test_resting_order_is_filled_when_either_leg_comes_to_it(venue: Venue, leg: str) -> None:
    venue.submit(combo(1, Side.BUY, 2, "0.49"))
    moved = (6998, 6999, 9, 9) if leg == NEAR else (6952, 6954, 9, 9)
    events = venue.apply(BookUpdate(START + SECOND, InstrumentId(leg), *moved))
    assert fills(events) == [(2, "0.49")]
    assert not venue.working_orders()


def test_negative_price_is_a_price(venue: Venue) -> None:
    reverse = (ComboLeg(NEAR, -1), ComboLeg(FAR, 1))
    assert not fills(venue.submit(combo(1, Side.BUY, 1, "-0.49", legs=reverse)))
    events = venue.submit(combo(2, Side.BUY, 1, "-0.48", legs=reverse))
    assert fills(events) == [(1, "-0.48")]


def test_fill_or_kill_needs_every_leg_displayed(venue: Venue) -> None:
    kill: dict[str, Any] = {"time_in_force": TimeInForce.FILL_OR_KILL}
    events = venue.submit(combo(1, Side.BUY, 7, "9.00", **kill))
    assert not fills(events)
    assert isinstance(events[-1], OrderCancelled)
    assert fills(venue.submit(combo(2, Side.BUY, 6, "9.00", **kill))) == [(6, "0.51")]


def test_stop_of_a_spread_is_triggered_by_what_its_legs_cost(venue: Venue) -> None:
    stop: dict[str, Any] = {"order_type": OrderType.STOP, "stop_price": Decimal("0.60")}
    assert venue.submit(combo(1, Side.BUY, 1, **stop))[0] == OrderAccepted(1, START, is_held=True)
    events = venue.apply(BookUpdate(START + SECOND, NEAR, 7012, 7013, 4, 6))
    assert fills(events) == [(1, "0.63")]


def test_change_and_cancel(venue: Venue) -> None:
    venue.submit(combo(1, Side.BUY, 1, "0.40"))
    events = venue.modify(1, limit_price=Decimal("0.51"), quantity=2)
    assert isinstance(events[0], OrderModified)
    assert fills(events) == [(2, "0.51")]
    venue.submit(combo(2, Side.BUY, 1, "0.40"))
    assert isinstance(venue.cancel(2)[0], OrderCancelled)
    assert not fills(venue.apply(BookUpdate(START + SECOND, NEAR, 6980, 6981, 4, 6)))


def test_margin_of_both_legs_is_needed_and_what_closes_is_always_taken(venue: Venue) -> None:
    impact = venue.preview(combo(1, Side.BUY, 3))
    assert not isinstance(impact, OrderRejected)
    single = catalog.spec("MCL").margin
    assert single is not None
    assert impact.initial_change == 6 * single.initial
    assert impact.commission == commission("MCL", 6, Decimal(70))
    (refused,) = venue.submit(combo(2, Side.BUY, 40))
    assert isinstance(refused, OrderRejected)
    assert refused.code == 201
    venue.submit(combo(3, Side.BUY, 3))
    after = venue.preview(combo(4, Side.SELL, 3))
    assert not isinstance(after, OrderRejected)
    assert after.initial_after == 0


def test_working_combo_counts_against_what_else_is_ordered(venue: Venue) -> None:
    single = catalog.spec("MCL").margin
    assert single is not None
    units = int(25_000 / single.initial / 2)
    venue.submit(combo(1, Side.BUY, units, "0.10"))
    (refused,) = venue.submit(combo(2, Side.BUY, 2, "0.10"))
    assert isinstance(refused, OrderRejected)
    assert refused.code == 201


def test_combo_of_shares_moves_cash(venue: Venue) -> None:
    venue.apply(BookUpdate(START, OTHER, 3100, 3101, 400, 400))
    pair = (ComboLeg(FUND, 1), ComboLeg(OTHER, -2))
    events = venue.submit(combo(1, Side.BUY, 50, legs=pair))
    assert leg_fills(events) == [(FUND, "BUY", 50, "78.01"), (OTHER, "SELL", 100, "31.00")]
    account = venue.account("DU1")
    fees = commission("USO", 50, Decimal("78.01")) + commission("BNO", 100, Decimal(31))
    assert account.cash == 25_000 - 50 * Decimal("78.01") + 100 * 31 - fees


def test_combo_whose_leg_is_unknown_or_off_the_tick_is_refused(venue: Venue) -> None:
    unknown = (ComboLeg(NEAR, 1), ComboLeg(InstrumentId("MCLF9"), -1))
    (refused,) = venue.submit(combo(1, Side.BUY, 1, legs=unknown))
    assert isinstance(refused, OrderRejected)
    assert refused.code == 200
    (refused,) = venue.submit(combo(2, Side.BUY, 1, "0.505"))
    assert isinstance(refused, OrderRejected)
    assert refused.code == 110


def test_split_of_a_leg_cancels_the_combo(venue: Venue) -> None:
    venue.apply(BookUpdate(START, OTHER, 3100, 3101, 400, 400))
    pair = (ComboLeg(FUND, 1), ComboLeg(OTHER, -2))
    venue.submit(combo(1, Side.BUY, 50, "1.00", legs=pair))
    events = venue.apply(SplitUpdate(START + SECOND, OTHER, 1, 4))
    assert [e.order_id for e in events if isinstance(e, OrderCancelled)] == [1]


def test_first_leg_of_a_combo_that_is_not_guaranteed_trades_before_the_other(venue: Venue) -> None:
    events = venue.submit(combo(1, Side.BUY, 2, is_guaranteed=False))
    assert not fills(events)
    assert leg_fills(events) == [(NEAR, "BUY", 2, "70.01")]
    assert held(venue) == {NEAR: 2}
    events = venue.apply(BookUpdate(START + SECOND, FAR, 6940, 6942, 8, 3))
    assert leg_fills(events) == [(FAR, "SELL", 2, "69.40")]
    assert fills(events) == [(2, "0.61")]
    assert held(venue) == {NEAR: 2, FAR: -2}
    assert not venue.working_orders()


def test_limit_that_is_not_guaranteed_waits_with_one_leg_until_the_other_costs_no_more(
    venue: Venue,
) -> None:
    venue.submit(combo(1, Side.BUY, 2, "0.51", is_guaranteed=False))
    worse = venue.apply(BookUpdate(START + SECOND, FAR, 6949, 6951, 8, 3))
    assert not leg_fills(worse)
    (working,) = venue.working_orders()
    assert (working.filled, held(venue)) == (0, {NEAR: 2})
    (refused,) = venue.modify(1, quantity=1)
    assert isinstance(refused, OrderRejected)
    better = venue.apply(BookUpdate(START + 2 * SECOND, FAR, 6951, 6953, 8, 3))
    assert fills(better) == [(2, "0.50")]


def test_cancel_of_a_combo_that_is_not_guaranteed_leaves_its_first_leg(venue: Venue) -> None:
    venue.submit(combo(1, Side.BUY, 2, is_guaranteed=False))
    venue.cancel(1)
    assert not leg_fills(venue.apply(BookUpdate(START + SECOND, FAR, 6940, 6942, 8, 3)))
    assert held(venue) == {NEAR: 2}


@pytest.mark.parametrize("is_guaranteed", [True, False])
def test_live_combo_stands_as_it_stood_in_another_venue(venue: Venue, is_guaranteed: bool) -> None:
    venue.submit(combo(1, Side.BUY, 8, "0.51", is_guaranteed=is_guaranteed))
    kept, account = venue.keeping.order(1), venue.keeping.account("DU1")
    assert kept is not None
    other = Venue(
        instruments=[venue.instrument(name) for name in (NEAR, FAR, FUND, OTHER)],
        accounts=("DU1",),
        initial_cash=Decimal(1),
        start_ns=START + SECOND,
        seed=8,
    )
    other.keeping.restore_account(account)
    other.keeping.restore_order(kept, START + SECOND)
    assert other.keeping.order(1) == kept
    other.apply(BookUpdate(START + 2 * SECOND, NEAR, 7000, 7001, 10, 10))
    for second in (3, 4):
        other.apply(BookUpdate(START + second * SECOND, FAR, 6950, 6952, 10, 10))
    assert held(other) == {NEAR: 8, FAR: -8}


def test_combos_that_nobody_ordered_are_forgotten_and_ordered_ones_are_not(venue: Venue) -> None:
    venue.submit(combo(1, Side.BUY, 1, "0.40"))
    for ratio in range(2, MAX_LISTED + 50):
        assert venue.combo((ComboLeg(NEAR, ratio), ComboLeg(FAR, -1))) is not None
    events = venue.apply(BookUpdate(START + SECOND, NEAR, 6980, 6981, 4, 6))
    assert fills(events) == [(1, "0.31")]


def test_sessions_that_overlap_are_joint_for_as_long_as_they_do() -> None:
    long, short = (Session(0, 100), Session(120, 200)), (Session(40, 60), Session(90, 150))
    joint = (Session(40, 60), Session(90, 100), Session(120, 150))
    assert joint_sessions([long, short]) == joint_sessions([short, long]) == joint
    assert joint_sessions([long]) == long
