"""What the store keeps: kinds of rows, and the names of series on disk."""

import re
from enum import StrEnum
from pathlib import Path, PurePosixPath

import msgspec

from microfutures.model.errors import InvalidValueError
from microfutures.model.expiry import MONTH_CODES
from microfutures.model.products import PRODUCTS

TIME = "time"
"""The column of moments in every file: nanoseconds UTC, the start of a bar.

A row of one day (resolution ``1d``) stands at midnight UTC of its trading day.
"""


class Kind(StrEnum):
    """What a row says."""

    BARS = "bars"
    """Trades of a stretch of time."""
    QUOTE_BARS = "quote_bars"
    """Bid and ask over a stretch of time."""
    QUOTES = "quotes"
    """Single changes of the top of the book, single trades."""
    PRICES = "prices"
    """One price: settlements, net asset values, spot."""
    ACTIONS = "actions"
    """Splits (new shares for an old one) and dividends (USD a share), on the day they hold."""


_SIDE = ("open", "high", "low", "close", "size")

COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.BARS: ("open", "high", "low", "close", "volume"),
    Kind.QUOTE_BARS: tuple(f"{side}_{part}" for side in ("bid", "ask") for part in _SIDE),
    Kind.QUOTES: ("bid", "ask", "bid_size", "ask_size", "last", "last_size"),
    Kind.PRICES: ("price",),
    Kind.ACTIONS: ("split", "dividend"),
}
"""Columns beside the time, all of 64-bit floats; null where there is none."""

REQUIRED: dict[Kind, tuple[str, ...]] = {
    Kind.BARS: ("open", "high", "low", "close"),
    Kind.QUOTE_BARS: (),
    Kind.QUOTES: (),
    Kind.PRICES: ("price",),
    Kind.ACTIONS: ("split", "dividend"),
}
"""Columns that may not be null."""

TICK = "tick"
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
# A contract is quoted years before it ends, and never after: except in the month of a new year.
MOST_YEARS_AHEAD = 8
_INSTRUMENT = re.compile(r"[A-Z0-9][A-Z0-9.\-]*(~[a-z]+)?")
_CONTRACT = re.compile(rf"(?P<root>[A-Z0-9]+)(?P<code>[{MONTH_CODES}])(?P<year>\d{{1,2}})")


class Series(msgspec.Struct, frozen=True, order=True):
    """One instrument's rows of one kind and resolution.

    The instrument is a contract month with two digits of the year (``CLK20``), a fund (``USO``),
    a product whose front month a vendor strung together (``MCL``), or a series of our own making
    (``CL~difference``).
    """

    instrument: str
    kind: Kind
    resolution: str

    def __post_init__(self) -> None:
        """Refuse a name that could leave the store's folder."""
        if _INSTRUMENT.fullmatch(self.instrument) is None:
            raise InvalidValueError(
                f"an instrument is written in capitals and digits, was {self.instrument!r}"
            )
        if self.resolution != TICK:
            seconds_of(self.resolution)

    @property
    def folder(self) -> PurePosixPath:
        """Return the folder within the store: ``CLK20/prices_1d``."""
        return PurePosixPath(self.instrument, f"{self.kind}_{self.resolution}")

    @property
    def seconds(self) -> int | None:
        """Return the length of a row; None for ticks."""
        return None if self.resolution == TICK else seconds_of(self.resolution)

    def __str__(self) -> str:
        """Return the name that commands take: ``MCL/bars_1m``."""
        return str(self.folder)


def series_of(folder: Path) -> Series | None:
    """Return the series whose folder this is; None for any other folder."""
    kind, _, resolution = folder.name.rpartition("_")
    if kind not in set(Kind):
        return None
    try:
        return Series(folder.parent.name, Kind(kind), resolution)
    except InvalidValueError:
        return None


def resolution_of(seconds: int) -> str:
    """Return the name of a bar's length: 300 is ``5m``."""
    for unit, length in _UNITS:
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length}{unit}"
    raise InvalidValueError(f"a bar lasts whole seconds, at least one, was {seconds}")


def seconds_of(resolution: str) -> int:
    """Return the seconds of a resolution like ``5m``."""
    found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", resolution)
    if found is None:
        raise InvalidValueError(
            f"a resolution is written like 1m, 5m, 1h or 1d, was {resolution!r}"
        )
    return int(found[1]) * dict(_UNITS)[found[2]]


def product_of(instrument: str) -> str | None:
    """Return the product of the catalog that an instrument belongs to, if any."""
    name = instrument.partition("~")[0]
    if name in PRODUCTS:
        return name
    found = _CONTRACT.fullmatch(name)
    return found["root"] if found is not None and found["root"] in PRODUCTS else None


def dated_name(instrument: str, year: int) -> str:
    """Return a contract's name with two digits of its year, as it traded in `year`.

    ``MCLK6`` in 2026 is ``MCLK26``, in 2034 ``MCLK36``; every other name stays as it is.
    """
    found = _CONTRACT.fullmatch(instrument)
    if found is None or instrument in PRODUCTS or len(found["year"]) == 2:
        return instrument
    digit = int(found["year"])
    expires = year + (digit - year) % 10
    if expires - year > MOST_YEARS_AHEAD:
        expires -= 10
    return f"{found['root']}{found['code']}{expires % 100:02d}"
