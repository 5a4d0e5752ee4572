"""Whether the clock of a file is right: rows outside of trading hours, whole files shifted."""

from collections.abc import Iterator

import numpy as np

from microfutures.adapters.store.findings import Finding, FindingKind
from microfutures.adapters.store.hours import expected_hours, is_fund, trading_hours
from microfutures.adapters.store.moments import Moments
from microfutures.adapters.store.numbers import Floats
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

HOUR_NS = 3600 * NANOSECONDS_PER_SECOND
SHIFTS_HOURS = tuple(range(-12, 13))
# How much more must lie in hours before a shift is worth a word: of a fund's volume, which is
# nearly all in regular hours; of a future's rows, which miss one hour in 24.
FUND_GAIN, FUTURE_GAIN = 0.1, 0.01
ENOUGH_ROWS = 100


def outside_hours(product: str, moments: Moments) -> Iterator[Finding]:
    """Yield how many rows lie where nothing trades."""
    hours = trading_hours(product, int(moments[0]), int(moments[-1]))
    outside = ~hours.hold(moments)
    if outside.any():
        count, at = np.count_nonzero(outside), int(moments[np.argmax(outside)])
        yield Finding(FindingKind.HOURS, at, f"{count} rows outside of trading hours")


def shifted_clock(product: str, moments: Moments, volume: Floats | None) -> Iterator[Finding]:
    """Yield the shift under which the rows would lie in hours, if they don't as they are."""
    if len(moments) < ENOUGH_ROWS:
        return
    day_ns = 24 * HOUR_NS
    hours = expected_hours(product, int(moments[0]) - day_ns, int(moments[-1]) + day_ns)
    weights = np.ones(len(moments))
    fund = is_fund(product)
    if fund and volume is not None and np.nansum(volume) > 0:
        weights = np.nan_to_num(volume)
    total = weights.sum()
    shares = {
        shift: float(weights[hours.hold(moments + shift * HOUR_NS)].sum() / total)
        for shift in SHIFTS_HOURS
    }
    best = max(shares, key=lambda shift: (round(shares[shift], 6), -abs(shift)))
    if shares[best] - shares[0] > (FUND_GAIN if fund else FUTURE_GAIN):
        yield Finding(
            FindingKind.CLOCK,
            int(moments[0]),
            f"{best:+d} h would bring {shares[best]:.1%} into hours, as they are {shares[0]:.1%}: "
            "import again with the right --time-zone",
        )
