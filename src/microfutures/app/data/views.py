"""`microfutures data list`, `inspect` and `check`, as lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute

from microfutures.adapters.store.check import check_series
from microfutures.adapters.store.errors import StoreError
from microfutures.adapters.store.findings import Finding, FindingKind, shown
from microfutures.adapters.store.series import TIME, Series, series_of
from microfutures.adapters.store.store import MarketStore
from microfutures.model.errors import ConfigurationError
from microfutures.model.timestamp import to_datetime

NAME_WIDTH = 26
MOST_OF_A_KIND = 20


def list_lines(root: Path) -> Iterator[str]:
    """Yield one line a series: rows, first and last moment, size on disk."""
    store = MarketStore(root)
    every = store.series()
    if not every:
        yield f"{root}: nothing here; `microfutures data import FILE` brings something in"
        return
    yield f"{'series':<{NAME_WIDTH}} {'rows':>12}  {'first':<16}  {'last (UTC)':<16}  size"
    for series in every:
        extent = store.extent(series)
        yield (
            f"{series!s:<{NAME_WIDTH}} {extent.rows:>12,}  {_moment(extent.first_ns, series)}  "
            f"{_moment(extent.last_ns, series)}  {extent.size_bytes / 1024:,.0f} KB"
        )


def inspect_lines(
    root: Path, name: str, start: str | None, end: str | None, rows: int
) -> Iterator[str]:
    """Yield what each column holds, and the first and last rows.

    Raises
    ------
    StoreError
        If there is no such series.
    """
    series = named_series(root, name)
    table = MarketStore(root).read(series, parse_moment("--from", start), parse_moment("--to", end))
    yield f"{series}: {table.num_rows:,} rows"
    for column in table.column_names[1:]:
        yield f"  {column:<10} {_extremes(table[column])}"
    head = table if table.num_rows <= 2 * rows else table.slice(0, rows)
    yield "  ".join(f"{column:>16}" for column in table.column_names)
    yield from _rows(head)
    if head is not table:
        yield f"{'...':>16}"
        yield from _rows(table.slice(table.num_rows - rows))


def named_series(root: Path, name: str) -> Series:
    """Return the series that a person means by a name like ``MCL/bars_1m``."""
    series = series_of(Path(name))
    if series is None or "/" not in name:
        known = ", ".join(str(each) for each in MarketStore(root).series()[:10]) or "nothing"
        raise StoreError(root, f"{name!r} is no series; it has {known}", "see `data list`")
    return series


def parse_moment(flag: str, text: str | None) -> datetime | None:
    """Return the moment of a day or ISO 8601 text; UTC unless it says otherwise."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{flag} must be like 2026-03-26, was {text!r}") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _rows(table: pa.Table) -> Iterator[str]:
    moments = table[TIME].cast(pa.timestamp("s", "UTC"), safe=False)
    times = compute.strftime(moments, format="%Y-%m-%d %H:%M").to_pylist()
    numbers = [
        ["" if value is None else f"{value:g}" for value in table[name].to_pylist()]
        for name in table.column_names[1:]
    ]
    for fields in zip(times, *numbers, strict=True):
        yield "  ".join(f"{field:>16}" for field in fields)


def _extremes(column: pa.ChunkedArray) -> str:
    missing = f", {column.null_count:,} missing" if column.null_count else ""
    if column.null_count == len(column):
        return "nothing"
    values = column.drop_null().to_numpy()
    return f"{np.min(values):g} to {np.max(values):g}, median {np.median(values):g}{missing}"


def _moment(moment_ns: int, series: Series) -> str:
    moment = to_datetime(moment_ns)
    return (
        f"{moment:%Y-%m-%d}" + " " * 6 if series.resolution == "1d" else f"{moment:%Y-%m-%d %H:%M}"
    )


def check_lines(root: Path, names: Sequence[str]) -> Iterator[str]:
    """Yield the report of each series named, or of all.

    Raises
    ------
    StoreError
        If there is no such series, or a file of it can't be read.
    """
    store = MarketStore(root)
    chosen = [named_series(root, name) for name in names] or store.series()
    if not chosen:
        yield f"{root}: nothing here; `microfutures data import FILE` brings something in"
    for series in chosen:
        report = check_series(series, store.read(series))
        share = ""
        if report.expected:
            share = f", {report.present:,} of {report.expected:,} expected"
        span = f"{shown(report.first_ns)} to {shown(report.last_ns)}"
        yield f"{series}: {report.rows:,} rows{share}, {span} UTC"
        yield from _told(report.findings)
        if not report.findings:
            yield "  nothing strange"


def _told(findings: Sequence[Finding]) -> Iterator[str]:
    counts: Counter[FindingKind] = Counter()
    for finding in findings:
        counts[finding.kind] += 1
        if counts[finding.kind] <= MOST_OF_A_KIND:
            yield f"  {finding.line()}"
    for kind, count in counts.items():
        if count > MOST_OF_A_KIND:
            yield f"  {kind:<9} and {count - MOST_OF_A_KIND} more"
