"""All numbers of a tear sheet, computed once for the page and the terminal alike."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.analytics.drawdowns import Drawdown, drawdowns
from microfutures.analytics.performance import (
    Performance,
    daily_closes,
    max_drawdown,
    measure,
    simple_returns,
)
from microfutures.analytics.trades import (
    TradeStatistics,
    by,
    exposure,
    opening_hour,
    trade_statistics,
    turnover,
)
from microfutures.reports.tear_sheet_input import TearSheetInput

Floats = NDArray[np.float64]

LEAST_DAYS = 20
"""Of fewer days nothing is said about a year."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown; ``daily`` is empty when there are no returns."""

    performance: Performance
    days: Sequence[date]
    closes: Floats
    """The capital, then the last equity of each day."""
    daily: Floats
    falls: Sequence[Drawdown]
    """Of the whole curve, deepest first; empty where a peak isn't above 0."""
    deepest: float | None
    """The deepest fall of the whole curve, not of its daily closes alone."""
    trades: TradeStatistics
    by_strategy: Mapping[str, TradeStatistics]
    by_instrument: Mapping[str, TradeStatistics]
    by_hour: Mapping[int, TradeStatistics]
    exposure: float | None
    turnover: float | None
    monthly: Mapping[tuple[int, int], float]
    """Year and month to the equity's change, USD."""


def find(sheet: TearSheetInput) -> Findings:
    """Return all numbers of a run."""
    equity = np.array(sheet.equity, dtype=np.float64)
    days, ends = daily_closes(sheet.times_ns, sheet.equity)
    # The day that begins with the capital has a return of its own.
    closes = np.concatenate((equity[:1], ends))
    returns = simple_returns(closes)
    first, last = sheet.times_ns[0], sheet.times_ns[-1]
    hours = by(sheet.trades, opening_hour)
    performance = measure(closes)
    is_short = performance.days < LEAST_DAYS
    return Findings(
        performance=_without_years(performance) if is_short else performance,
        days=days,
        closes=closes,
        daily=np.empty(0) if returns is None else returns,
        falls=sorted(drawdowns(equity), key=lambda fall: fall.depth) if equity[0] > 0 else (),
        deepest=max_drawdown(equity),
        trades=trade_statistics(sheet.trades),
        by_strategy=by(sheet.trades, lambda trade: trade.strategy),
        by_instrument=by(sheet.trades, lambda trade: trade.instrument),
        by_hour={hour: hours[hour] for hour in sorted(hours)},
        exposure=exposure(sheet.trades, first, last) if last > first else None,
        turnover=None if is_short else turnover(sheet.trades, float(equity.mean()), len(days)),
        monthly=_monthly(days, closes),
    )


def _without_years(found: Performance) -> Performance:
    """Return the numbers without those that turn a few days into a year."""
    return msgspec.structs.replace(
        found, annual_return=None, annual_volatility=None, sharpe=None, sortino=None, calmar=None
    )


def _monthly(days: Sequence[date], closes: Floats) -> dict[tuple[int, int], float]:
    changes: dict[tuple[int, int], float] = {}
    for day, change in zip(days, np.diff(closes), strict=True):
        month = (day.year, day.month)
        changes[month] = changes.get(month, 0.0) + float(change)
    return changes
