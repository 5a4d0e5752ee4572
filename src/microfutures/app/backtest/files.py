"""The result of a backtest as lines for the terminal and as tables on disk."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from microfutures.adapters.tapes.holes import Holes
from microfutures.backtest.quoted_months import Unquoted
from microfutures.backtest.record import BacktestResult
from microfutures.display.words import money, signed, span
from microfutures.model.timestamp import to_iso

Row = Sequence[object]

STRUNG_ROLL_DAYS = 2
"""How long before its last day vendors leave a month, but for holidays."""


def summary_lines(
    result: BacktestResult, *, title: str, holes: Iterable[str], months: Iterable[str]
) -> Iterator[str]:
    """Yield the result as people read it; USD."""
    trips = result.round_trips
    won = sum(trip.net > 0 for trip in trips)
    ended = "ran to its end" if result.is_complete else "was interrupted; this is what it did"
    played = span((result.last_ns - result.first_ns) / 1e9)
    yield f"The backtest {ended}: {played} of {title}"
    yield f"  market       {result.updates:,} updates"
    yield from (f"  holes        {note}" for note in holes)
    yield from (f"  months       {note}" for note in months)
    yield f"  orders       {len(result.orders)}, {len(result.fills)} executions"
    yield f"  round trips  {len(trips)}, {won} won"
    yield f"  realized     {signed(result.realized)} USD"
    yield f"  open         {signed(result.unrealized)} USD"
    yield f"  commissions  {signed(-result.commissions)} USD"
    yield f"  net          {signed(result.net)} USD on {money(result.initial_capital)} USD"
    yield f"  drawdown     {signed(-_drawdown(result.equity))} USD at most"
    for line in result.still_open:
        yield f"  still open   {line}"
    for rule, count, latest in result.refusals[:5]:
        yield f"  no trade     {count} x {rule}: {latest}"
    yield f"  order list   {result.order_hash}"


def hole_notes(holes: Iterable[Holes]) -> Iterator[str]:
    """Yield a sentence for each product of which bars are missing."""
    for each in holes:
        yield (
            f"{each.symbol}: {each.expected - each.present:,} of {each.expected:,} bars of its "
            f"liquid hours are missing, the longest stretch {span(each.longest_seconds)} from "
            f"{to_iso(each.longest_ns)}"
        )


def month_notes(unquoted: Iterable[Unquoted]) -> Iterator[str]:
    """Yield a sentence for each product that could not be traded on some days of its tape."""
    for each in unquoted:
        remedy = f"; --roll-days {STRUNG_ROLL_DAYS} holds a month as long as vendors string it"
        if each.roll_business_days <= STRUNG_ROLL_DAYS:
            remedy = ""
        yield (
            f"{each.symbol}: on {each.days:,} of {each.of_days:,} trading days the tape has no "
            f"price of the month that the desk holds (first {each.instrument_id} on {each.first}), "
            f"so nothing was traded{remedy}"
        )


def write_tables(result: BacktestResult, folder: Path) -> None:
    """Write `orders.csv`, `trades.csv`, `round_trips.csv` and `equity.csv` to `folder`."""
    header: Row = ("time", "strategy", "instrument", "side", "quantity", "type", "limit_ticks",
                   "purpose", "reason")  # fmt: skip
    orders = (
        (to_iso(sent.time_ns), each.strategy, each.instrument_id, each.side, each.quantity,
         each.order_type, each.limit_ticks, each.purpose, each.reason)
        for sent in result.orders
        for each in (sent.order,)
    )  # fmt: skip
    _write(folder / "orders.csv", header, orders)
    header = ("time", "execution", "order", "instrument", "side", "quantity", "price")
    trades = (
        (to_iso(each.time_ns), each.execution_id, each.order_ref, each.instrument_id, each.side,
         each.quantity, each.price)
        for each in result.fills
    )  # fmt: skip
    _write(folder / "trades.csv", header, trades)
    header = ("opened", "closed", "strategy", "direction", "units", "gross", "commissions", "net",
              "exit_reason")  # fmt: skip
    trips = (
        (to_iso(each.opened_ns), to_iso(each.closed_ns), each.strategy, each.direction, each.units,
         each.gross, each.commissions, each.net, each.exit_reason)
        for each in result.round_trips
    )  # fmt: skip
    _write(folder / "round_trips.csv", header, trips)
    points = ((to_iso(time_ns), f"{equity:.2f}") for time_ns, equity in result.equity)
    _write(folder / "equity.csv", ("time", "equity"), points)


def _write(path: Path, header: Row, rows: Iterable[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(header)
        table.writerows(rows)


def _drawdown(equity: Sequence[tuple[int, float]]) -> float:
    """Return the longest way down from a peak, USD."""
    peak = deepest = 0.0
    for place, (_, value) in enumerate(equity):
        peak = value if place == 0 else max(peak, value)
        deepest = max(deepest, peak - value)
    return deepest
