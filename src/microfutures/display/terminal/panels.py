"""Parts of the dashboard: each a small function from the snapshot to something rich can draw."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from microfutures.display.words import (
    CONNECTION_STYLES,
    MARKS,
    STYLES,
    clock,
    gauge,
    halt_words,
    money,
    price,
    sign_style,
    signed,
    span,
    sparkline,
)
from microfutures.model.snapshot import DeskSnapshot, MarketView, StrategyView
from microfutures.model.timestamp import exchange_time

STALE_SECONDS = 15.0


def _grid(*columns: tuple[str, str], header: bool = True) -> Table:
    """Return a bare table; a column is its title and ``r`` (number) or ``l`` (text)."""
    table = Table(
        box=None, show_header=header, header_style="dim", padding=(0, 1, 0, 0), expand=True
    )
    for title, kind in columns:
        is_number = kind == "r"
        table.add_column(
            title,
            justify="right" if is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=None if is_number or kind == "l" else 1,
        )
    return table


def header(snapshot: DeskSnapshot) -> RenderableType:
    """Show what is traded on, the line to the broker, and the time."""
    connection = snapshot.connection
    text = Text(no_wrap=True, overflow="ellipsis")
    kind = "SIMULATED" if connection.is_simulated else _account_kind(connection.account)
    text.append(f" {kind} ", style="reverse bold")
    state = connection.state.replace("_", " ").upper()
    text.append(f" {state}", style=CONNECTION_STYLES[connection.state])
    text.append(f" {span((snapshot.time_ns - connection.since_ns) / 1e9)}")
    where = f"{connection.host}:{connection.port} #{connection.client_id}"
    text.append(f"  {where}  {connection.account or 'no account yet'}", style="dim")
    text.append(f"  {exchange_time(snapshot.time_ns, pattern='%a %H:%M:%S')} NY")
    return text


def _account_kind(account: str) -> str:
    if not account:
        return "IB"
    return "PAPER" if account.startswith("D") else "LIVE MONEY"


def banner(snapshot: DeskSnapshot) -> RenderableType | None:
    """Show a halt and what it does, or why there is no connection."""
    if snapshot.is_halted:
        return Text(
            f" {halt_words(snapshot)} ",
            style="bold white on red",
            no_wrap=True,
            overflow="ellipsis",
        )
    connection = snapshot.connection
    if connection.state.value == "connected":
        return None
    return Text(
        f" {connection.detail} ", style="black on yellow", no_wrap=True, overflow="ellipsis"
    )


def portfolio(snapshot: DeskSnapshot, spark_width: int, *, is_wide: bool) -> RenderableType:
    """Show our ledger and the broker's account: two long lines, or three short ones."""
    view = snapshot.portfolio
    net = view.current_capital - view.initial_capital
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("Capital ", style="dim")
    text.append(money(view.current_capital), style="bold")
    text.append("  net ", style="dim")
    text.append(signed(net), style=f"bold {sign_style(net)}")
    if is_wide:
        text.append(f"  {sparkline(view.equity_history, spark_width)}\n", style="cyan")
    for label, amount in (
        ("realized", view.realized),
        ("open", view.unrealized),
        ("costs", -view.commissions),
    ):
        text.append(f"{'' if is_wide and label == 'realized' else '  '}{label} ", style="dim")
        text.append(signed(amount), style=sign_style(amount))
    text.append("\n")
    text.append("Account ", style="dim")
    text.append(money(view.account_net_liquidation))
    text.append("  available ", style="dim")
    text.append(money(view.account_available_funds))
    text.append("  margin ", style="dim")
    text.append(money(view.account_initial_margin))
    if not is_wide:
        text.append(f"  {sparkline(view.equity_history, spark_width)}", style="cyan")
    return text


def markets(snapshot: DeskSnapshot) -> RenderableType:
    """Show every line of market data."""
    table = _grid(
        ("Market", "l"),
        ("Bid", "r"),
        ("Ask", "r"),
        ("Size", "r"),
        ("Last", "r"),
        ("Volume", "r"),
        ("Age", "r"),
        ("Session (New York)", "x"),
    )
    for view in snapshot.markets:
        table.add_row(
            Text(view.instrument_id, style="bold"),
            price(view.bid, view.price_decimals),
            price(view.ask, view.price_decimals),
            f"{view.bid_size:.0f}x{view.ask_size:.0f}",
            price(view.last, view.price_decimals),
            f"{view.volume:,.0f}",
            _age(view),
            Text(view.session, style="" if view.is_liquid else "yellow"),
        )
    if not snapshot.markets:
        table.add_row(Text("no market data yet", style="dim"), *[""] * 7)
    return table


def _age(view: MarketView) -> Text:
    if view.age_seconds is None:
        return Text("none", style="yellow")
    text = span(view.age_seconds)
    flaw = view.flaw or ("stale" if view.age_seconds > STALE_SECONDS else "")
    return Text(f"{text} {flaw}".rstrip(), style="yellow" if flaw else "")


