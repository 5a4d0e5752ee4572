"""What a study adds to a tear sheet: what its choice is worth, and on what ground it stands."""

from collections.abc import Sequence
from html import escape

import numpy as np
from matplotlib.figure import Figure

from microfutures.reports import words
from microfutures.reports.cards import card, figure, halves
from microfutures.reports.drawing import ACCENT, DOWN, MUTED, SECOND, UP, draw
from microfutures.reports.tables import cells, sensitivity, table, tone
from microfutures.reports.tear_sheet_input import FoldView, Sensitivity, StudyView

WIDE, HALF = 11.0, 5.4
BINS = 24


def study_cards(study: StudyView, maps: Sequence[Sensitivity]) -> list[str]:
    """Return the cards of a study, the answers first."""
    parts = [card("What the choice is worth", _figures(study), escape(study.subject))]
    small = []
    has_ranks = len(study.logits) > 1
    if study.folds:
        picture = _folds_chart(study.folds, HALF if has_ranks else WIDE)
        small.append(card("Where chosen and where judged", figure(picture), "USD a day"))
    if has_ranks:
        small.append(card("The best of one half, on the other", figure(_ranks_chart(study.logits))))
    if small:
        parts.append(halves(small))
    if study.folds:
        parts.append(card("Folds", _folds_table(study.folds), "USD, net of costs"))
    if maps:
        parts.append(sensitivity_cards(maps))
    return parts


def sensitivity_cards(maps: Sequence[Sensitivity]) -> str:
    """Return the maps of parameters, two in a row."""
    shown = []
    for grid in maps:
        framed = "; framed: this run" if grid.chosen else ""
        shown.append(
            card("Parameter sensitivity", sensitivity(grid), f"{escape(grid.metric)}{framed}")
        )
    return halves(shown)


def _figures(study: StudyView) -> str:
    shown = "".join(
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(number)}</b>'
        f"<small>{escape(meaning)}</small></div>"
        for name, number, meaning in study.figures
    )
    return f'<div class="tiles">{shown}</div>'


def _folds_chart(folds: Sequence[FoldView], width: float) -> str:
    def paint(picture: Figure) -> None:
        axes = picture.subplots()
        places = np.arange(len(folds))
        for shift, colour, label, values in (
            (-0.2, SECOND, "where chosen", [fold.in_sample for fold in folds]),
            (0.2, ACCENT, "where judged", [fold.out_of_sample for fold in folds]),
        ):
            heights = [0.0 if value is None else value for value in values]
            axes.bar(places + shift, heights, 0.38, color=colour, alpha=0.8, label=label)
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xticks(places, [str(place + 1) for place in places])
        axes.set_xlabel("fold")
        axes.set_ylabel("net, USD a day")
        axes.legend(loc="upper right")

    return draw("folds", (width, 3.0), paint)


def _ranks_chart(logits: Sequence[float]) -> str:
    values = np.array(logits, dtype=np.float64)
    reach = max(float(np.abs(values).max()), 1e-9)

    def paint(picture: Figure) -> None:
        axes = picture.subplots()
        edges = np.linspace(-reach, reach, BINS + 1)
        for chosen, colour in ((values > 0, UP), (values <= 0, DOWN)):
            axes.hist(values[chosen], edges.tolist(), color=colour, alpha=0.75, linewidth=0)
        axes.set_xlabel("logit of its rank there (left of 0: below the middle)")
        axes.set_ylabel("ways to halve the days")

    return draw("ranks", (HALF, 3.0), paint)


def _folds_table(folds: Sequence[FoldView]) -> str:
    rows = []
    for place, fold in enumerate(folds, 1):
        texts = (
            escape(fold.train),
            escape(fold.test),
            escape(fold.chosen),
            words.money(fold.in_sample, sign=True),
            words.money(fold.out_of_sample, sign=True),
            f"{fold.trades:,}",
        )
        rows.append(
            f"<tr><th>{place}</th>{cells(texts)}"
            f'<td class="{tone(fold.net)}">{words.money(fold.net, sign=True)}</td></tr>'
        )
    titles = ("fold", "chosen on", "judged on", "chosen", "a day there", "a day here", "trades")
    return table("folds", "".join(f"<th>{title}</th>" for title in (*titles, "net")), rows)
