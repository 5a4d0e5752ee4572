"""Files of bars or quotes of one symbol, parsed and checked."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.rows import (
    Row,
    find_column,
    number,
    optional_number,
    read_rows,
)
from microfutures.adapters.tapes.times import TIME_COLUMNS, time_reader
from microfutures.model.errors import InvalidValueError
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

BAR_COLUMNS = ("open", "high", "low", "close")


class QuoteRow(msgspec.Struct, frozen=True, gc=False):
    """One row of a quote file, prices as written; None where there is none."""

    time_ns: int
    bid: float | None
    ask: float | None
    bid_size: float
    ask_size: float
    last: float | None
    last_size: float


def is_quote_file(columns: Sequence[str]) -> bool:
    """Tell whether a file holds quotes rather than bars."""
    return "bid" in columns and "ask" in columns


def read_bars(path: Path, *, time_zone: str | None, bar_seconds: int | None = None) -> list[Bar]:
    """Return the bars of a file, ascending; unfinished ones (``final`` 0) are left out.

    The bar's length is the commonest distance of two rows unless it is given.
    """
    columns, rows = read_rows(path)
    column = find_column(path, columns, TIME_COLUMNS, "the time")
    for name in BAR_COLUMNS:
        find_column(path, columns, (name,), f"the {name}")
    volume = "volume" if "volume" in columns else None
    read_time = time_reader(path, column, time_zone)
    timed = [(read_time(row), row) for row in rows if row.values.get("final", "1") not in _UNFINAL]
    _check_times(path, timed)
    seconds = bar_seconds or _guess_seconds(path, timed)
    return [_bar(path, row, start_ns, seconds, volume) for start_ns, row in timed]


_UNFINAL = ("0", 0, False, "false")


def read_quotes(path: Path, *, time_zone: str | None) -> list[QuoteRow]:
    """Return the quotes of a file, ascending; several may share a moment."""
    columns, rows = read_rows(path)
    column = find_column(path, columns, TIME_COLUMNS, "the time")
    read_time = time_reader(path, column, time_zone)
    sizes = [_first(columns, names) for names in (("bid_size", "bidsize"), ("ask_size", "asksize"))]
    last = _first(columns, ("last", "price", "trade"))
    last_size = _first(columns, ("last_size", "size"))
    timed = [(read_time(row), row) for row in rows]
    _check_times(path, timed, may_repeat=True)
    return [
        QuoteRow(
            time_ns,
            _price(path, row, "bid"),
            _price(path, row, "ask"),
            optional_number(path, row, sizes[0], 1.0),
            optional_number(path, row, sizes[1], 1.0),
            None if last is None else _price(path, row, last),
            optional_number(path, row, last_size, 1.0),
        )
        for time_ns, row in timed
    ]


def _check_times(path: Path, timed: Sequence[tuple[int, Row]], *, may_repeat: bool = False) -> None:
    if not timed:
        raise TapeError(path, "the file has no usable rows", "give a file with rows")
    for (before, _), (after, row) in pairwise(timed):
        if after < before:
            raise TapeError(path, "the time goes back", "sort the file by time", line=row.line)
        if after == before and not may_repeat:
            raise TapeError(
                path, "the time of the row before again", "keep one of them", line=row.line
            )


def _guess_seconds(path: Path, timed: Sequence[tuple[int, Row]]) -> int:
    distances = Counter(
        (after - before) // NANOSECONDS_PER_SECOND for (before, _), (after, _) in pairwise(timed)
    )
    if not distances:
        raise TapeError(path, "one row doesn't tell how long a bar is", "state the bar's seconds")
    return max(1, distances.most_common(1)[0][0])


def _bar(path: Path, row: Row, start_ns: int, seconds: int, volume: str | None) -> Bar:
    prices = [number(path, row, name) for name in BAR_COLUMNS]
    opened, high, low, close = prices
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise TapeError(
            path,
            f"open {opened} and close {close} must lie between low {low} and high {high}",
            "correct the row or leave it out",
            line=row.line,
        )
    try:
        return Bar(
            start_ns, seconds, opened, high, low, close, optional_number(path, row, volume, 0.0)
        )
    except InvalidValueError as error:
        raise TapeError(path, str(error), "correct the row", line=row.line) from error


def _price(path: Path, row: Row, column: str) -> float | None:
    if row.values.get(column) in (None, ""):
        return None
    return number(path, row, column)


def _first(columns: Sequence[str], names: Sequence[str]) -> str | None:
    matches: Iterator[str] = (name for name in names if name in columns)
    return next(matches, None)