def strategies(snapshot: DeskSnapshot, *, detailed: bool) -> RenderableType:
    """Show each strategy: state, gauge, P&L, and why there is no trade."""
    table = Table.grid(expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for view in snapshot.strategies:
        table.add_row(_strategy_head(view))
        table.add_row(_strategy_metrics(view))
        table.add_row(Text(f"Why: {view.why_no_trade}", style="italic"))
        if detailed:
            for refusal in view.refusals[:4]:
                table.add_row(
                    Text(f"  {refusal.count} x {refusal.rule}: {refusal.latest}", style="yellow")
                )
    return table


def _strategy_head(view: StrategyView) -> Text:
    z = "z  -  " if view.z_score is None else f"z {view.z_score:+.2f}"
    net = view.realized + view.unrealized - view.commissions
    text = Text()
    text.append(view.name, style="bold")
    text.append(f" {view.state.upper()} ", style="bold cyan" if view.is_active else "dim")
    is_near = view.z_score is not None and abs(view.z_score) >= (view.z_entry or 0)
    text.append(f"{z} ", style="bold magenta" if is_near else "")
    text.append(gauge(view.z_score, view.z_entry), style="magenta")
    text.append("  net ", style="dim")
    text.append(signed(net), style=f"bold {sign_style(net)}")
    return text


def _strategy_metrics(view: StrategyView) -> Text:
    refused = sum(refusal.count for refusal in view.refusals)
    shown = [("trips", f"{view.round_trips} ({view.wins} won)"), ("refused", str(refused))]
    shown += [row for row in view.metrics if row[0] != "z-score"]
    shown.append(("capital", f"{money(view.capital)} ({view.allocation_percent:g}%)"))
    text = Text()
    for label, value in shown:
        text.append(f"{label} ", style="dim")
        text.append(f"{value}  ")
    return text


def positions(snapshot: DeskSnapshot) -> RenderableType:
    """Show open positions and working orders."""
    table = _grid(
        ("Position", "l"), ("Qty", "r"), ("Average", "r"), ("Market", "r"), ("Open P&L", "r")
    )
    for view in snapshot.positions:
        arrow = "▲" if view.quantity > 0 else "▼"
        table.add_row(
            Text(view.instrument_id, style="bold"),
            f"{arrow} {view.quantity:+d}",
            f"{view.average_price:,.4f}",
            "-" if view.market_price is None else f"{view.market_price:,.4f}",
            Text(signed(view.unrealized), style=sign_style(view.unrealized)),
        )
    for order in snapshot.orders:
        limit = "market" if order.limit_price is None else f"{order.limit_price:,.2f}"
        table.add_row(
            Text(f"{order.instrument_id} order", style="yellow"),
            f"{order.side} {order.quantity}",
            limit,
            f"{order.filled} filled",
            f"{order.status.replace('_', ' ')} {span(order.age_seconds)}",
        )
    if not snapshot.positions and not snapshot.orders:
        table.add_row(Text("flat, no orders", style="dim"), "", "", "", "")
    return table


def trades(snapshot: DeskSnapshot, rows: int) -> RenderableType:
    """Show the latest fills."""
    table = _grid(
        ("Trade", "l"), ("Side", "l"), ("Qty", "r"), ("Contract", "l"), ("Price", "r"),
        ("Cost", "r"), ("Reason", "x"),
    )  # fmt: skip
    for view in snapshot.trades[:rows]:
        table.add_row(
            clock(view.time_ns),
            Text(view.side.value, style="green" if view.side.sign > 0 else "red"),
            str(view.quantity),
            view.instrument_id,
            f"{view.price:,f}",
            "…" if view.commission is None else f"{view.commission:.2f}",
            Text(view.reason, style="dim"),
        )
    if not snapshot.trades:
        table.add_row(Text("none yet", style="dim"), *[""] * 6)
    return table


def round_trips(snapshot: DeskSnapshot, rows: int) -> RenderableType:
    """Show finished round trips, net of commissions."""
    table = _grid(
        ("Closed", "l"), ("Held", "r"), ("Spread", "l"), ("Units", "r"), ("Gross", "r"),
        ("Costs", "r"), ("Net", "r"), ("Exit", "x"),
    )  # fmt: skip
    for view in snapshot.round_trips[:rows]:
        table.add_row(
            clock(view.closed_ns),
            span((view.closed_ns - view.opened_ns) / 1e9),
            view.direction,
            str(view.units),
            signed(view.gross),
            money(view.commissions),
            Text(signed(view.net), style=f"bold {sign_style(view.net)}"),
            Text(view.exit_reason, style="dim"),
        )
    if not snapshot.round_trips:
        table.add_row(Text("none yet", style="dim"), *[""] * 7)
    return table


def events(snapshot: DeskSnapshot, rows: int) -> RenderableType:
    """Show the latest events of the system."""
    table = Table.grid(expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for view in snapshot.events[:rows]:
        line = Text(f"{clock(view.time_ns)} ", style="dim")
        line.append(f"[{MARKS[view.severity]}] ", style=STYLES[view.severity])
        line.append(view.text, style="not dim")
        table.add_row(line)
    return table
