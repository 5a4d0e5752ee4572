"""The event-driven backtest: bar events a second, with the engine, risk gate, ledger and venue.

Beside it, in the same run, the least Python that still is an event engine: a loop that hands bars
to a strategy and fills its orders at the next bar, without order states, rules, accounts, margins
or hours. Processor time; what the machine does at the moment divides out of their ratio.
"""

import gc
from collections.abc import Iterator
from decimal import Decimal
from time import process_time

from benchmarks.pair_floor import floor_trips
from benchmarks.pair_strategy import Z_ENTRY, LogRatio
from benchmarks.pair_tape import MINUTES, pair_prices, pair_tape
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.backtest.driver import Backtest, BacktestOptions
from microfutures.backtest.record import BacktestResult
from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.engine import Engine, EngineSettings
from microfutures.model.identifiers import Symbol
from microfutures.portfolio import Portfolio

CAPITAL = 10_000_000
SELDOM, NEVER = 3.2, 1000.0
"""Entries so far out that there are some, and none."""


def event_driven() -> Iterator[str]:
    """Yield the rates at which the pair of 500,000 minutes is played."""
    floor = _floor()
    events = 2 * MINUTES
    yield f"backtest, floor of Python{events / floor:12,.0f} bar events/s"
    for words, z_entry in (("no trades", NEVER), ("some", SELDOM), ("every signal", Z_ENTRY)):
        result, seconds = play_pair(z_entry)
        yield (
            f"backtest, {words:15s}{events / seconds:12,.0f} bar events/s  "
            f"{seconds:6.2f} s  {len(result.round_trips):6,} round trips  "
            f"1/{seconds / floor:.0f} of the floor"
        )


def play_pair(z_entry: float) -> tuple[BacktestResult, float]:
    """Play the pair once; return the result, and the processor seconds of the run alone."""
    backtest = pair_backtest(pair_tape(), z_entry)
    gc.collect()
    gc.freeze()
    started = process_time()
    result = backtest.run()
    seconds = process_time() - started
    gc.unfreeze()
    return result, seconds


def _floor() -> float:
    """Return the seconds that the floor takes, the better of two."""
    first, second = (prices.tolist() for prices in pair_prices())
    taken: list[float] = []
    for _ in range(2):
        started = process_time()
        floor_trips(first, second)
        taken.append(process_time() - started)
    return min(taken)


def pair_backtest(tape: TapeMarket, z_entry: float) -> Backtest:
    """Return the backtest of the pair, ready to run."""
    strategies: list[LogRatio] = []
    engine = Engine(
        portfolio=Portfolio(CAPITAL),
        strategies=strategies,
        settings=EngineSettings(
            check_interval_seconds=60,
            order_ref_prefix="bench",
            limits=RiskLimits(max_quote_age_seconds=120),
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
