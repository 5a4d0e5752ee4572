"""The tear sheet in a terminal: the same numbers as the page, in a few lines."""

from collections.abc import Iterator

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from microfutures.reports import words
from microfutures.reports.findings import Findings, find
from microfutures.reports.tear_sheet_input import TearSheetInput

BLOCKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 60


def terminal_summary(sheet: TearSheetInput) -> RenderableType:
    """Return what `rich` prints: the curve as a line of blocks and the numbers in columns."""
    found = find(sheet)
    curve = Text(spark(sheet), style="green" if _net(found) > 0 else "red")
    notes = [Text(f"! {note}", style="yellow") for note in sheet.notes]
    body = Group(curve, Text(""), _numbers(found), *notes)
    days = f"{found.days[0]} to {found.days[-1]}" if found.days else ""
    return Panel(body, title=sheet.title, subtitle=days, expand=False)


def spark(sheet: TearSheetInput) -> str:
    """Return the equity as one line of blocks."""
    equity = np.array(sheet.equity, dtype=np.float64)
    places = np.linspace(0, len(equity) - 1, min(SPARK_WIDTH, len(equity))).astype(int)
    values = equity[places]
    reach = float(np.ptp(values))
    if reach == 0:
        return BLOCKS[0] * len(values)
    steps = ((values - values.min()) / reach * (len(BLOCKS) - 1)).round().astype(int)
    return "".join(BLOCKS[step] for step in steps)


def _numbers(found: Findings) -> Table:
    table = Table.grid(padding=(0, 3))
    for justify in ("left", "right", "left", "right"):
        table.add_column(justify="right" if justify == "right" else "left")
    rows = list(_rows(found))
    half = (len(rows) + 1) // 2
    for place in range(half):
        left = rows[place]
        right = rows[place + half] if place + half < len(rows) else ("", "")
        table.add_row(Text(left[0], "dim"), left[1], Text(right[0], "dim"), right[1])
    return table


def _rows(found: Findings) -> Iterator[tuple[str, str]]:
    value, trades = found.performance, found.trades
    yield "net profit, USD", words.money(_net(found), sign=True)
    yield "return", words.percent(value.total_return, sign=True)
    yield "annual return", words.percent(value.annual_return, sign=True)
    yield "volatility", words.percent(value.annual_volatility)
    yield "Sharpe", words.ratio(value.sharpe)
    yield "Sortino", words.ratio(value.sortino)
    yield "Calmar", words.ratio(value.calmar)
    yield "max drawdown", words.percent(found.deepest)
    yield "trades", f"{trades.count:,}"
    yield "hit rate", words.percent(trades.hit_rate)
    yield "expectancy, USD", words.money(trades.expectancy, sign=True)
    yield "profit factor", words.ratio(trades.profit_factor)
    yield "costs, USD", words.money(trades.costs)
    yield "mean MAE, USD", words.money(trades.average_worst)
    yield "mean MFE, USD", words.money(trades.average_best)
    yield "exposure", words.percent(found.exposure)
    yield "turnover a year", words.ratio(found.turnover)


def _net(found: Findings) -> float:
    return found.performance.end_equity - found.performance.start_equity
