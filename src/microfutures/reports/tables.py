"""The tables of a tear sheet as HTML; every text that comes from outside is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape

from microfutures.analytics.trades import Trade, TradeStatistics
from microfutures.reports import words
from microfutures.reports.findings import Findings
from microfutures.reports.tear_sheet_input import Sensitivity, TearSheetInput

MOST_TRADES = 1_000
MOST_FALLS = 5
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STRONGEST = 55
"""Percent of colour in the strongest cell of a map."""


def tiles(found: Findings) -> str:
    """Return the numbers that a reader looks for first."""
    value, trades = found.performance, found.trades
    net = value.end_equity - value.start_equity
    fallen = max((fall.money for fall in found.falls), default=0.0)
    a_year = "too few days to tell of a year"
    if value.annual_return is not None:
        a_year = f"{words.percent(value.annual_return, sign=True)} a year"
    shown: list[tuple[str, str, str, float | None]] = [
        ("Net profit", words.money(net, sign=True), "USD, after costs", net),
        ("Return", words.percent(value.total_return, sign=True),
         a_year, value.total_return),
        ("Sharpe", words.ratio(value.sharpe),
         f"Sortino {words.ratio(value.sortino)}, Calmar {words.ratio(value.calmar)}", None),
        ("Max drawdown", words.percent(found.deepest),
         f"{words.money(-fallen)} USD; of daily closes {words.percent(value.max_drawdown)}", None),
        ("Trades", f"{trades.count:,}",
         f"{words.span(trades.average_seconds)} on average" if trades.count else "none", None),
        ("Hit rate", words.percent(trades.hit_rate),
         f"payoff {words.ratio(trades.payoff_ratio)}", None),
        ("Expectancy", words.money(trades.expectancy, sign=True),
         f"USD a trade; profit factor {words.ratio(trades.profit_factor)}", trades.expectancy),
        ("Exposure", words.percent(found.exposure),
         "of the time" if found.turnover is None
         else f"turnover {words.ratio(found.turnover)} × a year", None),
    ]  # fmt: skip
    return "".join(
        f'<div class="tile"><span>{name}</span><b class="{tone(signed)}">{big}</b>'
        f"<small>{small}</small></div>"
        for name, big, small, signed in shown
    )


def facts(sheet: TearSheetInput) -> str:
    """Return what names the run."""
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>"
        for name, text in sheet.facts.items()
    )
    return f"<dl class=facts>{rows}</dl>" if rows else ""


def monthly(found: Findings) -> str:
    """Return profit by month and year, USD, the stronger the deeper the colour."""
    changes = found.monthly
    strongest = max((abs(change) for change in changes.values()), default=0.0)
    head = "".join(f"<th>{month}</th>" for month in MONTHS)
    rows = []
    for year in sorted({year for year, _ in changes}):
        shown = [_cell(changes.get((year, month)), strongest) for month in range(1, 13)]
        total = sum(change for (of, _), change in changes.items() if of == year)
        rows.append(
            f"<tr><th>{year}</th>{''.join(shown)}"
            f'<td class="sum {tone(total)}">{words.money(total, sign=True)}</td></tr>'
        )
    return table("monthly", f"<th></th>{head}<th>Year</th>", rows)


def sensitivity(grid: Sensitivity) -> str:
    """Return the map of a number over two parameters; the run's own set is framed."""
    known = [value for row in grid.values for value in row if value is not None]
    strongest = max((abs(value) for value in known), default=0.0)
    head = "".join(f"<th>{value:g}</th>" for value in grid.column_values)
    rows = []
    for at, (value, row) in enumerate(zip(grid.row_values, grid.values, strict=True)):
        shown = [
            _cell(number, strongest, words.ratio(number), framed=grid.chosen == (at, place))
            for place, number in enumerate(row)
        ]
        title = "" if value is None else f"{value:g}"
        rows.append(f"<tr><th>{title}</th>{''.join(shown)}</tr>")
    corner = f"{escape(grid.column_name)} →"
    if grid.row_name:
        corner = f"{escape(grid.row_name)} ↓ &nbsp; {corner}"
    return table("heat", f"<th class=corner>{corner}</th>{head}", rows)


