"""The boxes that a page is made of."""

from collections.abc import Sequence


def card(title: str, body: str, small: str = "") -> str:
    """Return a box with a title, and with what it is measured in beside it."""
    said = f"<small>{small}</small>" if small else ""
    return f'<section class="card"><h2>{title}{said}</h2>{body}</section>'


def halves(cards: Sequence[str]) -> str:
    """Return small cards, two in a row."""
    return f'<div class="halves">{"".join(cards)}</div>'


def figure(svg: str) -> str:
    """Return a chart's place on the page."""
    return f"<figure>{svg}</figure>"
