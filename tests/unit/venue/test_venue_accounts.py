"""Money: costs, margin, realized profit, splits, settlement."""

from datetime import date, time
from decimal import Decimal

import pytest
from msgspec.structs import replace

from microfutures.model import catalog
from microfutures.model.errors import InvalidValueError, UnknownInstrumentError
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.orders import OrderType, Side
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.messages import (
    AccountMoved,
    BookUpdate,
    DividendUpdate,
    MarginImpact,
    OrderFilled,
    OrderRejected,
    SplitUpdate,
    TradeUpdate,
    VenueOrder,
    VenuePosition,
)
from microfutures.venue.venue import Venue

TUESDAY = date(2026, 9, 8)
START = moment_ns(TUESDAY, time(10, 30), NEW_YORK)
OIL = InstrumentId("MCLX6")
FUND = InstrumentId("USO")
DAY = 24 * 3600 * 10**9


@pytest.fixture
def venue() -> Venue:
    made = Venue(
        instruments=(catalog.future("MCL", 2026, 11, TUESDAY), catalog.fund("USO", TUESDAY)),
        accounts=("DU1", "DU2"),
        initial_cash=Decimal(25_000),
        start_ns=START,
        seed=7,
    )
    quote(made, OIL, 7000, 7001)
    quote(made, FUND, 7800, 7801)
    return made


def quote(venue: Venue, name: InstrumentId, bid: int, ask: int) -> None:
    venue.apply(BookUpdate(venue.now_ns + 1, name, bid, ask, 1000, 1000))


_next_id = iter(range(1, 10_000))


def trade(venue: Venue, name: InstrumentId, side: Side, quantity: int) -> OrderFilled:
    events = venue.submit(market_order(name, side, quantity))
    (fill,) = [event for event in events if isinstance(event, OrderFilled)]
    return fill


def market_order(name: InstrumentId, side: Side, quantity: int) -> VenueOrder:
    return VenueOrder(
        order_id=next(_next_id),
        account="DU1",
        instrument_id=name,
        side=side,
        quantity=quantity,
        order_type=OrderType.MARKET,
    )


def position(venue: Venue, name: InstrumentId) -> VenuePosition:
    (found,) = [held for held in venue.account("DU1").positions if held.instrument_id == name]
    return found


def test_future_leaves_cash_alone_but_for_the_commission_until_it_is_closed(
    venue: Venue,
) -> None:
    trade(venue, OIL, Side.BUY, 2)
    quote(venue, OIL, 7100, 7101)
    held = venue.account("DU1")
    assert held.cash == Decimal("24998.46")
    assert held.net_liquidation == Decimal("24998.46") + 2 * 100 * Decimal("0.99")
    fill = trade(venue, OIL, Side.SELL, 2)
    closed = venue.account("DU1")
    assert closed.cash == closed.net_liquidation == Decimal(25_000) + 198 - Decimal("3.08")
    assert fill.realized == 198 - Decimal("3.08")


def test_stock_moves_cash_by_its_value(venue: Venue) -> None:
    trade(venue, FUND, Side.BUY, 90)
    assert venue.account("DU1").cash == 25_000 - 90 * Decimal("78.01") - 1
    assert position(venue, FUND).average_cost == Decimal("78.01") + Decimal(1) / 90


def test_short_stock_earns_when_the_price_falls(venue: Venue) -> None:
    trade(venue, FUND, Side.SELL, 100)
    quote(venue, FUND, 7699, 7700)
    fill = trade(venue, FUND, Side.BUY, 100)
    assert fill.realized == 100 - Decimal("2.00")
    assert venue.account("DU1").net_liquidation == 25_000 + 98


def test_opening_execution_realizes_nothing_and_a_turn_realizes_the_closed_part(
    venue: Venue,
) -> None:
    assert trade(venue, OIL, Side.BUY, 1).realized is None
    quote(venue, OIL, 7101, 7102)
    turn = trade(venue, OIL, Side.SELL, 3)
    # 1 of 3 closed: 100.00 gross, less 0.77 paid to open and a third of 2.31
    assert turn.realized == Decimal("98.46")
    assert position(venue, OIL).quantity == -2


def test_minimum_commission_of_a_stock_order_is_charged_once(venue: Venue) -> None:
    venue.apply(BookUpdate(venue.now_ns + 1, FUND, 7800, 7801, 50, 50))
    events = venue.submit(
        VenueOrder(
            order_id=5000,
            account="DU1",
            instrument_id=FUND,
            side=Side.BUY,
            quantity=150,
            order_type=OrderType.MARKET,
        )
    )
    charged = [event.commission for event in events if isinstance(event, OrderFilled)]
    assert len(charged) > 1
    assert sum(charged) == Decimal(1)
    assert charged[0] == Decimal(1)


