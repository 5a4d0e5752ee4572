"""Backtests under test, and what a run that went over the wire left in its journal."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from helpers.run import Result
from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.app.engine_making import build_engine, traded_symbols, warm_up_span
from microfutures.backtest.driver import Backtest, BacktestOptions
from microfutures.backtest.record import BacktestResult
from microfutures.config.loading import load_with_origins
from microfutures.model.fills import Fill
from microfutures.model.identifiers import Symbol
from microfutures.model.orders import Order
from microfutures.ports.journal import Journal
from microfutures.venue.market import MarketSource

END_OF_TAPE = "the tape has ended"
OrderLine = tuple[str, str, int, str, int | None, str, str]
"""Contract, side, quantity, type, limit in ticks, time in force, purpose."""


def backtest(
    tmp_path: Path,
    market: MarketSource,
    *,
    settings: dict[str, object] | None = None,
    parameters: dict[str, object] | None = None,
    cash: int = 25_000,
    latency_seconds: float = 0.0,
    journal: Journal | None = None,
) -> BacktestResult:
    """Run the strategies of a configuration on `market`."""
    tmp_path.mkdir(parents=True, exist_ok=True)
    config = tmp_path / "config.json"
    strategy = {"MicroCrudeOilArbitrage": {"parameters": parameters or {}}}
    config.write_text(json.dumps({"strategies": strategy}))
    chosen = load_with_origins(config, settings or {}).settings
    options = BacktestOptions(
        symbols=tuple(Symbol(each) for each in traded_symbols(chosen)),
        warm_up=warm_up_span(chosen),
        cash=Decimal(cash),
        latency_seconds=latency_seconds,
        seed=0,  # as the gateway of `run_virtually` has it
    )
    engine = build_engine(chosen, "backtest")
    return Backtest(engine=engine, market=market, options=options, journal=journal).run()


def assert_backtest_agrees(
    live: Result,
    folder: Path,
    market: MarketSource,
    *,
    settings: dict[str, object],
    parameters: dict[str, object],
    cash: int = 25_000,
    ends_between_ticks: bool = True,
) -> BacktestResult:
    """Run the tape again without a wire: the same orders, executions and cents come of it.

    The end of a tape is heard at once while its last tick is still on the wire: where the two come
    together, the orders that end the run are left out (docs/backtest.md).
    """
    ours = backtest(folder, market, settings=settings, parameters=parameters, cash=cash)
    assert order_lines(ours, to_the_end=ends_between_ticks) == journaled_orders(
        live.journal, to_the_end=ends_between_ticks
    )
    assert ours.net == ours.account_profit
    if ends_between_ticks:
        fills = [(each.instrument_id, each.signed_quantity, each.price) for each in ours.fills]
        assert fills == journaled_fills(live.journal)
        assert ours.net == live.earned
    return ours


def order_lines(result: BacktestResult, *, to_the_end: bool = True) -> list[OrderLine]:
    """Return the orders of a backtest, oldest first, with those that end it or without."""
    return _lines([sent.order for sent in result.orders], to_the_end=to_the_end)


def journaled_orders(journal: Path, *, to_the_end: bool = True) -> list[OrderLine]:
    """Return the orders that a run sent, oldest first, with those that end it or without."""
    reader = JournalReader(journal)
    records = [each for each in reader.read({"order"}) if each.name == "OrderApproved"]
    reader.close()
    orders = [msgspec.json.decode(each.payload, type=Order) for each in records]
    return _lines(orders, to_the_end=to_the_end)


def journaled_fills(journal: Path) -> list[tuple[str, int, Decimal]]:
    """Return contract, signed quantity and price of each execution of a run."""
    reader = JournalReader(journal)
    records = [each for each in reader.read({"order"}) if each.name == "FillReceived"]
    reader.close()
    fills = [msgspec.json.decode(each.payload, type=_FillReceived).fill for each in records]
    return [(each.instrument_id, each.signed_quantity, each.price) for each in fills]


class _FillReceived(msgspec.Struct, tag="FillReceived"):
    fill: Fill


def _lines(orders: Sequence[Order], *, to_the_end: bool) -> list[OrderLine]:
    return [_line(each) for each in orders if to_the_end or each.reason != END_OF_TAPE]


def _line(order: Order) -> OrderLine:
    return (
        order.instrument_id,
        order.side.value,
        order.quantity,
        order.order_type.value,
        order.limit_ticks,
        order.time_in_force.value,
        order.purpose.value,
    )
