"""Whether two prices belong together: the tests that a pair stands or falls by.

Engle-Granger, Johansen and the unit-root tests come from statsmodels and arch (the extra
``research``): their critical values are tables and response surfaces that nobody should copy.
Half-life, Hurst exponent and hedge stability are a regression each and are done here.
"""

from math import ceil, inf, log

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError

Floats = NDArray[np.float64]

LEAST_ROWS = 40
HURST_LAGS = (2, 20)
SIGNIFICANT = 0.05
COLLINEAR = 100 * float(np.finfo(float).eps) ** 0.5
"""A residual of less than this share of the variance is rounding: one leg is the other."""


class Hedge(msgspec.Struct, frozen=True):
    """``y = intercept + ratio * x``, by least squares."""

    ratio: float
    intercept: float
    residual: Floats


class Johansen(msgspec.Struct, frozen=True):
    """Trace statistics of "at most 0" and "at most 1" common trends, with 95 % limits."""

    trace: tuple[float, float]
    limits: tuple[float, float]

    @property
    def rank(self) -> int:
        """Return how many cointegrating relations there are at 95 %."""
        if self.trace[0] <= self.limits[0]:
            return 0
        return 2 if self.trace[1] > self.limits[1] else 1


class PairDiagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a pair."""

    rows: int
    hedge_ratio: float
    correlation: float | None
    """Of the steps, not of the levels: those of two random walks mislead."""
    engle_granger_t: float
    engle_granger_p: float
    johansen: Johansen
    half_life: float | None
    """Rows after which half of a deviation is gone; None if it doesn't revert."""
    hurst: float | None
    """Below 0.5 reverts, 0.5 wanders, above trends."""
    hedge_drift: float | None
    """Deviation of the rolling hedge ratio as a share of the ratio itself."""
    cointegrated_share: float | None
    """Of the rolling windows that pass Engle-Granger at 5 %."""

    @property
    def is_cointegrated(self) -> bool:
        """Tell whether both tests say so at 5 %."""
        return self.engle_granger_p < SIGNIFICANT and self.johansen.rank == 1


def hedge(y: Floats, x: Floats) -> Hedge:
    """Return the least-squares line of `y` on `x`.

    Raises
    ------
    InvalidValueError
        If `x` doesn't move.
    """
    if float(np.ptp(x)) == 0:
        raise InvalidValueError("a leg that doesn't move hedges nothing")
    ratio = float(np.cov(x, y, ddof=1)[0, 1] / np.var(x, ddof=1))
    intercept = float(y.mean() - ratio * x.mean())
    return Hedge(ratio, intercept, y - intercept - ratio * x)


def half_life(spread: Floats) -> float | None:
    """Return ``-ln 2 / ln(1 + k)``, ``step = k * deviation before it``; None unless -1 < k < 0."""
    before, steps = spread[:-1], np.diff(spread)
    variance = float(np.var(before))
    if len(steps) < 2 or variance == 0:
        return None
    speed = float(np.cov(before, steps, ddof=0)[0, 1] / variance)
    return -log(2) / log(1 + speed) if -1 < speed < 0 else None


def hurst(values: Floats) -> float | None:
    """Return the slope of ln(deviation of the steps over a lag) on ln(lag), lags 2 to 20."""
    lags = np.arange(*HURST_LAGS)
    if len(values) < 2 * HURST_LAGS[1]:
        return None
    deviations = np.array([np.std(values[lag:] - values[:-lag]) for lag in lags])
    if (deviations == 0).any():
        return None
    return float(np.polyfit(np.log(lags), np.log(deviations), 1)[0])