def test_execution_ids_look_like_ibs_and_never_repeat(venue: Venue) -> None:
    ids = [trade(venue, OIL, side, 1).execution_id for side in (Side.BUY, Side.SELL)]
    assert len(set(ids)) == 2
    for execution_id in ids:
        first, second, *rest = execution_id.split(".")
        assert (len(first), len(second), rest) == (8, 8, ["01", "01"])
        int(first, 16), int(second, 16)


def test_preview_shows_margin_of_a_contract_and_changes_nothing(venue: Venue) -> None:
    before = venue.account("DU1")
    impact = venue.preview(market_order(OIL, Side.BUY, 2))
    assert isinstance(impact, MarginImpact)
    assert impact.initial_change == 1496
    assert impact.maintenance_change == 1360
    assert impact.commission == Decimal("1.54")
    assert impact.equity_with_loan_after == Decimal("24998.46")
    assert venue.account("DU1") == before


def test_preview_of_an_order_that_no_broker_takes_is_rejected(venue: Venue) -> None:
    refused = venue.preview(market_order(InstrumentId("NOPE"), Side.BUY, 1))
    assert isinstance(refused, OrderRejected)


def test_stock_margin_is_half_long_or_short(venue: Venue) -> None:
    trade(venue, FUND, Side.SELL, 100)
    state = venue.account("DU1")
    assert state.initial_margin == 100 * Decimal("78.00") / 2
    assert state.maintenance_margin == 100 * Decimal("78.00") * Decimal("0.3")
    assert state.available_funds == state.net_liquidation - state.initial_margin
    assert state.gross_position_value == 7800


def test_margin_refusal_names_both_numbers(venue: Venue) -> None:
    (refused,) = venue.submit(market_order(OIL, Side.BUY, 34))
    assert isinstance(refused, OrderRejected)
    assert refused.code == 201
    assert "[24973.82 USD] MUST EXCEED THE INITIAL MARGIN [25432.00 USD]" in refused.message


def test_order_at_work_counts_against_the_next_one(venue: Venue) -> None:
    resting = VenueOrder(
        order_id=6000,
        account="DU1",
        instrument_id=OIL,
        side=Side.BUY,
        quantity=20,
        order_type=OrderType.LIMIT,
        limit_price=Decimal("60.00"),
    )
    venue.submit(resting)
    (refused,) = venue.submit(market_order(OIL, Side.BUY, 20))
    assert isinstance(refused, OrderRejected)


def test_order_that_lowers_the_margin_is_taken_even_without_equity(venue: Venue) -> None:
    trade(venue, OIL, Side.BUY, 30)
    quote(venue, OIL, 6000, 6001)
    assert venue.account("DU1").available_funds < 0
    assert trade(venue, OIL, Side.SELL, 30).quantity == 30


def test_reverse_split_keeps_the_cost_and_pays_out_the_fraction(venue: Venue) -> None:
    trade(venue, FUND, Side.BUY, 90)
    venue.apply(TradeUpdate(venue.now_ns + 1, FUND, 7801, 100))
    before = venue.account("DU1")
    events = venue.apply(SplitUpdate(venue.now_ns + 1, FUND, 1, 8))
    assert [each for each in events if isinstance(each, AccountMoved)] == [
        AccountMoved("DU1", venue.now_ns, (FUND,))
    ]
    after = venue.account("DU1")
    held = position(venue, FUND)
    assert held.quantity == 11
    assert held.market_price == Decimal("624.08")
    assert after.cash - before.cash == Decimal("156.02")
    assert after.net_liquidation == before.net_liquidation
    assert round(held.average_cost, 4) == round((Decimal("78.01") + Decimal(1) / 90) * 8, 4)


def test_split_ends_the_orders_at_work(venue: Venue) -> None:
    venue.submit(
        VenueOrder(
            order_id=7000,
            account="DU1",
            instrument_id=FUND,
            side=Side.BUY,
            quantity=10,
            order_type=OrderType.LIMIT,
            limit_price=Decimal("70.00"),
        )
    )
    venue.apply(SplitUpdate(venue.now_ns + 1, FUND, 1, 8))
    assert venue.working_orders() == []


def test_position_in_a_contract_that_ends_is_settled_at_its_last_mark(venue: Venue) -> None:
    trade(venue, OIL, Side.BUY, 1)
    venue.apply(TradeUpdate(venue.now_ns + 1, OIL, 7050, 1))
    quote(venue, OIL, 7050, 7051)
    venue.advance(START + 60 * DAY)
    held = position(venue, OIL)
    assert held.quantity == 0
    assert held.realized == 49 - Decimal("0.77")


