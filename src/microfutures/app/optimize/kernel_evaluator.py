"""Sets of parameters by the compiled kernel: a pair on the closes of bars, on several threads."""

from collections.abc import Sequence
from functools import cached_property

from microfutures.app.engine_making import traded_symbols
from microfutures.app.optimize.study_terms import StudyTape, StudyTerms
from microfutures.config.strategy_parameters import PairParameters
from microfutures.research.evaluator import SetResult, Stretch
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_kernel import PairSweep, refusals_by_name, sweep_pairs
from microfutures.research.pair_series import PairSeries

SETS_A_TASK = 256


class KernelEvaluator:
    """Runs many sets over the same arrays."""

    sets_a_task = SETS_A_TASK
    is_threaded = True

    def __init__(self, *, terms: StudyTerms, tape: StudyTape) -> None:
        self._terms = terms
        self._tape = tape
        self._desk = PairDesk.of_settings(
            terms.settings, terms.strategy, cash=terms.cash, latency_seconds=terms.latency_seconds
        )

    @property
    def identity(self) -> str:
        """Return the fingerprint of tape, settings and engine."""
        return self._terms.identity("kernel", self._tape)

    def __getstate__(self) -> dict[str, object]:
        """Leave the arrays behind: every process makes its own."""
        state = self.__dict__.copy()
        state.pop("series", None)
        return state

    @cached_property
    def series(self) -> PairSeries:
        """Return the tape as arrays.

        Raises
        ------
        ConfigurationError
            If the kernel can't play it, or it is another tape than the study's.
        """
        return PairSeries.of_market(
            self._tape.market,
            *traded_symbols(self._terms.settings),
            spread_ticks=self._tape.request.spread_ticks,
        )

    def evaluate(
        self, sets: Sequence[PairParameters], stretch: Stretch, threads: int
    ) -> list[SetResult]:
        """Return the result of each set; equal looks at the market are shared."""
        names, days = list(dict.fromkeys(self.series.days)), self._tape.days.days
        first, last = (str(days[each].day) for each in (stretch.first, stretch.end - 1))
        swept = sweep_pairs(
            self.series,
            sets,
            self._desk,
            first_day=names.index(first),
            after_day=names.index(last) + 1,
            threads=threads,
        )
        return [self._result(swept, place, stretch) for place in range(len(sets))]

    def _result(self, swept: PairSweep, place: int, stretch: Stretch) -> SetResult:
        known = dict(zip(swept.days, swept.daily[place].tolist(), strict=True))
        days = self._tape.days.days[stretch.first : stretch.end]
        trades, won = int(swept.trips[place]), int(swept.won[place])
        return SetResult(
            capital=self._desk.initial_capital,
            profits=tuple(known.get(str(each.day), 0.0) for each in days),
            trades=trades,
            wins=won,
            losses=trades - won,
            gross=float(swept.gross[place]),
            costs=float(swept.commissions[place]),
            doubts=int(swept.doubts[place].sum()),
            refused=refusals_by_name(swept.refused[place]),
        )
