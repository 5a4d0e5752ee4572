"""LEAN zips: one a day and kind for seconds and minutes, one a symbol for hours and days.

Source of the format: LEAN's Data/readme files and the files themselves. Futures: one member a
contract month, milliseconds since midnight UTC, plain prices. US equities: milliseconds since
midnight New York (hours: local date and time), prices times 10,000.
"""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

from microfutures.adapters.store.errors import BrokenFileError, EmptyFileError, PriceError
from microfutures.adapters.store.lean_factors import FOLDER, factor_files, read_actions
from microfutures.adapters.store.moments import Moments
from microfutures.adapters.store.numbers import Floats, faults
from microfutures.adapters.store.plan import Plan
from microfutures.adapters.store.series import COLUMNS, Kind, Series
from microfutures.adapters.store.tidy import Part, tidy
from microfutures.model.expiry import month_code
from microfutures.model.trading_hours import NEW_YORK

RESOLUTIONS = {"second": "1s", "minute": "1m", "hour": "1h", "daily": "1d"}
KINDS = {"trade": Kind.BARS, "quote": Kind.QUOTE_BARS}
NOT_IMPORTED = "openinterest"
EQUITY_SCALE = 10_000.0
SCALED = ("open", "high", "low", "close")


class _Zip(msgspec.Struct, frozen=True):
    """What a zip's path says of it."""

    path: Path
    is_future: bool
    resolution: str
    symbol: str
    kind: Kind
    day: date | None


class _Piece(msgspec.Struct, frozen=True):
    """The rows of one member."""

    series: Series
    moments: Moments
    columns: dict[str, Floats]


def is_lean(path: Path) -> bool:
    """Tell whether a path is a LEAN zip or a folder with some in it."""
    if path.suffix == ".zip" or path.parent.name == FOLDER:
        return True
    return path.is_dir() and next(path.rglob("*.zip"), None) is not None


def plan_lean(path: Path, instrument: str | None = None) -> Plan:
    """Return what a LEAN zip, or all zips under a folder, hold; `instrument` takes one product.

    Raises
    ------
    BrokenFileError, PriceError, EmptyFileError, ConflictError
        If a zip can't be read or trusted.
    """
    files = sorted(path.rglob("*.zip")) if path.is_dir() else [path]
    files = [file for file in files if file.suffix == ".zip"]
    actions = [
        part
        for file in factor_files(path)
        if instrument in (None, file.stem.upper()) and (part := read_actions(file)) is not None
    ]
    notes: list[str] = []
    pieces: dict[Series, list[_Piece]] = {}
    skipped = [file for file in files if NOT_IMPORTED in file.name]
    if skipped:
        notes.append(f"left out {len(skipped)} files of open interest")
    for file in files:
        if NOT_IMPORTED in file.name:
            continue
        described = _describe(file)
        if instrument is None or described.symbol == instrument:
            for piece in _read(described):
                pieces.setdefault(piece.series, []).append(_own(described, piece, notes))
    if not pieces and not actions:
        raise EmptyFileError(path, f"no zips of {instrument or 'prices'}", "name another folder")
    parts = (*(_part(path, series, found) for series, found in sorted(pieces.items())), *actions)
    guess = f"LEAN: {len(files) - len(skipped)} zips, {len(parts)} series; times turned into UTC"
    return Plan(path, (guess,), tuple(notes), parts)


def _describe(path: Path) -> _Zip:
    """Return what the path says: .../minute/spy/20131007_quote.zip or .../daily/es_trade.zip."""
    parts = [part.lower() for part in path.resolve().parts]
    at = next((place for place, part in enumerate(parts) if part in RESOLUTIONS), None)
    if at is None or not {"equity", "future"} & set(parts[:at]):
        raise BrokenFileError(
            path,
            "its folders don't say equity or future, and second, minute, hour or daily",
            "keep LEAN's folders",
        )
    stem = path.stem.lower()
    first, _, word = stem.partition("_")
    has_day = first.isdigit() and len(first) == 8
    return _Zip(
        path,
        is_future="future" in parts[:at],
        resolution=RESOLUTIONS[parts[at]],
        symbol=(parts[at + 1] if has_day else first).upper(),
        kind=KINDS.get(word, Kind.BARS),
        day=date.fromisoformat(first) if has_day else None,
    )


