"""Whether a Sharpe ratio says anything: after its length, its tails and the trials it took.

Ratios here are of single days, not annual: ``annual / sqrt(252)``. Kurtosis is the plain one, 3 for
a normal distribution; moments are those of the sample (divisor n), as in the papers.
"""

from math import e, sqrt
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.analytics.performance import deviation_of
from microfutures.model.errors import InvalidValueError

Floats = NDArray[np.float64]

EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


class Deflated(msgspec.Struct, frozen=True):
    """A Sharpe ratio against the best that so many trials bring by luck alone."""

    sharpe: float
    """Of a day."""
    luck: float
    """The Sharpe ratio of a day to be expected of the best of so many trials without any edge."""
    trials: int
    probability: float
    """That the true ratio is above `luck`: the deflated Sharpe ratio."""


def daily_sharpe(daily: Floats) -> float:
    """Return ``mean / s`` of daily returns, s with divisor n - 1; 0 where nothing varies."""
    deviation = deviation_of(daily)
    return float(daily.mean()) / deviation if deviation else 0.0


def probabilistic_sharpe(
    sharpe: float, days: int, skewness: float, kurtosis: float, benchmark: float = 0.0
) -> float | None:
    """Return the probability that the true Sharpe ratio is above the benchmark.

    ``Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2))``: D. H. Bailey and
    M. Lopez de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk 15 (2012), eq. 11. None
    below two days and for moments that no sample has.
    """
    spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if days < 2 or spread <= 0:
        return None
    return _NORMAL.cdf((sharpe - benchmark) * sqrt(days - 1) / sqrt(spread))


def expected_best(variance: float, trials: int) -> float:
    """Return the Sharpe ratio to be expected of the best of `trials` without edge.

    ``sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)))``, g being the Euler-Mascheroni
    constant and V the variance of the ratios over the trials: D. H. Bailey and M. Lopez de Prado,
    The Deflated Sharpe Ratio, Journal of Portfolio Management 40 (2014), eq. 1. Of one trial it
    is 0.
    """
    if trials < 1 or variance < 0:
        raise InvalidValueError(f"{trials} trials whose ratios vary by {variance}")
    if trials == 1:
        return 0.0
    extremes = (1 - EULER_MASCHERONI) * _NORMAL.inv_cdf(1 - 1 / trials)
    extremes += EULER_MASCHERONI * _NORMAL.inv_cdf(1 - 1 / (trials * e))
    return sqrt(variance) * extremes


def deflated_sharpe(daily: Floats, trial_sharpes: Floats) -> Deflated | None:
    """Return what the Sharpe ratio of the chosen trial is worth among all that were tried.

    Parameters
    ----------
    daily
        Returns of the chosen trial.
    trial_sharpes
        `daily_sharpe` of every trial, the chosen one included.

    Returns
    -------
    Deflated or None
        None where the returns don't vary: then there is no ratio.
    """
    if not deviation_of(daily):
        return None
    trials = len(trial_sharpes)
    variance = float(np.var(trial_sharpes, ddof=1)) if trials > 1 else 0.0
    luck = expected_best(variance, trials)
    ratio = daily_sharpe(daily)
    skewness, kurtosis = _moments(daily)
    probability = probabilistic_sharpe(ratio, len(daily), skewness, kurtosis, luck)
    return None if probability is None else Deflated(ratio, luck, trials, probability)


def _moments(daily: Floats) -> tuple[float, float]:
    """Return skewness and kurtosis of the sample."""
    centred = daily - daily.mean()
    variance = float(np.mean(centred**2))
    return (
        float(np.mean(centred**3)) / variance**1.5,
        float(np.mean(centred**4)) / variance**2,
    )
