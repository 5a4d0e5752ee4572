"""Where the panels go: one column on a small terminal, two on a wide one, one view when chosen."""

from enum import StrEnum

from rich.console import RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.text import Text

from microfutures.display.terminal import panels
from microfutures.model.snapshot import DeskSnapshot

WIDE_COLUMNS = 130
TALL_ROWS = 36

HELP = """\
1  overview              p  pause: entries blocked, exits run; again to resume
2  trades                q  quit: close all positions, save the logs (like Ctrl+C)
3  events                ?  this help
"""


class Detail(StrEnum):
    """Which view is shown."""

    OVERVIEW = "overview"
    TRADES = "trades"
    EVENTS = "events"
    HELP = "help"


def arrange(
    snapshot: DeskSnapshot, *, width: int, height: int, detail: Detail, has_keys: bool
) -> RenderableType:
    """Return the whole screen for a terminal of `width` columns and `height` rows."""
    root = Layout()
    rows: list[Layout] = [Layout(panels.header(snapshot), size=1)]
    banner = panels.banner(snapshot)
    if banner is not None:
        rows.append(Layout(banner, size=1))
    if snapshot.title and height >= 24:
        title = Text(snapshot.title, style="dim", no_wrap=True, overflow="ellipsis")
        rows.append(Layout(title, size=1))
    foot = Layout(_foot(has_keys), size=1)
    left = height - len(rows) - 1
    is_wide = width >= WIDE_COLUMNS and height >= TALL_ROWS
    body = _wide(snapshot, left) if is_wide else _narrow(snapshot, left, width)
    if detail is not Detail.OVERVIEW:
        body = Layout(_detail(snapshot, detail, left))
    root.split_column(*rows, body, foot)
    return root


def _foot(has_keys: bool) -> Text:
    keys = "1 overview  2 trades  3 events  p pause  q quit  ? help" if has_keys else ""
    return Text(f"{keys}   Ctrl+C closes all positions and saves the logs".strip(), style="dim")


def _narrow(snapshot: DeskSnapshot, height: int, width: int) -> Layout:
    """Return one column without frames: every row counts."""
    is_tall = height >= 30
    strategy_rows = len(snapshot.strategies) * (5 if is_tall else 3)
    market_rows = max(len(snapshot.markets), 1) + 1
    position_rows = max(len(snapshot.positions) + len(snapshot.orders), 1) + 1
    fixed = 2 + market_rows + strategy_rows + position_rows
    left = max(height - fixed, 2)
    trade_rows = max(min(left // 2, 12), 1)
    column = Layout()
    column.split_column(
        Layout(panels.portfolio(snapshot, max(width - 60, 8), is_wide=False), size=2),
        Layout(panels.markets(snapshot), size=market_rows),
        Layout(panels.strategies(snapshot, detailed=is_tall), size=strategy_rows),
        Layout(panels.positions(snapshot), size=position_rows),
        Layout(panels.trades(snapshot, trade_rows - 1), size=trade_rows),
        Layout(panels.events(snapshot, left)),
    )
    return column


def _wide(snapshot: DeskSnapshot, height: int) -> Layout:
    """Return framed panels in two columns."""
    market_rows = max(len(snapshot.markets), 2) + 3
    position_rows = max(len(snapshot.positions) + len(snapshot.orders), 2) + 3
    strategy_rows = max(len(snapshot.strategies) * 7 + 2, 9)
    top = Layout(size=market_rows)
    top.split_row(
        Layout(Panel(panels.markets(snapshot), title="Market data"), ratio=3),
        Layout(Panel(panels.portfolio(snapshot, 24, is_wide=True), title="Portfolio"), ratio=2),
    )
    middle = Layout(size=max(strategy_rows, position_rows))
    middle.split_row(
        Layout(Panel(panels.strategies(snapshot, detailed=True), title="Strategies"), ratio=3),
        Layout(Panel(panels.positions(snapshot), title="Positions and orders"), ratio=2),
    )
    rows = max(height - market_rows - max(strategy_rows, position_rows), 6)
    bottom = Layout()
    left = Layout(ratio=3)
    left.split_column(
        Layout(Panel(panels.trades(snapshot, rows), title="Recent trades")),
        Layout(Panel(panels.round_trips(snapshot, rows), title="Round trips, net of commissions")),
    )
    bottom.split_row(
        left, Layout(Panel(panels.events(snapshot, rows), title="System events"), ratio=2)
    )
    body = Layout()
    body.split_column(top, middle, bottom)
    return body


def _detail(snapshot: DeskSnapshot, detail: Detail, height: int) -> RenderableType:
    match detail:
        case Detail.TRADES:
            both = Layout()
            both.split_column(
                Layout(Panel(panels.round_trips(snapshot, height), title="Round trips")),
                Layout(Panel(panels.trades(snapshot, height), title="Trades")),
            )
            return both
        case Detail.EVENTS:
            return Panel(panels.events(snapshot, height), title="System events")
        case _:
            return Panel(HELP, title="Keys")
