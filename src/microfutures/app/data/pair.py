"""`microfutures data pair`: two series of the store on one clock, and what holds them together."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from microfutures.adapters.store.findings import shown
from microfutures.adapters.store.series import TIME, Kind
from microfutures.adapters.store.store import MarketStore
from microfutures.analytics.cointegration import PairDiagnosis, diagnose
from microfutures.app.data.views import named_series, parse_moment
from microfutures.model.errors import ConfigurationError, InvalidValueError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PRICE = {Kind.BARS: "close", Kind.PRICES: "price", Kind.QUOTE_BARS: "bid_close"}


def pair_lines(
    root: Path,
    first: str,
    second: str,
    span: tuple[str | None, str | None],
    *,
    window: int | None,
    in_logs: bool,
) -> Iterator[str]:
    """Yield the diagnosis of two series, at the moments that both have.

    Raises
    ------
    ConfigurationError
        If they share too few moments, or logarithms are asked for of prices not above zero.
    StoreError
        If there is no such series.
    """
    times, prices = _common(root, (first, second), span)
    if in_logs:
        if min(float(leg.min()) for leg in prices) <= 0:
            raise ConfigurationError("--logs: a price at or below zero has no logarithm")
        prices = [np.log(leg) for leg in prices]
    try:
        found = diagnose(prices[0], prices[1], window)
    except InvalidValueError as error:
        raise ConfigurationError(f"{first} and {second}: {error}") from error
    stretch = f"{shown(int(times[0]))} to {shown(int(times[-1]))}"
    yield f"{first} on {second}: {found.rows:,} common rows, {stretch}"
    yield from _told(found)


def _common(
    root: Path, names: tuple[str, str], span: tuple[str | None, str | None]
) -> tuple[Integers, list[Floats]]:
    store = MarketStore(root)
    start, end = parse_moment("--from", span[0]), parse_moment("--to", span[1])
    legs: list[tuple[Integers, Floats]] = []
    for name in names:
        series = named_series(root, name)
        column = PRICE.get(series.kind)
        if column is None:
            raise ConfigurationError(f"{series.kind} can't be paired; bars and prices can")
        table = store.read(series, start, end)
        prices = table[column].to_numpy()
        is_known = np.isfinite(prices)
        legs.append((table[TIME].cast(pa.int64()).to_numpy()[is_known], prices[is_known]))
    (ours, ours_at), (theirs, theirs_at) = legs
    shared, first, second = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    return shared, [ours_at[first], theirs_at[second]]


def _told(found: PairDiagnosis) -> Iterator[str]:
    johansen = found.johansen
    verdict = "cointegrated" if found.is_cointegrated else "not shown to be cointegrated"
    yield f"  verdict             {verdict} (Engle-Granger at 5 % and Johansen's rank 1)"
    yield f"  Engle-Granger       t {found.engle_granger_t:.2f}, p {found.engle_granger_p:.4f}"
    yield (
        f"  Johansen            rank {johansen.rank}: trace {johansen.trace[0]:.1f} and "
        f"{johansen.trace[1]:.1f}, limits {johansen.limits[0]:.1f} and {johansen.limits[1]:.1f}"
    )
    yield f"  hedge ratio         {found.hedge_ratio:.4f}"
    yield f"  its drift           {_share(found.hedge_drift)} of it, over rolling windows"
    yield f"  windows that pass   {_share(found.cointegrated_share)}"
    yield f"  half-life           {_number(found.half_life)} rows"
    yield f"  Hurst               {_number(found.hurst)} (below 0.5 reverts)"
    yield f"  steps correlate     {_number(found.correlation)}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
