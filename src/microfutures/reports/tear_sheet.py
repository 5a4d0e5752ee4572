"""The tear sheet: one HTML file that needs no network and no other file."""

from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from microfutures import __version__
from microfutures.analytics.trades import Trade
from microfutures.reports import charts, tables, words
from microfutures.reports.findings import Findings, find
from microfutures.reports.tear_sheet_input import TearSheetInput

SUFFIX = ".part"


def write_tear_sheet(path: Path, sheet: TearSheetInput) -> None:
    """Write the page to `path`, whole or not at all.

    Raises
    ------
    OSError
        If the folder can't be written.
    """
    part = path.with_name(path.name + SUFFIX)
    part.write_text(tear_sheet_html(sheet), encoding="utf-8")
    part.replace(path)


def tear_sheet_html(sheet: TearSheetInput) -> str:
    """Return the page; the same run gives the same text."""
    found = find(sheet)
    subtitle = " · ".join(part for part in (sheet.subtitle, tables.days_line(found.days)) if part)
    return Template(_asset("page.html")).substitute(
        title=escape(sheet.title),
        subtitle=escape(subtitle),
        style=_asset("page.css"),
        script=_asset("page.js"),
        tiles=tables.tiles(found),
        notes=_notes(sheet.notes),
        sections="\n".join(_sections(sheet, found)),
        facts=tables.facts(sheet),
        version=__version__,
    )


def _sections(sheet: TearSheetInput, found: Findings) -> list[str]:
    parts = [_card("Equity and drawdown", _figure(charts.equity_chart(sheet)))]
    listed = list(sheet.trades)
    if sheet.pair is not None and len(sheet.pair.times_ns) > 1:
        picture, marked = charts.pair_chart(sheet.pair, listed)
        of = f"the last {marked:,} of {len(listed):,} trades, UTC" if listed else "UTC"
        parts.append(_card("Spread and z-score", _figure(picture), of))
    parts.append(_card("Months", tables.monthly(found), "USD"))
    parts.append(_halves(_half_cards(sheet, found, listed)))
    if listed:
        by_group = tables.groups("strategy", found.by_strategy) + tables.groups(
            "instrument", found.by_instrument
        )
        parts.append(_card("By strategy and instrument", by_group, "USD, net of costs"))
    if found.falls:
        parts.append(_card("Deepest drawdowns", tables.falls(sheet, found)))
    if listed:
        shown = min(len(listed), tables.MOST_TRADES)
        of = f"the last {shown:,} of {len(listed):,}" if shown < len(listed) else f"{shown:,}"
        parts.append(_card("Trades", tables.trades(listed), of))
    return parts


def _half_cards(sheet: TearSheetInput, found: Findings, listed: list[Trade]) -> list[str]:
    """Return the small cards, two in a row."""
    pictures = []
    if listed:
        pictures.append(("Results of trades", charts.trade_distribution(listed)))
        pictures.append(("How far they went wrong", charts.excursion_chart(listed)))
    pictures.append(("Daily returns", charts.daily_chart(found)))
    if listed:
        pictures.append(("By hour", charts.hour_chart(found)))
    cards = [_card(title, _figure(picture)) for title, picture in pictures if picture]
    if listed or sheet.costs:
        cards.append(_costs(sheet, found))
    if sheet.sensitivity is not None:
        grid = sheet.sensitivity
        small = f"{escape(grid.metric)}; framed: this run" if grid.chosen else escape(grid.metric)
        cards.append(_card("Parameter sensitivity", tables.sensitivity(grid), small))
    return cards


def _costs(sheet: TearSheetInput, found: Findings) -> str:
    costs = dict(sheet.costs) or {"commissions": found.trades.costs}
    net = found.trades.net
    gross = net + sum(costs.values())
    share = f"{words.percent(sum(costs.values()) / gross)} of gross" if gross > 0 else "USD"
    return _card("Costs", _figure(charts.cost_chart(gross, costs, net)), share)


def _card(title: str, body: str, small: str = "") -> str:
    said = f"<small>{small}</small>" if small else ""
    return f'<section class="card"><h2>{title}{said}</h2>{body}</section>'


def _halves(cards: Sequence[str]) -> str:
    return f'<div class="halves">{"".join(cards)}</div>'


def _figure(svg: str) -> str:
    return f"<figure>{svg}</figure>"


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return f"<ul class=notes>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
