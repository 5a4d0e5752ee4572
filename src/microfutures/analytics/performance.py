"""What an equity curve was worth: return, risk and their ratios.

Formulas are the ones of W. F. Sharpe (1994), F. A. Sortino (1994) and T. W. Young (1991), with
252 trading days a year; `docs/statistics.md` writes them out and says where other programs
differ. A number that doesn't exist (a ratio to no risk at all, a return after ruin) is None: never
NaN, never infinite.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import isfinite, log, sqrt
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError

Floats = NDArray[np.float64]

TRADING_DAYS = 252
LARGEST_LOG = 700.0
NANOSECONDS = 1_000_000_000
SESSION_ZONE = "America/New_York"
# 18:00 New York begins the next trading day of futures.
SESSION_SHIFT = timedelta(hours=6)


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one curve; returns and drawdowns as shares of 1."""

    days: int
    start_equity: float
    end_equity: float
    total_return: float | None
    annual_return: float | None
    annual_volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    best_day: float | None
    worst_day: float | None
    positive_days: float | None
    """Share of the days on which the equity moved."""
    skewness: float | None
    excess_kurtosis: float | None
    value_at_risk: float | None
    """Return that one day in twenty is worse than."""


def daily_closes(times_ns: Sequence[int], equity: Sequence[float]) -> tuple[list[date], Floats]:
    """Return the trading days (they begin at 18:00 New York) and the last equity of each.

    Raises
    ------
    InvalidValueError
        If the times go back, lengths differ, or an equity isn't finite.
    """
    if len(times_ns) != len(equity):
        raise InvalidValueError(f"{len(times_ns)} times and {len(equity)} equities")
    zone = ZoneInfo(SESSION_ZONE)
    days: list[date] = []
    closes: list[float] = []
    before = None
    for time_ns, value in zip(times_ns, equity, strict=True):
        if not isfinite(value) or (before is not None and time_ns < before):
            raise InvalidValueError(
                f"equity {value} at {time_ns}: not finite, or the time goes back"
            )
        before = time_ns
        day = (datetime.fromtimestamp(time_ns // NANOSECONDS, tz=zone) + SESSION_SHIFT).date()
        if days and days[-1] == day:
            closes[-1] = float(value)
        else:
            days.append(day)
            closes.append(float(value))
    return days, np.array(closes, dtype=np.float64)


def simple_returns(values: Floats) -> Floats | None:
    """Return ``v[t] / v[t-1] - 1``; None where a base isn't above zero: there is no return then."""
    if len(values) < 2 or (values[:-1] <= 0).any():
        return None
    returns: Floats = values[1:] / values[:-1] - 1
    return returns


def measure(closes: Floats) -> Performance:
    """Return the numbers of a curve of daily equity, its first value being the capital."""
    if len(closes) == 0:
        raise InvalidValueError("a performance needs at least one value of equity")
    returns = simple_returns(closes)
    known = returns is not None
    daily = np.empty(0) if returns is None else returns
    deepest = max_drawdown(closes)
    annual = annual_return(daily)
    return Performance(
        days=len(closes) - 1,
        start_equity=float(closes[0]),
        end_equity=float(closes[-1]),
        total_return=float(closes[-1] / closes[0] - 1) if known else None,
        annual_return=annual,
        annual_volatility=annual_volatility(daily),
        sharpe=sharpe(daily),
        sortino=sortino(daily),
        calmar=annual / -deepest if annual is not None and deepest else None,
        max_drawdown=deepest,
        best_day=float(daily.max()) if known else None,
        worst_day=float(daily.min()) if known else None,
        positive_days=positive_share(daily),
        skewness=skewness(daily),
        excess_kurtosis=excess_kurtosis(daily),
        value_at_risk=float(np.quantile(daily, 0.05)) if known else None,
    )


def annual_return(daily: Floats) -> float | None:
    """Return ``(product of 1 + r) ^ (252 / n) - 1``.

    None without days, after ruin, and where a few wild days make a year that no float can hold.
    """
    grown = float(np.prod(1 + daily))
    if len(daily) == 0 or grown <= 0:
        return None
    years = len(daily) / TRADING_DAYS
    return grown ** (1 / years) - 1 if log(grown) / years < LARGEST_LOG else None


def annual_volatility(daily: Floats) -> float | None:
    """Return ``s * sqrt(252)``, s being the sample deviation (divisor n - 1)."""
    return float(daily.std(ddof=1)) * sqrt(TRADING_DAYS) if len(daily) > 1 else None


def sharpe(daily: Floats) -> float | None:
    """Return ``mean / s * sqrt(252)``; the riskless rate is taken as none."""
    deviation = deviation_of(daily)
    return float(daily.mean()) / deviation * sqrt(TRADING_DAYS) if deviation else None


def sortino(daily: Floats) -> float | None:
    """Return ``mean / d * sqrt(252)``, d being the root mean square of losses over all days."""
    if len(daily) < 2:
        return None
    downside = sqrt(float(np.mean(np.minimum(daily, 0) ** 2)))
    return float(daily.mean()) / downside * sqrt(TRADING_DAYS) if downside else None


def max_drawdown(values: Floats) -> float | None:
    """Return the deepest fall from a peak as a share of it, at most 0; None at a peak of 0."""
    peaks = np.maximum.accumulate(values)
    if (peaks <= 0).any():
        return None
    return float(np.min(values / peaks - 1))


def positive_share(daily: Floats) -> float | None:
    """Return the share of gains among the days that moved."""
    moved = int(np.count_nonzero(daily))
    return int(np.count_nonzero(daily > 0)) / moved if moved else None


def skewness(daily: Floats) -> float | None:
    """Return the adjusted Fisher-Pearson skewness (as pandas and Excel have it)."""
    count, deviation = len(daily), deviation_of(daily)
    if count < 3 or not deviation:
        return None
    cubes = float(np.sum(((daily - daily.mean()) / deviation) ** 3))
    return count / ((count - 1) * (count - 2)) * cubes


def excess_kurtosis(daily: Floats) -> float | None:
    """Return the unbiased excess kurtosis (as pandas and Excel have it); normal is 0."""
    count, deviation = len(daily), deviation_of(daily)
    if count < 4 or not deviation:
        return None
    fourths = float(np.sum(((daily - daily.mean()) / deviation) ** 4))
    scale = count * (count + 1) / ((count - 1) * (count - 2) * (count - 3))
    return scale * fourths - 3 * (count - 1) ** 2 / ((count - 2) * (count - 3))


def deviation_of(daily: Floats) -> float:
    """Return the sample deviation; 0 for constant returns, whatever rounding says."""
    if len(daily) < 2 or float(np.ptp(daily)) <= 1e-15 * float(np.abs(daily).max() + 1):
        return 0.0
    return float(daily.std(ddof=1))