def groups(name: str, found: Mapping[str, TradeStatistics]) -> str:
    """Return one line of numbers a group."""
    rows = []
    for key, each in found.items():
        texts = (
            f"{each.count:,}",
            words.percent(each.hit_rate),
            words.money(each.expectancy, sign=True),
            words.ratio(each.profit_factor),
            words.money(each.average_worst),
            words.money(each.average_best),
            words.money(each.costs),
        )
        rows.append(
            f"<tr><th>{escape(key)}</th>{cells(texts)}"
            f'<td class="{tone(each.net)}">{words.money(each.net, sign=True)}</td></tr>'
        )
    titles = (name, "trades", "hit rate", "expectancy", "profit factor", "MAE", "MFE", "costs")
    return table("groups", "".join(f"<th>{title}</th>" for title in (*titles, "net")), rows)


def falls(sheet: TearSheetInput, found: Findings) -> str:
    """Return the deepest drawdowns."""
    rows = []
    for fall in found.falls[:MOST_FALLS]:
        ended = "not yet" if fall.end is None else words.moment(sheet.times_ns[fall.end])
        last = sheet.times_ns[-1 if fall.end is None else fall.end]
        texts = (
            words.money(-fall.money),
            words.moment(sheet.times_ns[fall.start]),
            words.moment(sheet.times_ns[fall.bottom]),
            ended,
            words.span((last - sheet.times_ns[fall.start]) / 1e9),
        )
        rows.append(f"<tr><th>{words.percent(fall.depth)}</th>{cells(texts)}</tr>")
    titles = ("depth", "USD", "peak, UTC", "bottom", "regained", "lasted")
    return table("falls", "".join(f"<th>{title}</th>" for title in titles), rows)


def trades(listed: Sequence[Trade]) -> str:
    """Return the trades, latest first, as many as a page bears."""
    rows = []
    for trade in reversed(listed[-MOST_TRADES:]):
        texts = (
            words.moment(trade.closed_ns),
            words.span(trade.seconds),
            escape(trade.strategy),
            escape(trade.instrument),
            escape(trade.direction),
            f"{trade.units:,}",
            words.money(trade.gross, sign=True),
            words.money(trade.costs),
        )
        rows.append(
            f"<tr><td>{words.moment(trade.opened_ns)}</td>{cells(texts)}"
            f'<td class="{tone(trade.net)}">{words.money(trade.net, sign=True)}</td>'
            f"<td>{words.money(trade.worst)}</td><td>{words.money(trade.best)}</td>"
            f"<td class=text>{escape(trade.reason)}</td></tr>"
        )
    titles = (
        "opened, UTC", "closed", "held", "strategy", "instrument", "side", "units", "gross",
        "costs", "net", "MAE", "MFE", "closed because",
    )  # fmt: skip
    return table("trades", "".join(f"<th>{title}</th>" for title in titles), rows)


def days_line(days: Sequence[date]) -> str:
    """Return from when to when, and how many trading days."""
    if not days:
        return ""
    if len(days) == 1:
        return f"{days[0]}"
    return f"{days[0]} to {days[-1]}, {len(days):,} trading days"


def _cell(
    value: float | None, strongest: float, text: str | None = None, *, framed: bool = False
) -> str:
    frame = " class=chosen" if framed else ""
    if value is None:
        return f"<td{frame}></td>"
    strength = round(STRONGEST * abs(value) / strongest) if strongest else 0
    colour = "up" if value >= 0 else "down"
    shown = words.money(value, sign=True) if text is None else text
    mixed = f"color-mix(in srgb, var(--{colour}) {strength}%, transparent)"
    return f'<td{frame} style="background:{mixed}">{shown}</td>'


def cells(texts: Iterable[str]) -> str:
    """Return cells of a row."""
    return "".join(f"<td>{text}</td>" for text in texts)


def table(name: str, head: str, rows: Sequence[str]) -> str:
    """Return a table that scrolls when it is long."""
    return (
        f'<div class="scroll"><table class="{name}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def tone(value: float | None) -> str:
    """Return the class of a gain or a loss."""
    if value is None or value == 0:
        return ""
    return "up" if value > 0 else "down"
