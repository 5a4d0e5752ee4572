"""`microfutures data continuous` and `adjust`: series of our own making, stored beside the others.

A derived series is written anew each time: a new roll or split moves all that is before it.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from microfutures.adapters.store.errors import MomentError, StoreError
from microfutures.adapters.store.findings import shown
from microfutures.adapters.store.hours import is_fund
from microfutures.adapters.store.series import TIME, Kind, Series, product_of
from microfutures.adapters.store.store import MarketStore
from microfutures.adapters.store.tidy import to_table
from microfutures.analytics.continuous import Adjustment, Change, Leg, roll_days, splice
from microfutures.analytics.share_adjustment import Action, adjusted
from microfutures.app.data.views import named_series
from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError, InvalidValueError
from microfutures.model.expiry import month_code
from microfutures.model.timestamp import from_datetime, to_datetime

ROLL_PRICE = {Kind.BARS: "close", Kind.PRICES: "price"}


def continuous_lines(
    root: Path, name: str, *, adjust: str, roll_business_days: int, calendar: Path | None
) -> Iterator[str]:
    """Yield the rolls of the long series that is stored, like ``CL/prices_1d``.

    Raises
    ------
    ConfigurationError
        If the product has no months, a flag is wrong, or the months can't be joined.
    StoreError
        If the store has no contract of the product.
    """
    wanted = named_series(root, name)
    adjustment = _adjustment(adjust)
    if product_of(wanted.instrument) != wanted.instrument or is_fund(wanted.instrument):
        raise ConfigurationError(f"{wanted.instrument} is no product with contract months")
    if wanted.kind not in ROLL_PRICE:
        raise ConfigurationError(f"{wanted.kind} can't be joined; bars and prices can")
    store = MarketStore(root)
    legs = _legs(store, wanted)
    if calendar is None:
        changes = _by_rule(wanted, legs, roll_business_days)
        rule = f"{roll_business_days} business days before the last trading day"
    else:
        changes, rule = _by_calendar(wanted, calendar), f"by {calendar.name}"
    try:
        joined = splice(legs, changes, adjustment, ROLL_PRICE[wanted.kind])
    except InvalidValueError as error:
        raise ConfigurationError(str(error)) from error
    series = Series(f"{wanted.instrument}~{adjustment}", wanted.kind, wanted.resolution)
    store.rewrite(series, to_table(series.kind, joined.times, joined.prices))
    yield f"{series}: {len(joined.times):,} rows of {len(changes)} months, rolled {rule}"
    for roll in joined.rolls:
        gap = roll.new_price - roll.old_price
        yield (
            f"  {shown(roll.time_ns)}  {roll.old} {roll.old_price:g} to "
            f"{roll.new} {roll.new_price:g}: {gap:+.4g}"
        )


def adjust_lines(root: Path, name: str) -> Iterator[str]:
    """Yield what became of a fund's bars with its splits and dividends taken out.

    Raises
    ------
    StoreError
        If the store has no such bars, or no actions of the fund.
    """
    wanted = named_series(root, name)
    if wanted.kind not in ROLL_PRICE:
        raise ConfigurationError(f"{wanted.kind} can't be adjusted; bars and prices can")
    store = MarketStore(root)
    table = store.read(wanted)
    rows = store.read(Series(wanted.instrument, Kind.ACTIONS, "1d"))
    # A day's action holds from its midnight UTC: before any session of that day in New York.
    actions = [
        Action(time_ns, split, dividend)
        for time_ns, split, dividend in zip(
            rows[TIME].cast(pa.int64()).to_pylist(),
            rows["split"].to_pylist(),
            rows["dividend"].to_pylist(),
            strict=True,
        )
    ]
    columns = adjusted(_times(table), _columns(table), actions, ROLL_PRICE[wanted.kind])
    series = Series(f"{wanted.instrument}~adjusted", wanted.kind, wanted.resolution)
    store.rewrite(series, to_table(series.kind, _times(table), columns))
    yield f"{series}: {table.num_rows:,} rows, {len(actions)} splits and dividends"
    for action in actions:
        what = f"split {action.split:g}" if action.split != 1 else ""
        paid = f"dividend {action.dividend:g}" if action.dividend else ""
        yield f"  {shown(action.time_ns)}  {' '.join((what, paid)).strip()}"


def _adjustment(word: str) -> Adjustment:
    try:
        return Adjustment(word)
    except ValueError as error:
        known = ", ".join(Adjustment)
        raise ConfigurationError(f"--adjust must be one of {known}, was {word!r}") from error


def _legs(store: MarketStore, wanted: Series) -> dict[str, Leg]:
    legs: dict[str, Leg] = {}
    for series in store.series():
        is_month = series.instrument != wanted.instrument and "~" not in series.instrument
        is_alike = (series.kind, series.resolution) == (wanted.kind, wanted.resolution)
        if is_month and is_alike and product_of(series.instrument) == wanted.instrument:
            table = store.read(series)
            legs[series.instrument] = Leg(series.instrument, _times(table), _columns(table))
    if not legs:
        raise StoreError(
            Path(str(wanted)), f"the store has no contract months of {wanted}", "import some"
        )
    return legs


def _by_rule(wanted: Series, legs: dict[str, Leg], business_days: int) -> list[Change]:
    """Return the changes of the months that are there; a missing one ends the series."""
    product = wanted.instrument
    listing = catalog.spec(product).listing
    if listing is None or business_days < 0:
        raise ConfigurationError(f"--roll-days must be at least 0, was {business_days}")
    first = to_datetime(min(int(leg.times[0]) for leg in legs.values())).date()
    last = to_datetime(max(int(leg.times[-1]) for leg in legs.values())).date()
    changes: list[Change] = []
    for day, (year, month) in roll_days(listing.rule, listing.months, first, last, business_days):
        name = f"{product}{month_code(month)}{year % 100:02d}"
        if name in legs:
            changes.append(Change(_begin(wanted, day), name))
        elif changes:
            break
    return changes


def _by_calendar(wanted: Series, path: Path) -> list[Change]:
    """Return the changes of a file with the columns ``date`` and ``contract``."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        changes = [
            Change(_begin(wanted, date.fromisoformat(row["date"])), row["contract"]) for row in rows
        ]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise MomentError(
            path, f"no calendar of rolls ({error})", "write date,contract and rows like them"
        ) from error
    return sorted(changes, key=lambda change: change.time_ns)


def _begin(wanted: Series, day: date) -> int:
    """Return where a trading day begins: its session's open, or its midnight for rows of days."""
    if wanted.resolution != "1d":
        trading, _ = catalog.sessions(wanted.instrument, day, day)
        if trading:
            return trading[0].open_ns
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _times(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    times: np.ndarray[tuple[int], np.dtype[np.int64]] = table[TIME].cast(pa.int64()).to_numpy()
    return times


def _columns(table: pa.Table) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {name: table[name].to_numpy() for name in table.column_names if name != TIME}
