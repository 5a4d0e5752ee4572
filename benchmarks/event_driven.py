"""The event-driven backtest: bar events a second, with the engine, risk gate, ledger and venue."""

from decimal import Decimal

from benchmarks.pair_strategy import LogRatio
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.backtest.driver import Backtest, BacktestOptions
from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.model.identifiers import Symbol
from microfutures.portfolio import Portfolio

CAPITAL = 10_000_000


def pair_backtest(tape: TapeMarket, z_entry: float) -> Backtest:
    """Return the backtest of the pair, ready to run."""
    strategies: list[LogRatio] = []
    engine = Engine(
        portfolio=Portfolio(CAPITAL),
        strategies=strategies,
        settings=EngineSettings(
            check_interval_seconds=60,
            order_ref_prefix="bench",
            limits=RiskLimits(
                max_order_shares=1000, max_position_shares=1000, max_quote_age_seconds=120
            ),
        ),
    )
    strategy = LogRatio(CAPITAL, engine.state, z_entry)
    engine.portfolio.add_strategy(strategy)
    strategies.append(strategy)
    options = BacktestOptions(
        symbols=(Symbol("MCL"), Symbol("USO")),
        warm_up=(60, 20),
        cash=Decimal(CAPITAL),
        latency_seconds=0.0,
        equity_seconds=3600,
    )
    return Backtest(engine=engine, market=tape, options=options)
