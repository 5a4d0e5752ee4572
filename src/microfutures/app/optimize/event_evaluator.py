"""Sets of parameters by the event-driven backtest: slow, and for anything it can play."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from microfutures.app.engine_making import build_engine, traded_symbols, warm_up_span
from microfutures.app.optimize.study_terms import StudyTape, StudyTerms
from microfutures.backtest.driver import Backtest, BacktestOptions, Watch
from microfutures.backtest.record import BacktestResult
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.identifiers import Symbol
from microfutures.research.evaluator import SetResult, Stretch

EQUITY_SECONDS = 600.0
"""The day's last equity is at most so old; positions end before the liquid hours do."""


class EventEvaluator:
    """Runs the live engine and the venue once a set."""

    sets_a_task = 1
    is_threaded = False

    def __init__(self, *, terms: StudyTerms, tape: StudyTape) -> None:
        self._terms = terms
        self._tape = tape

    @property
    def identity(self) -> str:
        """Return the fingerprint of tape, settings and engine."""
        return self._terms.identity("events", self._tape)

    def evaluate(
        self, sets: Sequence[PairParameters], stretch: Stretch, threads: int
    ) -> list[SetResult]:
        """Return the result of each set, one after the other."""
        return [self._result(each, stretch) for each in sets]

    def replay(
        self, parameters: PairParameters, stretch: Stretch, watch: Watch = lambda _time: True
    ) -> BacktestResult:
        """Return all that one set's run leaves behind, as far as `watch` lets it go."""
        market = self._tape.market.cut(*self._tape.days.span_ns(stretch))
        settings = self._terms.settings_of(parameters)
        options = BacktestOptions(
            symbols=tuple(Symbol(each) for each in traded_symbols(settings)),
            warm_up=warm_up_span(settings),
            cash=Decimal(str(self._terms.cash)),
            latency_seconds=self._terms.latency_seconds,
            flatten_seconds=settings.trading.flatten_timeout,
            equity_seconds=EQUITY_SECONDS,
        )
        engine = build_engine(settings, "study")
        return Backtest(engine=engine, market=market, options=options).run(watch)

    def _result(self, parameters: PairParameters, stretch: Stretch) -> SetResult:
        run = self.replay(parameters, stretch)
        trips = run.round_trips
        return SetResult(
            capital=float(run.initial_capital),
            profits=self._profits(run, stretch),
            trades=len(trips),
            wins=sum(each.net > 0 for each in trips),
            losses=sum(each.net < 0 for each in trips),
            gross=float(run.realized + run.unrealized),
            costs=float(run.commissions),
            refused={rule: count for rule, count, _ in run.refusals},
        )

    def _profits(self, run: BacktestResult, stretch: Stretch) -> tuple[float, ...]:
        """Return what each day of the stretch, and what lies before it, added to the equity."""
        ends = [each.end_ns for each in self._tape.days.days[stretch.first : stretch.end]]
        # The last orders of a tape come in after its end.
        ends[-1] = max(ends[-1], run.equity[-1][0] + 1)
        times = np.array([time_ns for time_ns, _ in run.equity], dtype=np.int64)
        equity = np.array([value for _, value in run.equity])
        last = np.searchsorted(times, np.array(ends, dtype=np.int64)) - 1
        closes = np.where(last >= 0, equity[last], float(run.initial_capital))
        steps = np.diff(np.concatenate(([float(run.initial_capital)], closes)))
        return tuple(steps.tolist())
