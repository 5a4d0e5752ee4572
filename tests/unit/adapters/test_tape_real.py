"""Tapes of real markets: what the files say must come out, no more and no less."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from microfutures.adapters.tapes import TapeMarket, load_tapes
from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import OrderType, Side
from microfutures.model.timestamp import from_datetime
from microfutures.venue.messages import BookUpdate, TradeUpdate, VenueOrder
from microfutures.venue.venue import Venue

FUND = InstrumentId("USO")


def venue_of(market: TapeMarket, cash: int = 25_000) -> Venue:
    return Venue(
        instruments=market.instruments,
        accounts=("DU1",),
        initial_cash=Decimal(cash),
        start_ns=market.start_ns,
        seed=1,
    )


def test_minutes_of_march_2026_come_out_as_the_same_bars(shared_dir: Path) -> None:
    folder = shared_dir / "data/micro_2026"
    market = load_tapes(
        folder,
        symbols=("MCL", "USO"),
        start=datetime(2026, 3, 26, 14, 0, tzinfo=UTC),
        end=datetime(2026, 3, 26, 15, 0, tzinfo=UTC),
    )
    assert [item.instrument_id for item in market.instruments] == ["MCLJ6", "MCLK6", "USO"]
    venue = venue_of(market)
    for update in market.updates():
        venue.apply(update)
    bars = venue.bars(FUND, venue.now_ns, 60, 100)
    with (folder / "USO_1m.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["ts_utc"].startswith("2026-03-26T14:")]
    assert len(bars) == len(rows) == 60
    for bar, row in zip(bars, rows, strict=True):
        for name in ("open", "high", "low", "close"):
            # The file has tenths of a cent; the venue trades in cents.
            assert abs(getattr(bar, name) - float(row[name])) <= 0.0051
        assert bar.volume == float(row["volume"])


def test_warm_up_of_both_legs_lies_before_the_start_and_aligns(shared_dir: Path) -> None:
    market = load_tapes(
        shared_dir / "data/micro_2026",
        symbols=("MCL", "USO"),
        start=datetime(2026, 3, 27, 14, 30, tzinfo=UTC),
    )
    oil = market.history(InstrumentId("MCLK6"), market.start_ns, 60, 50)
    fund = market.history(FUND, market.start_ns, 60, 50)
    assert [bar.start_ns for bar in oil] == [bar.start_ns for bar in fund]
    assert oil[-1].start_ns == market.start_ns - 60 * 10**9


def test_front_month_changes_between_the_sessions_of_march_17_and_18(shared_dir: Path) -> None:
    market = load_tapes(shared_dir / "data/micro_2026", symbols=("MCL",), end=None)
    five = load_tapes(None, symbols=(f"MCL={shared_dir / 'data/micro_2026/MCL_5m.csv'}",))
    assert [item.instrument_id for item in five.instruments] == ["MCLH6", "MCLJ6", "MCLK6"]
    first = next(
        update for update in five.updates() if update.instrument_id == InstrumentId("MCLK6")
    )
    assert first.time_ns == from_datetime(datetime(2026, 3, 17, 22, 0, tzinfo=UTC))
    assert market.instruments[-1].instrument_id == "MCLK6"


def test_unfinished_rows_of_a_pull_are_dropped(shared_dir: Path) -> None:
    path = shared_dir / "data/micro_2026/MCL_1m.csv"
    market = load_tapes(None, symbols=(f"MCL={path}",))
    with path.open() as file:
        unfinished = {row["ts_utc"] for row in csv.DictReader(file) if row["final"] == "0"}
    moments = {
        from_datetime(datetime.fromisoformat(text.replace("Z", "+00:00"))) for text in unfinished
    }
    assert moments
    assert not moments & {update.time_ns for update in market.updates()}


def test_micro_index_future_trades_at_the_quotes_of_its_twin(shared_dir: Path) -> None:
    market = load_tapes(
        shared_dir / "data/lean",
        symbols=("MES", "SPY"),
        start=datetime(2013, 10, 8, 14, 0, tzinfo=UTC),
        end=datetime(2013, 10, 8, 15, 0, tzinfo=UTC),
    )
    assert "MES at the prices of ES, SPY" in market.describe()
    future = next(item for item in market.instruments if item.symbol == "MES")
    assert future.instrument_id == "MESZ3"
    assert future.multiplier == 5
    books = [
        update
        for update in market.updates()
        if isinstance(update, BookUpdate) and update.instrument_id == future.instrument_id
    ]
    spreads = [
        book.ask_ticks - book.bid_ticks
        for book in books
        if book.bid_ticks is not None and book.ask_ticks is not None
    ]
    assert len(books) == 240
    assert min(spreads) == 1
    assert sum(spread == 1 for spread in spreads) > 0.9 * len(spreads)
    assert books[0].bid_ticks is not None
    assert 1640 < float(future.tick_size) * books[0].bid_ticks < 1680
    warm = market.history(future.instrument_id, market.start_ns, 60, 30)
    assert len(warm) == 30


def test_fund_minutes_are_scaled_and_placed_in_new_york(shared_dir: Path) -> None:
    market = load_tapes(
        shared_dir / "data/lean",
        symbols=("SPY",),
        start=datetime(2013, 10, 8, 13, 30, tzinfo=UTC),
        end=datetime(2013, 10, 8, 20, 0, tzinfo=UTC),
    )
    trades = [update for update in market.updates() if isinstance(update, TradeUpdate)]
    assert all(16_500 < trade.price_ticks < 16_800 for trade in trades)
    # The first minute of regular trading is by far the busiest of the morning.
    opening = sum(t.size for t in trades if t.time_ns < market.start_ns + 60 * 10**9)
    assert opening > 500_000


def test_crude_oil_settles_below_zero_and_the_account_survives_it(shared_dir: Path) -> None:
    path = shared_dir / "data/RTL_CL_daily/CL_by_contract_1to4.csv"
    market = load_tapes(
        None,
        symbols=(f"CL={path}",),
        start=datetime(2020, 4, 1, tzinfo=UTC),
        end=datetime(2020, 5, 1, tzinfo=UTC),
    )
    may = InstrumentId("CLK20")
    venue = venue_of(market, cash=1_000_000)
    lowest = None
    for update in market.updates():
        venue.apply(update)
        if update.instrument_id == may and isinstance(update, TradeUpdate):
            if lowest is None:
                venue.submit(
                    VenueOrder(
                        order_id=1,
                        account="DU1",
                        instrument_id=may,
                        side=Side.BUY,
                        quantity=1,
                        order_type=OrderType.MARKET,
                    )
                )
            lowest = min(lowest or update.price_ticks, update.price_ticks)
    assert lowest == -3763
    (position,) = venue.account("DU1").positions
    assert position.quantity == 0
    # Bought at 20.32 on April 1; settled on the last day, April 21, at 10.01.
    assert position.realized == (Decimal("10.01") - Decimal("20.32")) * 1000 - Decimal("2.37")


def test_settlements_serve_the_micro_until_its_own_last_day(shared_dir: Path) -> None:
    path = shared_dir / "data/RTL_CL_daily/CL_by_contract_1to4.csv"
    market = load_tapes(
        None,
        symbols=(f"MCL={path}",),
        start=datetime(2020, 4, 1, tzinfo=UTC),
        end=datetime(2020, 5, 1, tzinfo=UTC),
    )
    may = [item for item in market.updates() if item.instrument_id == InstrumentId("MCLK20")]
    last = datetime.fromtimestamp(may[-1].time_ns / 1e9, tz=UTC).date()
    assert last == date(2020, 4, 20)


def test_reverse_split_of_the_fund_keeps_its_holder_whole(shared_dir: Path) -> None:
    path = shared_dir / "data/daily_etf/USO_alphavantage_raw.csv"
    market = load_tapes(
        None,
        symbols=(f"USO={path}",),
        start=datetime(2020, 4, 27, 12, tzinfo=UTC),
        end=datetime(2020, 5, 2, tzinfo=UTC),
    )
    venue = venue_of(market)
    worth: list[Decimal] = []
    for number, update in enumerate(market.updates()):
        venue.apply(update)
        if number == 4:
            venue.submit(
                VenueOrder(
                    order_id=1,
                    account="DU1",
                    instrument_id=FUND,
                    side=Side.BUY,
                    quantity=801,
                    order_type=OrderType.MARKET,
                )
            )
        worth.append(venue.account("DU1").net_liquidation)
    (position,) = venue.account("DU1").positions
    assert position.quantity == 100
    assert all(abs(after - before) < 1_000 for before, after in pairwise(worth))