def _read(described: _Zip) -> Iterator[_Piece]:
    try:
        with zipfile.ZipFile(described.path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    table = _rows(described, member.read())
                yield _piece(described, name, table)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise BrokenFileError(
            described.path, f"no readable zip ({error})", "copy the file anew"
        ) from error


def _rows(described: _Zip, text: bytes) -> pa.Table:
    names = ["when", *COLUMNS[described.kind]]
    numbers = dict.fromkeys(names[1:], pa.float64())
    try:
        return csv.read_csv(
            pa.BufferReader(text),
            read_options=csv.ReadOptions(column_names=names),
            convert_options=csv.ConvertOptions(column_types={"when": pa.string(), **numbers}),
        )
    except pa.ArrowInvalid as error:
        reason = str(error).partition("\n")[0]
        raise BrokenFileError(described.path, f"unreadable rows ({reason})", "copy anew") from error


def _piece(described: _Zip, member: str, table: pa.Table) -> _Piece:
    scale = 1.0 if described.is_future else EQUITY_SCALE
    columns: dict[str, Floats] = {}
    for name in COLUMNS[described.kind]:
        values = table[name].to_numpy().astype(np.float64)
        columns[name] = values / scale if name.endswith(SCALED) else values
    bad = faults(columns, described.kind)
    if bad.any():
        row = int(np.argmax(bad))
        raise PriceError(
            described.path, f"impossible prices in {member}", "copy the file anew", line=row + 1
        )
    name = described.symbol
    if described.is_future:
        month = member.removesuffix(".csv").rpartition("_")[2]
        name += f"{month_code(int(month[4:6]))}{month[2:4]}"
    series = Series(name, described.kind, described.resolution)
    return _Piece(series, _moments(described, table["when"].combine_chunks()), columns)


def _moments(described: _Zip, when: pa.Array) -> Moments:
    if described.day is None:
        moments = compute.strptime(when, format="%Y%m%d %H:%M", unit="ns")
    else:
        midnight = np.datetime64(described.day, "ns").astype(np.int64)
        counted = when.cast(pa.int64()).to_numpy() * 1_000_000 + midnight
        moments = pa.array(counted, pa.timestamp("ns"))
    is_local = not described.is_future and described.resolution != "1d"
    zone = NEW_YORK if is_local else "UTC"
    aware: Moments = compute.assume_timezone(moments, zone).cast(pa.int64()).to_numpy()
    return aware


def _part(root: Path, series: Series, pieces: Sequence[_Piece]) -> Part:
    moments = np.concatenate([piece.moments for piece in pieces])
    columns = {
        name: np.concatenate([piece.columns[name] for piece in pieces])
        for name in COLUMNS[series.kind]
    }
    return tidy(root, series, moments, columns, np.arange(1, len(moments) + 1))


def _own(described: _Zip, piece: _Piece, notes: list[str]) -> _Piece:
    """Return the piece without the days on which the symbol was another company's."""
    born = _first_day(described)
    if born is None:
        return piece
    keep = piece.moments >= np.datetime64(born, "ns").astype(np.int64)
    if keep.all():
        return piece
    notes.append(
        f"{piece.series}: left out {np.count_nonzero(~keep)} rows before {born}, when the symbol "
        "was another company's (map_files)"
    )
    columns = {name: values[keep] for name, values in piece.columns.items()}
    return _Piece(piece.series, piece.moments[keep], columns)


def _first_day(described: _Zip) -> date | None:
    """Return the day from which a symbol means what it means now, as LEAN's map files have it."""
    for folder in described.path.resolve().parents[:4]:
        found = folder / "map_files" / f"{described.symbol.lower()}.csv"
        if found.is_file():
            return date.fromisoformat(found.read_text().partition(",")[0])
    return None
