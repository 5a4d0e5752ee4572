"""The tear sheet: one HTML file that needs no network and no other file."""

from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from microfutures import __version__
from microfutures.analytics.trades import Trade
from microfutures.reports import charts, tables, words
from microfutures.reports.cards import card, figure, halves
from microfutures.reports.findings import Findings, find
from microfutures.reports.study_section import sensitivity_cards, study_cards
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
    parts = [card("Equity and drawdown", figure(charts.equity_chart(sheet)))]
    listed = list(sheet.trades)
    if sheet.study is not None:
        parts += study_cards(sheet.study, sheet.sensitivities)
    if sheet.pair is not None and len(sheet.pair.times_ns) > 1:
        picture, marked = charts.pair_chart(sheet.pair, listed)
        of = f"the last {marked:,} of {len(listed):,} trades, UTC" if listed else "UTC"
        parts.append(card("Spread and z-score", figure(picture), of))
    parts.append(card("Months", tables.monthly(found), "USD"))
    parts.append(halves(_half_cards(sheet, found, listed)))
    if sheet.study is None and sheet.sensitivities:
        parts.append(sensitivity_cards(sheet.sensitivities))
    if listed:
        by_group = tables.groups("strategy", found.by_strategy) + tables.groups(
            "instrument", found.by_instrument
        )
        parts.append(card("By strategy and instrument", by_group, "USD, net of costs"))
    if found.falls:
        parts.append(card("Deepest drawdowns", tables.falls(sheet, found)))
    if listed:
        shown = min(len(listed), tables.MOST_TRADES)
        of = f"the last {shown:,} of {len(listed):,}" if shown < len(listed) else f"{shown:,}"
        parts.append(card("Trades", tables.trades(listed), of))
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
    cards = [card(title, figure(picture)) for title, picture in pictures if picture]
    if listed or sheet.costs:
        cards.append(_costs(sheet, found))
    return cards


def _costs(sheet: TearSheetInput, found: Findings) -> str:
    costs = dict(sheet.costs) or {"commissions": found.trades.costs}
    net = found.trades.net
    gross = net + sum(costs.values())
    share = f"{words.percent(sum(costs.values()) / gross)} of gross" if gross > 0 else "USD"
    return card("Costs", figure(charts.cost_chart(gross, costs, net)), share)


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return f"<ul class=notes>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
