"""The charts of a tear sheet; each returns an SVG element, or nothing where there is no data."""

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from numpy.typing import NDArray

from microfutures.analytics.trades import Trade
from microfutures.reports import words
from microfutures.reports.drawing import (
    ACCENT,
    DOWN,
    INK,
    LINE,
    MOST_TIPS,
    MUTED,
    SECOND,
    UP,
    Floats,
    Tips,
    as_dates,
    draw,
    thin,
    tick_by_row,
)
from microfutures.reports.findings import Findings
from microfutures.reports.tear_sheet_input import PairPath, TearSheetInput

WIDE, HALF = 11.0, 5.4
MOST_MARKED_TRADES = 60
"""More marks than these hide the lines they stand on."""
BINS = 40


def equity_chart(sheet: TearSheetInput) -> str:
    """Return equity over drawdown."""
    times = np.array(sheet.times_ns, dtype=np.int64)
    equity = np.array(sheet.equity, dtype=np.float64)
    below = equity - np.maximum.accumulate(equity)

    def paint(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        rows = thin(equity)
        dates = as_dates(times[rows])
        upper.plot(dates, equity[rows], color=ACCENT)
        upper.axhline(equity[0], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        upper.fill_between(dates, equity[rows], equity[0], color=ACCENT, alpha=0.1, linewidth=0)
        upper.set_ylabel("equity, USD")
        rows = thin(below)
        dates = as_dates(times[rows])
        lower.fill_between(dates, below[rows], 0, color=DOWN, alpha=0.25, linewidth=0)
        lower.plot(dates, below[rows], color=DOWN, linewidth=0.9)
        lower.set_ylabel("below peak")
        locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
        lower.xaxis.set_major_locator(locator)
        lower.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
        for axes in (upper, lower):
            axes.yaxis.set_major_formatter(FuncFormatter(_money_tick))
            axes.margins(x=0.01)

    rows = thin(equity, MOST_TIPS)
    tips = Tips(
        np.asarray(mdates.date2num(as_dates(times[rows])), dtype=np.float64),
        [
            f"{words.moment(int(times[row]))} · {words.money(float(equity[row]))} USD · "
            f"{words.money(float(below[row]))} below peak"
            for row in rows
        ],
    )
    return draw("equity", (WIDE, 4.6), paint, tips)


def pair_chart(pair: PairPath, trades: list[Trade]) -> tuple[str, int]:
    """Return spread over z-score with entries and exits marked, and how many trades are marked.

    Nights take no room. Of many trades the last are shown, and the market around them.
    """
    marked = trades[-MOST_MARKED_TRADES:]
    times = np.array(pair.times_ns, dtype=np.int64)
    first = 0
    if len(marked) < len(trades):
        first = max(0, int(np.searchsorted(times, marked[0].opened_ns)) - 20)
    times = times[first:]
    spread = np.array(pair.spread, dtype=np.float64)[first:]
    z = np.array(pair.z, dtype=np.float64)[first:]

    def paint(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True)
        for axes, values, label in ((upper, spread, pair.label), (lower, z, "z-score")):
            rows = thin(values)
            axes.plot(rows, values[rows], color=ACCENT if axes is upper else SECOND, linewidth=1)
            axes.set_ylabel(label)
            _mark(axes, times, values, marked)
        for level in (pair.z_entry, pair.z_exit):
            for side in {level, -level}:
                style = "solid" if level == pair.z_entry else (0, (4, 3))
                lower.axhline(side, color=MUTED, linewidth=0.8, linestyle=style)
        if marked:
            handles, labels = upper.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper right", ncols=4, labelcolor=INK)
        tick_by_row(lower, [words.moment(int(time_ns))[5:] for time_ns in times])

    return draw("pair", (WIDE, 4.8), paint, _pair_tips(times, spread, z)), len(marked)


def _pair_tips(times: NDArray[np.int64], spread: Floats, z: Floats) -> Tips:
    rows = thin(spread, MOST_TIPS)
    texts = [
        f"{words.moment(int(times[row]))} · {spread[row]:.5g} · z {_z_word(float(z[row]))}"
        for row in rows
    ]
    return Tips(rows.astype(np.float64), texts)


def _z_word(z: float) -> str:
    return words.NONE if np.isnan(z) else words.ratio(z)


def _mark(axes: Axes, times: np.ndarray, values: Floats, trades: list[Trade]) -> None:
    """Mark where trades began (filled, pointing their way) and ended (rings)."""
    for label, marker, colour, chosen in (
        ("long", "^", UP, [trade.opened_ns for trade in trades if trade.direction == "long"]),
        ("short", "v", DOWN, [trade.opened_ns for trade in trades if trade.direction != "long"]),
    ):
        rows = _rows_of(times, chosen)
        axes.plot(
            rows, values[rows], marker, color=colour, markersize=6, markeredgewidth=0,
            label=f"entry, {label}", zorder=3,
        )  # fmt: skip
    for label, colour, chosen in (
        ("won", UP, [trade.closed_ns for trade in trades if trade.net > 0]),
        ("lost", DOWN, [trade.closed_ns for trade in trades if trade.net <= 0]),
    ):
        rows = _rows_of(times, chosen)
        axes.plot(
            rows, values[rows], "o", markersize=5, markerfacecolor="none", markeredgecolor=colour,
            markeredgewidth=1.2, label=f"exit, {label}", zorder=3,
        )  # fmt: skip


def _rows_of(times: np.ndarray, moments: list[int]) -> np.ndarray:
    """Return the last row at or before each moment, those before the first row left out."""
    rows = np.searchsorted(times, np.array(moments, dtype=np.int64), side="right") - 1
    found: np.ndarray = rows[rows >= 0]
    return found


def trade_distribution(trades: list[Trade]) -> str:
    """Return how often trades came to what."""
    nets = np.array([trade.net for trade in trades])
    low, high = np.quantile(nets, (0.005, 0.995)) if len(nets) > 200 else (nets.min(), nets.max())
    reach = max(abs(float(low)), abs(float(high)), 1e-9)
    edges = np.linspace(-reach, reach, BINS + 1)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for chosen, colour in ((nets > 0, UP), (nets <= 0, DOWN)):
            inside = np.clip(nets[chosen], -reach, reach)
            axes.hist(inside, edges.tolist(), color=colour, alpha=0.75, linewidth=0)
        axes.axvline(float(nets.mean()), color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlabel("net of a trade, USD (dashed: the mean; tails are in the last bars)")
        axes.set_ylabel("trades")
        axes.xaxis.set_major_formatter(FuncFormatter(_money_tick))

    return draw("distribution", (HALF, 3.0), paint)


def excursion_chart(trades: list[Trade]) -> str:
    """Return how far each trade went against its holder, and what it came to; may be empty."""
    known = [trade for trade in trades if trade.worst is not None]
    if not known:
        return ""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for won, colour, label in ((True, UP, "won"), (False, DOWN, "lost")):
            chosen = [trade for trade in known[-2000:] if (trade.net > 0) == won]
            axes.plot(
                [-(trade.worst or 0.0) for trade in chosen],
                [trade.net for trade in chosen],
                "o", markersize=3.5, color=colour, alpha=0.6, markeredgewidth=0, label=label,
            )  # fmt: skip
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xlabel("worst open loss on the way, USD")
        axes.set_ylabel("net, USD")
        axes.legend(labelcolor=INK, loc="upper right")

    return draw("excursions", (HALF, 3.0), paint)


def daily_chart(found: Findings) -> str:
    """Return the distribution of daily returns; may be empty."""
    if len(found.daily) < 2:
        return ""
    reach = max(float(np.abs(found.daily).max()), 1e-9)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        bins = min(BINS, 2 * len(found.daily))
        edges = np.linspace(-reach, reach, bins + 1)
        signs = ((-1, DOWN), (1, UP), (0, MUTED))
        bars = [(found.daily[np.sign(found.daily) == sign], colour) for sign, colour in signs]
        days, colours = zip(*(each for each in bars if len(each[0])), strict=True)
        axes.hist(days, edges.tolist(), color=colours, stacked=True, alpha=0.75, linewidth=0)
        axes.axvline(float(found.daily.mean()), color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=1 if reach < 0.05 else 0))
        axes.set_xlabel("return of a day (dashed: the mean)")
        axes.set_ylabel("days")

    return draw("daily", (HALF, 3.0), paint)


def cost_chart(gross: float, costs: dict[str, float], net: float) -> str:
    """Return the way from gross to net as a fall of steps."""
    steps = [("gross", 0.0, gross)]
    level = gross
    for name, paid in costs.items():
        steps.append((name, level - paid, paid))
        level -= paid
    steps.append(("net", 0.0, net))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, (name, bottom, height) in enumerate(steps):
            is_end = name in ("gross", "net") and place in (0, len(steps) - 1)
            colour = (UP if height >= 0 else DOWN) if is_end else SECOND
            axes.bar(place, height, 0.6, bottom, color=colour, alpha=0.8, linewidth=0)
            shown = height if is_end else -height
            axes.annotate(
                words.money(shown, sign=not is_end), (place, max(bottom, bottom + height)),
                xytext=(0, 3), textcoords="offset points", ha="center", color=INK,
            )  # fmt: skip
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xticks(range(len(steps)), [name for name, _, _ in steps])
        axes.margins(y=0.15)
        axes.set_ylabel("USD")
        axes.yaxis.set_major_formatter(FuncFormatter(_money_tick))

    return draw("costs", (HALF, 3.0), paint)


def hour_chart(found: Findings) -> str:
    """Return what the trades opened in each hour came to."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        hours = list(found.by_hour)
        nets = [found.by_hour[hour].net for hour in hours]
        colours = [UP if net > 0 else DOWN for net in nets]
        axes.bar(hours, nets, 0.7, color=colours, alpha=0.8, linewidth=0)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xticks(hours, [f"{hour:02d}" for hour in hours])
        axes.set_xlabel("hour of opening, New York")
        axes.set_ylabel("net, USD")
        axes.yaxis.set_major_formatter(FuncFormatter(_money_tick))
        axes.tick_params(axis="x", colors=MUTED)
        axes.grid(visible=True, axis="y", color=LINE)

    return draw("hours", (HALF, 3.0), paint)


def _money_tick(value: float, place: int | None = None) -> str:
    text = f"{value:,.0f}" if abs(value) >= 10 or value == 0 else f"{value:.2g}"
    return text.replace("-", words.MINUS)
