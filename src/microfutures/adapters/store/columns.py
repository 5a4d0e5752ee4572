"""Which column means what: a guess that is shown, or what the user says."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from microfutures.adapters.store.errors import ColumnError
from microfutures.adapters.store.series import COLUMNS, REQUIRED, TIME, Kind

# One row a role: the names that vendors give it, the most telling first, in lower case.
# Source: the headers of common vendors' exports; what they don't cover, --column says.
_NAMES: dict[str, tuple[str, ...]] = {
    TIME: (
        "ts_utc", "time_utc", "timestamp_utc", "datetime_utc", "utc", "ts_ns", "timestamp", "ts",
        "datetime", "date_time", "gmt_time", "local_time", "time", "date", "day", "t",
    ),
    "clock": (),
    "open": ("open", "o", "first"),
    "high": ("high", "h", "max"),
    "low": ("low", "l", "min"),
    "close": ("close", "c", "latest"),
    "volume": ("volume", "vol", "tickvol", "v"),
    "bid": ("bid", "bid_price"),
    "ask": ("ask", "ask_price", "offer"),
    "bid_size": ("bid_size", "bidsize", "bid_qty"),
    "ask_size": ("ask_size", "asksize", "ask_qty"),
    "last": ("last", "trade", "price"),
    "last_size": ("last_size", "size", "qty"),
    "price": ("settle", "settlement", "price", "nav", "value", "close", "last"),
    "split": ("split_coefficient", "split", "split_ratio", "stock_splits"),
    "dividend": ("dividend_amount", "dividend", "dividends"),
    "instrument": ("contract", "symbol", "ticker", "instrument"),
    "final": ("final",),
    **{name: (name,) for name in COLUMNS[Kind.QUOTE_BARS] if not name.endswith("size")},
}  # fmt: skip

_DAYS, _CLOCK = ("date", "day"), "time"
"""Two columns that make one moment together."""

_EXTRA = ("split", "dividend", "instrument", "final")
"""Roles that any kind of file may have besides its own."""


class ColumnMap(msgspec.Struct, frozen=True):
    """Roles and the columns that fill them."""

    kind: Kind
    roles: Mapping[str, str]
    ignored: tuple[str, ...]

    def sentence(self) -> str:
        """Say the whole guess in one line."""
        by_name = [role for role, column in self.roles.items() if role == column]
        words = [f"{role} is {column}" for role, column in self.roles.items() if role != column]
        if by_name:
            words.append(f"by name: {' '.join(by_name)}")
        if self.ignored:
            words.append(f"not used: {' '.join(self.ignored)}")
        return "; ".join(words)


def guess_columns(path: Path, columns: Iterable[str], given: Mapping[str, str]) -> ColumnMap:
    """Return which column fills which role; `given` wins over any guess.

    Raises
    ------
    ColumnError
        If there is no time, or neither prices, quotes nor bars.
    """
    present = list(columns)
    _check_given(path, present, given)
    time = _pick(TIME, present, given)
    if time is None:
        raise ColumnError(
            path,
            f"no column for the time among {', '.join(present)}",
            "say which one by --column time=NAME",
        )
    kind = _kind(path, present, given)
    roles = {TIME: time}
    day = next((name for name in _DAYS if name in present), None)
    if time == _CLOCK and day is not None and TIME not in given:
        roles = {TIME: day, "clock": time}
    elif "clock" in given:
        roles["clock"] = given["clock"]
    taken = {*roles.values()}
    for role in (*COLUMNS[kind], *_EXTRA):
        column = _pick(role, [name for name in present if name not in taken], given)
        if column is not None:
            roles[role] = column
            taken.add(column)
    return ColumnMap(kind, roles, tuple(name for name in present if name not in taken))


def _kind(path: Path, present: list[str], given: Mapping[str, str]) -> Kind:
    for kind in (Kind.QUOTE_BARS, Kind.BARS):
        needed = REQUIRED[kind] or COLUMNS[kind]
        if all(_pick(role, present, given) is not None for role in needed):
            return kind
    if any(_pick(role, present, given) is not None for role in ("bid", "ask")):
        return Kind.QUOTES
    if _pick("price", present, given) is not None:
        return Kind.PRICES
    raise ColumnError(
        path,
        f"no columns for open, high, low and close, for bid and ask, or for a price among "
        f"{', '.join(present)}",
        "say which they are by --column close=NAME and so on",
    )


def _pick(role: str, present: list[str], given: Mapping[str, str]) -> str | None:
    if role in given:
        return given[role]
    reserved = set(given.values())
    return next(
        (name for name in _NAMES.get(role, (role,)) if name in present and name not in reserved),
        None,
    )


def _check_given(path: Path, present: list[str], given: Mapping[str, str]) -> None:
    for role, column in given.items():
        if role not in _NAMES and role not in COLUMNS[Kind.QUOTE_BARS]:
            raise ColumnError(
                path, f"--column {role}=… names no role", f"roles are {', '.join(_NAMES)}"
            )
        if column not in present:
            raise ColumnError(
                path, f"there is no column {column}", f"its columns are {', '.join(present)}"
            )
