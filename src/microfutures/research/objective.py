"""What a study looks for: one number of a result, the higher the better."""

from collections.abc import Callable

from microfutures.analytics.performance import measure
from microfutures.model.errors import ConfigurationError
from microfutures.research.evaluator import SetResult

Objective = Callable[[SetResult], float | None]
"""None where there is no number: such a set is never chosen."""


def _sharpe(result: SetResult) -> float | None:
    return measure(result.closes).sharpe


def _sortino(result: SetResult) -> float | None:
    return measure(result.closes).sortino


def _calmar(result: SetResult) -> float | None:
    return measure(result.closes).calmar


def _net(result: SetResult) -> float:
    return result.net


def _expectancy(result: SetResult) -> float | None:
    return result.net / result.trades if result.trades else None


OBJECTIVES: dict[str, Objective] = {
    "sharpe": _sharpe,
    "sortino": _sortino,
    "calmar": _calmar,
    "net": _net,
    "expectancy": _expectancy,
}


def objective_of(name: str) -> Objective:
    """Return the objective of this name.

    Raises
    ------
    ConfigurationError
        If there is none.
    """
    found = OBJECTIVES.get(name)
    if found is None:
        raise ConfigurationError(
            f"--objective must be one of {', '.join(OBJECTIVES)}, was {name!a}"
        )
    return found