def test_end_of_a_contract_tells_who_held_it(venue: Venue) -> None:
    trade(venue, OIL, Side.BUY, 1)
    last_day = venue.instrument(OIL).last_trade_date
    assert last_day is not None
    end_ns = moment_ns(last_day, time(14, 30), NEW_YORK)
    venue.advance(end_ns - 1)
    assert position(venue, OIL).quantity == 1
    assert venue.advance(end_ns) == [AccountMoved("DU1", end_ns, (OIL,))]
    assert position(venue, OIL).quantity == 0
    assert venue.advance(end_ns + 1) == []


def test_variation_is_paid_when_the_session_ends_and_nothing_else_changes(venue: Venue) -> None:
    trade(venue, OIL, Side.BUY, 2)
    quote(venue, OIL, 7100, 7101)
    before = venue.account("DU1")
    assert before.cash == 25_000 - Decimal("1.54")
    closes_ns = moment_ns(TUESDAY, time(17), NEW_YORK)
    assert venue.advance(closes_ns - 1) == []
    assert venue.advance(closes_ns) == [AccountMoved("DU1", closes_ns, ())]
    after = venue.account("DU1")
    assert after.cash - before.cash == 198
    assert after.net_liquidation == before.net_liquidation
    assert after.positions == before.positions
    assert venue.advance(closes_ns + DAY) == []  # nothing has moved since


def test_profit_of_a_settled_position_is_not_paid_twice(venue: Venue) -> None:
    trade(venue, OIL, Side.SELL, 3)
    quote(venue, OIL, 6900, 6901)
    venue.advance(moment_ns(TUESDAY, time(18), NEW_YORK))
    quote(venue, OIL, 6950, 6951)
    fill = trade(venue, OIL, Side.BUY, 2)
    assert fill.realized == 98 - 4 * Decimal("0.77")
    trade(venue, OIL, Side.BUY, 1)
    account = venue.account("DU1")
    assert account.cash == account.net_liquidation == 25_000 + 147 - 6 * Decimal("0.77")


def test_margin_rises_with_the_move_since_the_settlement_and_stays_up_for_days(
    venue: Venue,
) -> None:
    trade(venue, OIL, Side.BUY, 2)
    venue.apply(TradeUpdate(venue.now_ns + 1, OIL, 7000, 1))
    assert venue.account("DU1").maintenance_margin == 2 * 680
    quote(venue, OIL, 6600, 6601)
    moved = venue.account("DU1")
    assert moved.maintenance_margin == 2 * 3 * 399  # the mark is the ask, 66.01
    assert moved.initial_margin == (moved.maintenance_margin * Decimal("1.1"))
    for days in range(1, 5):
        venue.advance(moment_ns(TUESDAY, time(18), NEW_YORK) + days * DAY)
    assert venue.account("DU1").maintenance_margin == moved.maintenance_margin


def test_dividend_is_paid_to_who_holds_the_fund_and_by_who_is_short(venue: Venue) -> None:
    trade(venue, FUND, Side.BUY, 100)
    venue.submit(replace(market_order(FUND, Side.SELL, 50), account="DU2"))
    before = [venue.account(name) for name in ("DU1", "DU2")]
    events = venue.apply(DividendUpdate(venue.now_ns + 1, FUND, Decimal("0.35")))
    assert [(each.account, each.changed) for each in events if isinstance(each, AccountMoved)] == [
        ("DU1", (FUND,)),
        ("DU2", (FUND,)),
    ]
    after = [venue.account(name) for name in ("DU1", "DU2")]
    paid = [now.cash - then.cash for then, now in zip(before, after, strict=True)]
    assert paid == [35, Decimal("-17.5")]
    for state in after:
        assert state.net_liquidation == 25_000 + state.realized + state.unrealized


def test_accounts_do_not_see_each_other(venue: Venue) -> None:
    trade(venue, OIL, Side.BUY, 1)
    assert venue.account("DU2").positions == ()
    assert venue.account("DU2").net_liquidation == 25_000
    with pytest.raises(InvalidValueError, match="no account 'DU3'"):
        venue.account("DU3")


def test_negative_prices_do_not_break_anything(venue: Venue) -> None:
    quote(venue, OIL, -3764, -3763)
    trade(venue, OIL, Side.BUY, 1)
    quote(venue, OIL, -3000, -2999)
    assert trade(venue, OIL, Side.SELL, 1).realized == 763 - Decimal("1.54")


def test_product_without_a_row_in_the_catalog_is_refused_at_the_door() -> None:
    unknown = Instrument(
        instrument_id=InstrumentId("XYZ"),
        symbol=Symbol("XYZ"),
        security_type=SecurityType.STOCK,
        exchange="SMART",
        currency="USD",
        multiplier=Decimal(1),
        tick_size=Decimal("0.01"),
        con_id=1,
    )
    with pytest.raises(UnknownInstrumentError, match="'XYZ'"):
        Venue(
            instruments=(unknown,),
            accounts=("DU1",),
            initial_cash=Decimal(1),
            start_ns=START,
            seed=1,
        )