def rolling_hedge(y: Floats, x: Floats, window: int) -> Floats:
    """Return the least-squares ratio over the last `window` rows; NaN before, and where x rests."""
    ratios = np.full(len(y), np.nan)
    if window < 2 or window > len(y):
        return ratios
    # Sums of deviations from the first value: cumulative sums of prices would lose their digits.
    shifted_x, shifted_y = x - x[0], y - y[0]
    sums = [
        _window_sums(values, window)
        for values in (shifted_x, shifted_y, shifted_x * shifted_y, shifted_x * shifted_x)
    ]
    sum_x, sum_y, sum_xy, sum_xx = sums
    variance = sum_xx - sum_x * sum_x / window
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (sum_xy - sum_x * sum_y / window) / variance
    ratios[window - 1 :] = np.where(variance > 0, found, np.nan)
    return ratios


def _window_sums(values: Floats, window: int) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(values)))
    found: Floats = sums[window:] - sums[:-window]
    return found


def engle_granger(y: Floats, x: Floats) -> tuple[float, float]:
    """Return the statistic and p-value of "not cointegrated", with a constant, lags by AIC.

    Those of statsmodels' `coint`, which fits every number of lags anew: hours for years of minutes.
    `arch` finds the lags of the same test in one decomposition.
    """
    from arch.unitroot import ADF
    from statsmodels.tsa.adfvalues import mackinnonp

    residual, rows = hedge(y, x).residual, len(y)
    if residual.var() <= COLLINEAR * y.var():
        return -inf, 0.0
    most_lags = min(rows // 2 - 1, ceil(12 * (rows / 100) ** 0.25))
    statistic = float(ADF(residual, trend="n", max_lags=most_lags, method="aic").stat)
    return statistic, float(mackinnonp(statistic, regression="c", N=2))


def johansen(y: Floats, x: Floats) -> Johansen:
    """Return the trace test with a constant and one lagged difference."""
    from statsmodels.tsa.vector_ar.vecm import coint_johansen

    found = coint_johansen(np.column_stack((y, x)), det_order=0, k_ar_diff=1)
    trace, limits = found.lr1, found.cvt[:, 1]
    return Johansen((float(trace[0]), float(trace[1])), (float(limits[0]), float(limits[1])))


def rolling_engle_granger(y: Floats, x: Floats, window: int, step: int) -> list[tuple[int, float]]:
    """Return last row and p-value of every window, `step` rows apart."""
    return [
        (end - 1, engle_granger(y[end - window : end], x[end - window : end])[1])
        for end in range(window, len(y) + 1, step)
    ]


def diagnose(y: Floats, x: Floats, window: int | None = None) -> PairDiagnosis:
    """Return one look at a pair of prices, rows of equal moments.

    `window` is that of the rolling numbers; a fifth of the rows unless given.

    Raises
    ------
    InvalidValueError
        If there are fewer than 40 rows, a price is missing, or a leg doesn't move.
    """
    if len(y) != len(x) or len(y) < LEAST_ROWS:
        raise InvalidValueError(f"a pair needs {LEAST_ROWS} common rows, had {len(y)} and {len(x)}")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise InvalidValueError("a pair needs a price of both legs in every row")
    line = hedge(y, x)
    length = max(LEAST_ROWS, len(y) // 5) if window is None else window
    ratios = rolling_hedge(y, x, length)
    known = ratios[np.isfinite(ratios)]
    statistic, p_value = engle_granger(y, x)
    windows = rolling_engle_granger(y, x, length, max(1, length // 2))
    passed = sum(p < SIGNIFICANT for _, p in windows)
    return PairDiagnosis(
        rows=len(y),
        hedge_ratio=line.ratio,
        correlation=_correlation(np.diff(y), np.diff(x)),
        engle_granger_t=statistic,
        engle_granger_p=p_value,
        johansen=johansen(y, x),
        half_life=half_life(line.residual),
        hurst=hurst(line.residual),
        hedge_drift=float(known.std() / abs(line.ratio)) if len(known) and line.ratio else None,
        cointegrated_share=passed / len(windows) if windows else None,
    )


def _correlation(first: Floats, second: Floats) -> float | None:
    if float(np.ptp(first)) == 0 or float(np.ptp(second)) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])
