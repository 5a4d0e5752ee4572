"""From the engine's state to one frozen picture for the eyes."""

import msgspec

from microfutures.engine.engine import Engine
from microfutures.model.events import ConnectionState
from microfutures.model.instrument import Instrument
from microfutures.model.market import MarketDataType
from microfutures.model.quality import session_words
from microfutures.model.snapshot import (
    ConnectionView,
    DeskSnapshot,
    MarketView,
    OrderView,
    PortfolioView,
    PositionView,
    StrategyView,
    TradeView,
)
from microfutures.strategies.base import Strategy

SHOWN_TRADES = 50


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What doesn't change during a run."""

    title: str
    host: str
    port: int
    client_id: int
    is_simulated: bool


def take_snapshot(engine: Engine, facts: RunFacts, now_ns: int) -> DeskSnapshot:
    """Return everything a display may show; the engine decides as if nobody had looked."""
    with engine.portfolio.valued_at(engine.state.latest_marks()):
        return _snapshot(engine, facts, now_ns)


def _snapshot(engine: Engine, facts: RunFacts, now_ns: int) -> DeskSnapshot:
    state = engine.state
    return DeskSnapshot(
        time_ns=now_ns,
        started_ns=state.started_ns or now_ns,
        title=facts.title,
        is_halted=state.is_paused,
        halt_reason=state.pause_reason,
        is_killed=bool(state.kill_reason),
        connection=ConnectionView(
            state=state.connection,
            detail=state.connection_detail,
            host=facts.host,
            port=facts.port,
            client_id=facts.client_id,
            account=state.account.account if state.account else "",
            is_simulated=facts.is_simulated,
            since_ns=state.connection_since_ns,
            last_message_ns=state.last_message_ns,
        ),
        portfolio=_portfolio(engine),
        positions=_positions(engine),
        markets=tuple(_market(engine, each, now_ns) for each in state.current.values()),
        orders=_orders(engine, now_ns),
        trades=_trades(engine),
        round_trips=tuple(trip.view() for trip in engine.portfolio.round_trips.finished),
        strategies=tuple(_strategy(engine, each) for each in engine.strategies),
        events=tuple(engine.voice.events),
    )


def _portfolio(engine: Engine) -> PortfolioView:
    portfolio, account = engine.portfolio, engine.state.account
    performance = portfolio.performance()
    return PortfolioView(
        initial_capital=portfolio.initial_capital,
        current_capital=portfolio.current_capital,
        realized=performance.realized,
        unrealized=performance.unrealized,
        commissions=performance.commissions,
        account_net_liquidation=account.net_liquidation if account else None,
        account_available_funds=account.available_funds if account else None,
        account_initial_margin=account.initial_margin if account else None,
        equity_history=portfolio.equity.values,
    )


def _positions(engine: Engine) -> tuple[PositionView, ...]:
    views = []
    for (strategy, instrument_id), account in engine.portfolio.ledger.accounts.items():
        if not account.quantity:
            continue
        mark = engine.portfolio.mark_of(instrument_id)
        views.append(
            PositionView(
                strategy=strategy,
                instrument_id=instrument_id,
                quantity=account.quantity,
                average_price=account.average_price,
                market_price=None if mark is None else float(mark),
                unrealized=account.unrealized(mark if mark is not None else account.average_price),
                realized=account.realized,
            )
        )
    return tuple(views)


def _market(engine: Engine, instrument: Instrument, now_ns: int) -> MarketView:
    quote = engine.state.quote(instrument.instrument_id)
    exponent = instrument.tick_size.normalize().as_tuple().exponent
    return MarketView(
        symbol=instrument.symbol,
        instrument_id=instrument.instrument_id,
        bid=quote.bid if quote else None,
        ask=quote.ask if quote else None,
        bid_size=quote.bid_size if quote else 0.0,
        ask_size=quote.ask_size if quote else 0.0,
        last=quote.last if quote else None,
        volume=quote.volume if quote else 0.0,
        age_seconds=(now_ns - quote.time_ns) / 1e9 if quote else None,
        data_type=quote.data_type if quote else MarketDataType.LIVE,
        flaw=engine.market.flaw(instrument.instrument_id),
        is_liquid=instrument.is_liquid(now_ns),
        price_decimals=max(0, -exponent) if isinstance(exponent, int) else 0,
        session=session_words(instrument, now_ns),
    )


def _orders(engine: Engine, now_ns: int) -> tuple[OrderView, ...]:
    views = []
    for record in engine.floor.desk.orders.live:
        order = record.order
        instrument = engine.state.instrument_by_id(order.instrument_id)
        priced = instrument is not None and order.limit_ticks is not None
        views.append(
            OrderView(
                order_ref=order.order_ref,
                strategy=order.strategy,
                instrument_id=order.instrument_id,
                side=order.side,
                quantity=order.quantity,
                filled=record.filled,
                order_type=order.order_type,
                limit_price=instrument.price(order.limit_ticks or 0)
                if priced and instrument
                else None,
                status=record.status,
                age_seconds=(now_ns - record.sent_ns) / 1e9,
            )
        )
    return tuple(views)


def _trades(engine: Engine) -> tuple[TradeView, ...]:
    return tuple(
        TradeView(
            time_ns=trade.fill.time_ns,
            strategy=trade.strategy,
            instrument_id=trade.fill.instrument_id,
            side=trade.fill.side,
            quantity=trade.fill.quantity,
            price=trade.fill.price,
            commission=engine.portfolio.ledger.commission_of(trade.fill.execution_id),
            reason=trade.reason,
        )
        for trade in list(engine.books.trades)[:SHOWN_TRADES]
    )


def _strategy(engine: Engine, strategy: Strategy) -> StrategyView:
    status = strategy.status()
    performance = engine.portfolio.performance([strategy.name])
    tally = engine.portfolio.round_trips.tally(strategy.name)
    connection = engine.state.connection
    is_up = connection is ConnectionState.CONNECTED
    return StrategyView(
        name=strategy.name,
        is_active=strategy.active,
        state=status.state,
        allocation_percent=float(engine.portfolio.allocation_percent(strategy.name)),
        capital=strategy.capital,
        metrics=status.metrics,
        z_score=status.z_score,
        z_entry=status.z_entry,
        z_exit=status.z_exit,
        why_no_trade=status.why_no_trade if is_up else f"not connected: {connection}",
        refusals=status.refusals,
        realized=performance.realized,
        unrealized=performance.unrealized,
        commissions=performance.commissions,
        round_trips=tally.count,
        wins=tally.wins,
    )
