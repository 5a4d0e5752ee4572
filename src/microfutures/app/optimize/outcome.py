"""What a study leaves behind: lines and a table in the terminal, files, a tear sheet."""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from microfutures.app.backtest.files import hole_notes, month_notes
from microfutures.app.backtest.progress import tape_progress
from microfutures.app.interruption import interruptible
from microfutures.app.optimize.event_evaluator import EventEvaluator
from microfutures.app.optimize.files import write_results
from microfutures.app.optimize.sheet import sheet_of_study
from microfutures.app.optimize.study_terms import StudyTape
from microfutures.app.optimize.words import study_lines, table_of
from microfutures.backtest.quoted_months import find_unquoted
from microfutures.backtest.record import BacktestResult
from microfutures.config.strategy_parameters import PairParameters
from microfutures.research.evaluator import Stretch
from microfutures.research.landscape import landscape_of
from microfutures.research.objective import objective_of
from microfutures.research.space import Space
from microfutures.research.study import Verdict

SHEET_NAME = "tear-sheet.html"
FILE_WIDTH = 120
"""Of the table where nobody's window is too narrow for it."""

Say = Callable[[str], None]


class Outcome:
    """A study that is done, or was interrupted."""

    def __init__(
        self, verdict: Verdict, *, space: Space, tape: StudyTape, objective: str, output: Path
    ) -> None:
        self._verdict = verdict
        self._tape = tape
        self._space = space
        self._objective = objective
        self._output = output
        self._notes = [*hole_notes(tape.market.holes()), *month_notes(find_unquoted(tape.market))]
        self._land = (
            None
            if verdict.best is None
            else landscape_of(space, verdict.tried, verdict.best[0], objective_of(objective))
        )

    def report(self, on_line: Say) -> None:
        """Say what came of it and write it down."""
        from rich.console import Console

        verdict, days, objective = self._verdict, self._tape.days, self._objective
        for note in self._notes:
            on_line(f"  tape         {note}")
        console = Console()
        if not console.is_terminal:
            console.width = FILE_WIDTH
        console.print(table_of(verdict, self._space, objective))
        for line in study_lines(verdict, self._land, days, objective):
            on_line(line)
        write_results(self._output, verdict, self._space, days, objective)
        on_line(f"  files        {self._output}")

    def draw(self, player: EventEvaluator, grid: Sequence[str], on_line: Say) -> bool:
        """Write the tear sheet where there is one to write; False if it was interrupted."""
        path, days = self._output / SHEET_NAME, self._tape.days
        if self._verdict.best is None:
            return True
        try:
            from microfutures.reports.tear_sheet import write_tear_sheet
        except ImportError:
            on_line("  tear sheet   needs matplotlib; install microfutures[reports]")
            return True
        facts = {"tape": self._tape.market.describe(), "grid": "  ".join(grid)}
        with interruptible() as is_interrupted:

            def replay(parameters: PairParameters, stretch: Stretch) -> BacktestResult:
                with tape_progress(*days.span_ns(stretch), "tear sheet") as show:
                    return player.replay(
                        parameters, stretch, lambda now_ns: not is_interrupted() and show(now_ns)
                    )

            sheet = sheet_of_study(
                self._verdict,
                self._land,
                days,
                objective=self._objective,
                facts=facts,
                replay=replay,
            )
        if sheet is None:
            on_line("  tear sheet   interrupted before it was drawn")
            return False
        write_tear_sheet(path, replace(sheet, notes=[*sheet.notes, *self._notes]))
        on_line(f"  tear sheet   {path}")
        return True
