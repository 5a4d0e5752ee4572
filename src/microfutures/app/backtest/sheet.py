"""A backtest as a tear sheet: from its journal if it kept one, else from its result alone."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from microfutures.analytics.trades import Trade
from microfutures.backtest.record import BacktestResult
from microfutures.model.fills import Fill
from microfutures.model.identifiers import OrderRef, StrategyName
from microfutures.model.snapshot import RoundTripView
from microfutures.reports.tear_sheet_input import TearSheetInput

MOST_NOTES = 3


def sheet_of_backtest(
    result: BacktestResult, *, title: str, tape: str, journal: Path | None
) -> TearSheetInput:
    """Return what the run came to.

    Without a journal nothing is known of what happened within a trade: no excursions, no path of
    the spread.
    """
    facts = {"tape": tape, "order list": result.order_hash}
    if not result.is_complete:
        facts["interrupted"] = "the tape was not played to its end"
    if journal is not None:
        from microfutures.app.journal.sheet import sheet_of_journal

        sheet = sheet_of_journal(journal)
        return replace(sheet, title=title, subtitle="backtest", facts={**facts, **sheet.facts})
    return TearSheetInput(
        title=title,
        subtitle="backtest",
        facts=facts,
        times_ns=[time_ns for time_ns, _ in result.equity],
        equity=[equity for _, equity in result.equity],
        trades=tuple(trades_of(result)),
        costs={"commissions": float(result.commissions)} if result.fills else {},
        notes=[
            f"no trade by the rule {rule}, {count:,} times; the last: {latest}"
            for rule, count, latest in result.refusals[:MOST_NOTES]
        ],
    )


def trades_of(result: BacktestResult) -> Iterator[Trade]:
    """Yield the round trips with the contract that opened them and what they turned over."""
    owners = {sent.order.order_ref: sent.order.strategy for sent in result.orders}
    fills = _by_strategy(result.fills, owners)
    for trip in result.round_trips:
        waiting = fills.get(trip.strategy, [])
        mine: list[Fill] = []
        while waiting and waiting[-1].time_ns <= trip.closed_ns:
            mine.append(waiting.pop())
        yield _trade(trip, mine, result)


def _by_strategy(
    fills: Iterable[Fill], owners: dict[OrderRef, StrategyName]
) -> dict[StrategyName, list[Fill]]:
    """Return the fills of each strategy, latest first."""
    grouped: dict[StrategyName, list[Fill]] = {}
    for fill in fills:
        grouped.setdefault(owners[fill.order_ref], []).append(fill)
    for every in grouped.values():
        every.reverse()
    return grouped


def _trade(trip: RoundTripView, fills: list[Fill], result: BacktestResult) -> Trade:
    turned_over = sum(
        abs(float(each.price)) * each.quantity * result.multipliers[each.instrument_id]
        for each in fills
    )
    return Trade(
        strategy=trip.strategy,
        instrument=fills[0].instrument_id if fills else "unknown",
        opened_ns=trip.opened_ns,
        closed_ns=trip.closed_ns,
        direction=trip.direction,
        units=trip.units,
        gross=float(trip.gross),
        costs=float(trip.commissions),
        notional=turned_over,
        reason=trip.exit_reason,
    )
