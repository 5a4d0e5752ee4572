"""What is strange about a series: gaps, rows outside of hours, clocks, outliers, repeats.

A finding is a fact with its place, not a verdict: thin minutes without a trade are gaps too, and
oil did settle below zero.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa

from microfutures.adapters.store.clock_check import outside_hours, shifted_clock
from microfutures.adapters.store.findings import Finding, FindingKind, shown
from microfutures.adapters.store.hours import Hours, business_days, expected_hours
from microfutures.adapters.store.moments import Moments
from microfutures.adapters.store.numbers import Floats
from microfutures.adapters.store.outliers import below_zero, jumps
from microfutures.adapters.store.series import TIME, Kind, Series, product_of
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

DAY_SECONDS = 86_400
MIN_GAP_BARS = 5
MIN_GAP_SECONDS = 60
PRICE_COLUMNS = {
    Kind.BARS: "close",
    Kind.QUOTE_BARS: "bid_close",
    Kind.QUOTES: "bid",
    Kind.PRICES: "price",
}


class CheckReport(msgspec.Struct, frozen=True):
    """What a check found; ``present`` of ``expected`` bars are there, None where unknown."""

    series: Series
    rows: int
    first_ns: int
    last_ns: int
    present: int | None
    expected: int | None
    findings: tuple[Finding, ...]


def check_series(series: Series, table: pa.Table) -> CheckReport:
    """Return what is strange about the rows of a series."""
    moments: Moments = table[TIME].cast(pa.int64()).to_numpy()
    columns: dict[str, Floats] = {
        name: table[name].to_numpy() for name in table.column_names if name != TIME
    }
    first_ns, last_ns = int(moments.min()), int(moments.max())
    findings = [*_order(series, moments), *_crossed(series, moments, columns)]
    product = product_of(series.instrument)
    present = expected = None
    if product is None:
        findings.append(Finding(FindingKind.HOURS, first_ns, "not in the catalog: hours unknown"))
    elif series.seconds == DAY_SECONDS and series.kind is not Kind.ACTIONS:
        present, expected = _check_days(product, moments, findings)
    elif series.seconds is not None and series.seconds < DAY_SECONDS:
        hours = expected_hours(product, first_ns, last_ns)
        present, expected = _coverage(series.seconds, moments, hours)
        findings += _gaps(series.seconds, moments, hours)
        findings += outside_hours(product, moments)
        findings += shifted_clock(product, moments, columns.get("volume"))
    price = columns.get(PRICE_COLUMNS.get(series.kind, ""))
    if price is not None:
        findings += [*below_zero(moments, price), *jumps(moments, price)]
    return CheckReport(series, len(moments), first_ns, last_ns, present, expected, tuple(findings))


def _order(series: Series, moments: Moments) -> Iterator[Finding]:
    """Yield what the store itself never writes: rows that were put there by somebody else."""
    steps = np.diff(moments)
    if series.kind is not Kind.QUOTES and (steps == 0).any():
        count, at = np.count_nonzero(steps == 0), int(moments[np.argmax(steps == 0)])
        yield Finding(FindingKind.REPEAT, at, f"{count} moments stand there twice")
    if (steps < 0).any():
        yield Finding(FindingKind.REPEAT, int(moments[np.argmax(steps < 0)]), "the time goes back")


def _crossed(series: Series, moments: Moments, columns: dict[str, Floats]) -> Iterator[Finding]:
    suffix = "_close" if series.kind is Kind.QUOTE_BARS else ""
    bid, ask = columns.get(f"bid{suffix}"), columns.get(f"ask{suffix}")
    if bid is None or ask is None:
        return
    with np.errstate(invalid="ignore"):
        crossed = bid > ask
    if crossed.any():
        at = int(moments[np.argmax(crossed)])
        yield Finding(FindingKind.CROSSED, at, f"{np.count_nonzero(crossed)} rows: bid above ask")


def _coverage(seconds: int, moments: Moments, hours: Hours) -> tuple[int, int]:
    """Return how many bars touch a session and how many would; the hour of the open counts."""
    length_ns = seconds * NANOSECONDS_PER_SECOND
    starts = np.maximum(hours.opens, moments[0]) // length_ns
    ends = -(-np.minimum(hours.closes, moments[-1] + length_ns) // length_ns)
    expected = int(np.maximum(ends - starts, 0).sum())
    touching = hours.hold(moments) | hours.hold(moments + (length_ns - 1))
    return int(np.count_nonzero(touching)), expected


def _gaps(seconds: int, moments: Moments, hours: Hours) -> Iterator[Finding]:
    """Yield stretches of a session without rows; sessions without any are told together."""
    length_ns = seconds * NANOSECONDS_PER_SECOND
    least_ns = max(MIN_GAP_BARS * length_ns, MIN_GAP_SECONDS * NANOSECONDS_PER_SECOND)
    empty: list[int] = []
    for opened, closed in zip(hours.opens, hours.closes, strict=True):
        if closed <= moments[0] or opened > moments[-1]:
            continue
        low, high = np.searchsorted(moments, (opened, closed))
        inside = moments[low:high]
        if len(inside) == 0:
            empty.append(int(opened))
            continue
        yield from _told_together(empty)
        edges = np.concatenate(([opened - length_ns], inside, [closed]))
        before, after = edges[:-1] + length_ns, edges[1:]
        # Before the first row and after the last one of the series nothing is missing.
        wide = (after - before >= least_ns) & (before > moments[0]) & (before <= moments[-1])
        for start, end in zip(before[wide], after[wide], strict=True):
            bars = (end - start) // length_ns
            yield Finding(FindingKind.GAP, int(start), f"{bars} bars missing to {shown(int(end))}")
    yield from _told_together(empty)


def _told_together(empty: list[int]) -> Iterator[Finding]:
    if empty:
        last = shown(empty[-1])
        words = f"{len(empty)} sessions without a row, the last opens {last}"
        yield Finding(FindingKind.GAP, empty[0], words)
        empty.clear()


def _check_days(product: str, moments: Moments, findings: list[Finding]) -> tuple[int, int]:
    days = business_days(product, int(moments[0]), int(moments[-1]))
    expected = np.array(days, dtype="datetime64[D]")
    there = moments.astype("datetime64[ns]").astype("datetime64[D]")
    for kind, found, words in (
        (FindingKind.GAP, np.setdiff1d(expected, there), "business days without a row"),
        (FindingKind.HOURS, np.setdiff1d(there, expected), "rows on days without trading"),
    ):
        if len(found):
            some = ", ".join(str(day) for day in found[:5])
            more = ", ..." if len(found) > 5 else ""
            at = int(found[0].astype("datetime64[ns]").astype(np.int64))
            findings.append(Finding(kind, at, f"{len(found)} {words}: {some}{more}"))
    return int(np.isin(expected, there).sum()), len(expected)
