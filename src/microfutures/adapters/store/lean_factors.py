"""Splits and dividends of LEAN's factor files.

A row is a date, a price factor, a split factor and the close of that day: prices up to that date
are to be multiplied by both. Where factors change from one row to the next, something happened on
the day after: a split by the ratio of the split factors, or a dividend of
``close * (1 - factor / next factor)``. Source: LEAN's documentation of factor files.
"""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from microfutures.adapters.store.errors import BrokenFileError
from microfutures.adapters.store.series import Kind, Series
from microfutures.adapters.store.tidy import Part, tidy

FOLDER = "factor_files"
ONE_DAY = timedelta(days=1)
NEGLIGIBLE = 1e-9

Row = tuple[date, float, float, float]


def factor_files(root: Path) -> list[Path]:
    """Return the factor files of equities at or under a path."""
    if root.is_file():
        return [root] if root.parent.name == FOLDER else []
    return sorted(path for path in root.rglob(f"{FOLDER}/*.csv") if "future" not in path.parts)


def read_actions(path: Path) -> Part | None:
    """Return the splits and dividends of a factor file; None if there were none.

    Raises
    ------
    BrokenFileError
        If a row can't be read.
    """
    actions = [
        (day, split, dividend)
        for day, split, dividend in (_action(*pair) for pair in pairwise(_rows(path)))
        if split != 1 or dividend
    ]
    if not actions:
        return None
    days = np.array([day for day, _, _ in actions], dtype="datetime64[ns]").astype(np.int64)
    columns = {
        "split": np.array([split for _, split, _ in actions]),
        "dividend": np.array([dividend for _, _, dividend in actions]),
    }
    series = Series(path.stem.upper(), Kind.ACTIONS, "1d")
    return tidy(path, series, days, columns, np.arange(1, len(actions) + 1))


def _action(row: Row, following: Row) -> tuple[date, float, float]:
    day, price_factor, split_factor, close = row
    _, next_price_factor, next_split_factor, _ = following
    kept = price_factor / next_price_factor
    dividend = close * (1 - kept) if abs(1 - kept) > NEGLIGIBLE else 0.0
    return day + ONE_DAY, next_split_factor / split_factor, dividend


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    for line, text in enumerate(path.read_text().splitlines(), 1):
        try:
            day, price_factor, split_factor, close = text.split(",")
            rows.append(
                (date.fromisoformat(day), float(price_factor), float(split_factor), float(close))
            )
        except ValueError as error:
            raise BrokenFileError(
                path, f"no row of a factor file: {text[:60]!r}", "copy the file anew", line=line
            ) from error
    return rows
