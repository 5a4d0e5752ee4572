"""Which backtest evaluates a study's sets."""

from collections.abc import Callable

from microfutures.app.optimize.event_evaluator import EventEvaluator
from microfutures.app.optimize.study_terms import StudyTape, StudyTerms
from microfutures.model.errors import ConfigurationError
from microfutures.research.evaluator import Evaluator

ENGINES = ("auto", "kernel", "events")


def chosen_evaluator(
    engine: str, terms: StudyTerms, tape: StudyTape, say: Callable[[str], None]
) -> Evaluator:
    """Return the evaluator of this name; ``auto`` takes the kernel where it can play the tape.

    Raises
    ------
    ConfigurationError
        If there is none of this name, or it can't play the tape.
    """
    if engine not in ENGINES:
        raise ConfigurationError(f"--engine must be one of {', '.join(ENGINES)}, was {engine!a}")
    if engine != "events":
        try:
            return _kernel(terms, tape)
        except ConfigurationError as error:
            if engine == "kernel":
                raise
            say(f"  engine       event-driven, for the kernel can't play this: {error}")
    return EventEvaluator(terms=terms, tape=tape)


def _kernel(terms: StudyTerms, tape: StudyTape) -> Evaluator:
    from microfutures.app.optimize.kernel_evaluator import KernelEvaluator

    found = KernelEvaluator(terms=terms, tape=tape)
    # What it can't play, it says when it looks at the tape; what it can't trade, at the first set.
    found.evaluate([terms.parameters], tape.days.whole, 1)
    return found
