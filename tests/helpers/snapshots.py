"""A desk snapshot with something in every panel."""

from decimal import Decimal

from microfutures.model.events import ConnectionState, Severity
from microfutures.model.identifiers import InstrumentId, OrderRef, StrategyName, Symbol
from microfutures.model.market import MarketDataType
from microfutures.model.orders import OrderStatus, OrderType, Side
from microfutures.model.snapshot import (
    ConnectionView,
    DeskSnapshot,
    MarketView,
    OrderView,
    PortfolioView,
    PositionView,
    RefusalCount,
    RoundTripView,
    StrategyView,
    SystemEventView,
    TradeView,
)

NOW = 1_788_879_600_000_000_000  # 2026-09-08 10:20 New York
PAIR, MCL, USO = StrategyName("MicroCrudeOilArbitrage"), InstrumentId("MCLX6"), InstrumentId("USO")


def a_market(
    name: InstrumentId, bid: float, *, age: float = 1.0, delayed: bool = False
) -> MarketView:
    return MarketView(
        symbol=Symbol("MCL"),
        instrument_id=name,
        bid=bid,
        ask=bid + 0.01,
        bid_size=1200,
        ask_size=35,
        last=bid,
        volume=1_234_567,
        age_seconds=age,
        data_type=MarketDataType.DELAYED if delayed else MarketDataType.LIVE,
        flaw="delayed" if delayed else "",
        is_liquid=True,
        price_decimals=2,
        session="liquid until 16:00",
    )


def a_snapshot(
    *,
    connection: ConnectionState = ConnectionState.CONNECTED,
    halt: str = "",
    killed: bool = False,
    account: str = "DU1000001",
    simulated: bool = True,
    stale: bool = False,
    delayed: bool = False,
) -> DeskSnapshot:
    return DeskSnapshot(
        time_ns=NOW,
        started_ns=NOW - 3_600_000_000_000,
        title="demo market, spread wider than life",
        is_halted=bool(halt),
        halt_reason=halt,
        is_killed=killed,
        connection=ConnectionView(
            state=connection,
            detail="nothing listens on 127.0.0.1:7497",
            host="127.0.0.1",
            port=7497,
            client_id=1,
            account=account,
            is_simulated=simulated,
            since_ns=NOW - 125_000_000_000,
            last_message_ns=NOW,
        ),
        portfolio=PortfolioView(
            initial_capital=Decimal(2000),
            current_capital=Decimal("2123.45"),
            realized=Decimal("151.20"),
            unrealized=Decimal("-12.50"),
            commissions=Decimal("15.25"),
            account_net_liquidation=Decimal("25123.45"),
            account_available_funds=Decimal("20500.00"),
            account_initial_margin=Decimal("4623.45"),
            equity_history=(2000.0, 2050.0, 2123.45),
        ),
        positions=(
            PositionView(
                strategy=PAIR,
                instrument_id=MCL,
                quantity=-1,
                average_price=Decimal("70.23"),
                market_price=70.3,
                unrealized=Decimal("-7.00"),
                realized=Decimal(0),
            ),
        ),
        markets=(
            a_market(MCL, 70.02, age=99.0 if stale else 1.0, delayed=delayed),
            a_market(USO, 77.96),
        ),
        orders=(
            OrderView(
                order_ref=OrderRef("mf1-x-9"),
                strategy=PAIR,
                instrument_id=USO,
                side=Side.BUY,
                quantity=90,
                filled=30,
                order_type=OrderType.LIMIT,
                limit_price=Decimal("78.01"),
                status=OrderStatus.WORKING,
                age_seconds=3.0,
            ),
        ),
        trades=(
            TradeView(
                time_ns=NOW,
                strategy=PAIR,
                instrument_id=MCL,
                side=Side.SELL,
                quantity=1,
                price=Decimal("70.23"),
                commission=Decimal("0.77"),
                reason="z +2.77 beyond 2.00",
            ),
        ),
        round_trips=(
            RoundTripView(
                opened_ns=NOW - 60_000_000_000,
                closed_ns=NOW,
                strategy=PAIR,
                direction="short",
                units=1,
                gross=Decimal("36.20"),
                commissions=Decimal("3.54"),
                net=Decimal("32.66"),
                exit_reason="z back to +0.47",
            ),
        ),
        strategies=(
            StrategyView(
                name=PAIR,
                is_active=True,
                state="short",
                allocation_percent=100.0,
                capital=Decimal(2000),
                metrics=(("z-score", "+1.23"), ("samples", "20/20"), ("hedge", "1:90")),
                z_score=1.23,
                z_entry=2.0,
                z_exit=0.5,
                why_no_trade="expected 0.42 USD < 2 × round-trip cost 5.10 USD",
                refusals=(RefusalCount(rule="cost", count=94, latest="expected 0.42 USD"),),
                realized=Decimal("151.20"),
                unrealized=Decimal("-12.50"),
                commissions=Decimal("15.25"),
                round_trips=7,
                wins=5,
            ),
        ),
        events=(
            SystemEventView(time_ns=NOW, severity=Severity.SUCCESS, text="sold 1 MCLX6 at 70.23"),
            SystemEventView(time_ns=NOW, severity=Severity.INFO, text="connected"),
        ),
    )
