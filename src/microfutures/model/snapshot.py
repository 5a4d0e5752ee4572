"""What the eyes see: one frozen picture of the desk, made at a fixed cadence."""

from decimal import Decimal

import msgspec

from microfutures.model.events import ConnectionState, Severity
from microfutures.model.identifiers import InstrumentId, OrderRef, StrategyName, Symbol
from microfutures.model.market import MarketDataType
from microfutures.model.orders import OrderStatus, OrderType, Side


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """The line to the broker."""

    state: ConnectionState
    detail: str
    host: str
    port: int
    client_id: int
    account: str
    is_simulated: bool
    since_ns: int
    last_message_ns: int | None


class PortfolioView(msgspec.Struct, frozen=True, kw_only=True):
    """Money, USD. ``account_*`` are the broker's figures, the rest is our ledger."""

    initial_capital: Decimal
    current_capital: Decimal
    realized: Decimal
    unrealized: Decimal
    commissions: Decimal
    account_net_liquidation: Decimal | None
    account_available_funds: Decimal | None
    account_initial_margin: Decimal | None
    equity_history: tuple[float, ...]
    """Oldest first, at most some hundred points; for a sparkline."""


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """One open position of ours."""

    strategy: StrategyName
    instrument_id: InstrumentId
    quantity: int
    average_price: Decimal
    market_price: float | None
    unrealized: Decimal
    realized: Decimal


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of live market data."""

    symbol: Symbol
    instrument_id: InstrumentId
    bid: float | None
    ask: float | None
    bid_size: float
    ask_size: float
    last: float | None
    volume: float
    age_seconds: float | None
    data_type: MarketDataType
    flaw: str
    """Why it is not traded on, in a word or two; empty when it is."""
    is_liquid: bool
    price_decimals: int
    session: str
    """In words: ``liquid until 16:00``, ``closed until Sun 18:00``."""


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """One order that is not final."""

    order_ref: OrderRef
    strategy: StrategyName
    instrument_id: InstrumentId
    side: Side
    quantity: int
    filled: int
    order_type: OrderType
    limit_price: Decimal | None
    status: OrderStatus
    age_seconds: float


class TradeView(msgspec.Struct, frozen=True, kw_only=True):
    """One fill; ``commission`` is None until the broker reported it."""

    time_ns: int
    strategy: StrategyName
    instrument_id: InstrumentId
    side: Side
    quantity: int
    price: Decimal
    commission: Decimal | None
    reason: str


class RoundTripView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One finished round trip, net of commissions."""

    opened_ns: int
    closed_ns: int
    strategy: StrategyName
    direction: str
    units: int
    gross: Decimal
    commissions: Decimal
    net: Decimal
    exit_reason: str


class RefusalCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often one rule stopped a trade, and its latest sentence."""

    rule: str
    count: int
    latest: str


class StrategyView(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy: its state in words, its numbers, and why it did not trade."""

    name: StrategyName
    is_active: bool
    state: str
    """One word: ``warming``, ``watching``, ``entering``, ``long``, ``short``, ``exiting``, …"""
    allocation_percent: float
    capital: Decimal
    metrics: tuple[tuple[str, str], ...]
    """Label and formatted value, in the order to show: z-score, spread, hedge, samples…"""
    z_score: float | None
    z_entry: float | None
    z_exit: float | None
    why_no_trade: str
    refusals: tuple[RefusalCount, ...]
    realized: Decimal
    unrealized: Decimal
    commissions: Decimal
    round_trips: int
    wins: int


class SystemEventView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the event panel."""

    time_ns: int
    severity: Severity
    text: str


class DeskSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a display may show."""

    time_ns: int
    """Now, on the broker's clock."""
    started_ns: int
    title: str
    """For instance ``SIMULATED · demo market, its spread is wider than life``."""
    is_halted: bool
    halt_reason: str
    is_killed: bool
    """Whether no order is sent at all, exits included."""
    connection: ConnectionView
    portfolio: PortfolioView
    positions: tuple[PositionView, ...]
    markets: tuple[MarketView, ...]
    orders: tuple[OrderView, ...]
    trades: tuple[TradeView, ...]
    """Newest first."""
    round_trips: tuple[RoundTripView, ...]
    """Newest first."""
    strategies: tuple[StrategyView, ...]
    events: tuple[SystemEventView, ...]
    """Newest first."""
