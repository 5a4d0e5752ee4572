"""Charts as SVG by matplotlib, without a global figure, in the colours of the page.

Colours are drawn as stand-ins and written into the SVG as CSS variables, so that one picture is
right on a dark page and on a light one. The same input gives the same bytes.
"""

import io
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Moments = NDArray[np.int64]

# Stand-ins for the variables of page.css: no real colour, and no two alike.
INK, MUTED, LINE = "#010101", "#020202", "#030303"
ACCENT, SECOND, UP, DOWN = "#040404", "#050505", "#060606", "#070707"
_VARIABLES = {
    INK: "ink", MUTED: "muted", LINE: "line", ACCENT: "accent", SECOND: "second", UP: "up",
    DOWN: "down",
}  # fmt: skip

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "lines.solid_joinstyle": "round",
    "legend.frameon": False,
    "path.simplify": True,
}

MOST_TIPS = 700
MOST_POINTS = 1_600
"""A line needs no more: that is two a pixel."""


class Tips(msgspec.Struct, frozen=True):
    """What the pointer reads off a chart: places along the first axes, and a line of text each."""

    places: Floats
    """In the units of the axes, ascending."""
    texts: list[str]


def draw(
    name: str,
    size: tuple[float, float],
    paint: Callable[[Figure], None],
    tips: Tips | None = None,
) -> str:
    """Return what `paint` draws on a figure of `size` inches, as an SVG element for a page.

    With `tips`, data for the page's script follows it.
    """
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = _for_page(name, buffer.getvalue())
    return svg if tips is None else svg + _script_of(tips, figure.axes[0])


def thin(values: Floats, most: int = MOST_POINTS) -> NDArray[np.int64]:
    """Return the rows worth drawing: of each stretch the first, lowest and highest, and the last.

    Peaks and bottoms stay what they are.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    edges = np.linspace(0, count, most // 3 + 1).astype(np.int64)
    rows = {0, count - 1}
    for start, end in pairwise(edges):
        part = values[start:end]
        if np.isnan(part).all():
            continue
        rows |= {int(start), int(start + np.nanargmin(part)), int(start + np.nanargmax(part))}
    return np.array(sorted(rows), dtype=np.int64)


def as_dates(times_ns: Moments) -> NDArray[np.datetime64]:
    """Return moments as matplotlib takes them."""
    return times_ns.astype("datetime64[ns]")


def tick_by_row(axes: Axes, labels: list[str], most: int = 9) -> None:
    """Label an axis of rows, on which nights and weekends take no room."""
    count = len(labels)
    places = np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))
    axes.set_xticks(places, [labels[place] for place in places])
    axes.set_xlim(-0.01 * count, 1.01 * count)


def _script_of(tips: Tips, axes: Axes) -> str:
    """Return where each tip stands, as a share of the chart's width, and what it says."""
    box = axes.get_position()
    first, last = axes.get_xlim()
    shares = box.x0 + (tips.places - first) / (last - first) * box.width
    rows = [[round(float(at), 5), text] for at, text in zip(shares, tips.texts, strict=True)]
    # A "</script>" in a text would end the element early.
    data = msgspec.json.encode(rows).decode().replace("<", "\\u003c")
    return f'<script type="application/json" class="tips">{data}</script>'


def _for_page(name: str, svg: str) -> str:
    text = svg[svg.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    # Ids that figures share would make one chart borrow another's clip path.
    text = re.sub(r'id="(figure|axes|patch|line2d|text|matplotlib)', rf'id="{name}-\1', text)
    return text.replace("<svg ", f'<svg role="img" data-chart="{name}" ', 1).strip()
