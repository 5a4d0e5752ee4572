"""The engine that settings describe: the same one live, in backtests, replays and studies.

Not here: what it is connected to (`app.wiring`), so that a backtest loads no client of IB.
"""

from decimal import Decimal
from functools import reduce
from math import gcd

import msgspec
from msgspec.structs import replace

from microfutures.config import Settings
from microfutures.config.settings import StrategySettings
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.model.bar_sizes import bar_size
from microfutures.model.identifiers import StrategyName
from microfutures.portfolio import Portfolio
from microfutures.strategies.micro_crude_oil_arbitrage import MicroCrudeOilArbitrageStrategy
from microfutures.strategies.registry import strategy_class

WARM_UP_SLACK = 10
"""Past bars beyond the longest lookback: the two legs don't trade in every minute."""


class RunStarted(msgspec.Struct, frozen=True):
    """The first record of a run: what it takes to make the same engine again."""

    version: str
    order_ref_prefix: str
    settings: Settings


def traded_symbols(settings: Settings) -> tuple[str, ...]:
    """Return every product that active strategies watch, in order, once each."""
    pairs = (
        (each.parameters.primary_symbol, each.parameters.secondary_symbol)
        for each in settings.strategies.values()
        if each.active
    )
    return tuple(dict.fromkeys(symbol for pair in pairs for symbol in pair))


def warm_up_span(settings: Settings) -> tuple[int, int]:
    """Return length and number of the past bars that fill every strategy's window."""
    chosen = [each.parameters for each in settings.strategies.values()]
    seconds = bar_size(reduce(gcd, (each.sample_seconds for each in chosen), 0) or 60)
    longest = max((each.lookback * each.sample_seconds for each in chosen), default=seconds)
    return seconds, longest // seconds + WARM_UP_SLACK


def decisive(settings: Settings) -> Settings:
    """Return what decisions depend on: not where the desk connects to, logs and shows."""
    plain = Settings()
    return replace(
        settings, connection=plain.connection, logging=plain.logging, display=plain.display
    )


def build_engine(settings: Settings, order_ref_prefix: str) -> Engine:
    """Return the engine with its strategies; the same settings make the same one."""
    portfolio = Portfolio(Decimal(str(settings.trading.initial_capital)))
    strategies: list[MicroCrudeOilArbitrageStrategy] = []
    engine = Engine(
        portfolio=portfolio,
        strategies=strategies,
        settings=EngineSettings(
            check_interval_seconds=settings.trading.check_interval,
            order_ref_prefix=order_ref_prefix,
            limits=settings.risk,
        ),
    )
    for name, chosen in settings.strategies.items():
        if chosen.active:
            strategies.append(_build_strategy(engine, settings, name, chosen))
    return engine


def _build_strategy(
    engine: Engine, settings: Settings, name: str, chosen: StrategySettings
) -> MicroCrudeOilArbitrageStrategy:
    strategy = strategy_class(chosen.strategy_class or name)(
        StrategyName(name),
        0,
        engine.state,
        parameters=chosen.parameters,
        risk_tolerance=settings.trading.risk_tolerance,
    )
    engine.portfolio.add_strategy(strategy, chosen.allocation)
    return strategy
