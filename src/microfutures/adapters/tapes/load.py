"""Finding and joining the tapes of several symbols: a folder, files, or a LEAN data folder."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from microfutures.adapters.tapes import lean
from microfutures.adapters.tapes.bar_columns import BarColumns, first_from
from microfutures.adapters.tapes.contracts import (
    LEAVE_BUSINESS_DAYS_BEFORE,
    ContractSchedule,
    Month,
    evening_ns,
    trading_day,
)
from microfutures.adapters.tapes.daily import (
    SETTLEMENT_COLUMNS,
    read_daily_bars,
    read_settlements,
)
from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.paths import BarPath, Ticks
from microfutures.adapters.tapes.rows import find_column, read_rows
from microfutures.adapters.tapes.segment import Segment, of_bars, of_updates
from microfutures.adapters.tapes.tables import QuoteRow, is_quote_file, read_bars, read_quotes
from microfutures.adapters.tapes.times import TIME_COLUMNS, is_plain_date
from microfutures.model import catalog
from microfutures.model.errors import ConfigurationError
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.timestamp import from_datetime, to_datetime
from microfutures.venue.messages import BookUpdate, MarketUpdate, TradeUpdate

# Bar sizes in file names, finest first: MCL_1m.csv, MCL_5m.parquet, MCL_quotes.csv.
SIZES = {"quotes": 0, "1s": 1, "5s": 5, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
SUFFIXES = (".csv", ".parquet")


class TapeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How files are read and played."""

    spread_ticks: int = 1
    """Between bid and ask, where a file has no quotes."""
    path: BarPath = BarPath.EXTREMES
    time_zone: str | None = None
    """Of moments that name none; without it such a file is refused."""
    bar_size: str | None = None
    """As in file names; None means the finest that every symbol has."""
    contract_changes: Mapping[str, Mapping[date, str]] = {}
    """By symbol: first trading day to contract month like ``202605``."""
    roll_business_days: int = ROLL_BUSINESS_DAYS
    """How long before its last day a month is to be left."""

    def __post_init__(self) -> None:
        """Refuse a spread that would cross the book, and a month held to its very end."""
        if self.spread_ticks < 1:
            raise ConfigurationError(f"spread_ticks must be at least 1, was {self.spread_ticks}")
        if self.roll_business_days < LEAVE_BUSINESS_DAYS_BEFORE:
            raise ConfigurationError(
                f"roll_business_days must be at least {LEAVE_BUSINESS_DAYS_BEFORE}, was "
                f"{self.roll_business_days}"
            )


def load_tapes(
    path: Path | None,
    *,
    symbols: Sequence[str],
    start: datetime | None = None,
    end: datetime | None = None,
    spread_ticks: int = 1,
    options: TapeOptions | None = None,
) -> TapeMarket:
    """Return the market that the tapes of `symbols` make together.

    Parameters
    ----------
    path
        A folder with files like ``MCL_1m.csv``, or a LEAN data folder.
    symbols
        Products of the catalog; ``MCL=some/file.csv`` names a file instead of the folder's.
    start, end
        Aware moments. What lies before the start is history; without a start, the market begins
        when the last of the symbols has its first row.

    Raises
    ------
    TapeError
        If a file is missing or wrong; the text names file, line and remedy.
    UnknownInstrumentError
        If a symbol is not in the catalog.
    """
    chosen = options or TapeOptions(spread_ticks=spread_ticks)
    if not symbols:
        raise ConfigurationError("a tape needs at least one symbol; name them, like MCL USO")
    bounds = _bounds(start, end)
    parts: list[list[Segment]] = []
    files = _files(path, symbols, chosen)
    for symbol, file in files.items():
        if file is None and path is not None:
            parts.append(_lean_segments(path, symbol, bounds, chosen))
        elif file is not None:
            parts.append(_file_segments(file, symbol, chosen))
    return _market(parts, bounds, _sources(files, path), chosen)


def join_segments(
    parts: Sequence[Sequence[Segment]],
    description: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    options: TapeOptions | None = None,
) -> TapeMarket:
    """Return the market that the segments of several symbols make together."""
    return _market(parts, _bounds(start, end), description, options or TapeOptions())


def _bounds(start: datetime | None, end: datetime | None) -> tuple[int | None, ...]:
    return tuple(None if moment is None else from_datetime(moment) for moment in (start, end))


def _market(
    parts: Sequence[Sequence[Segment]],
    bounds: tuple[int | None, ...],
    description: str,
    options: TapeOptions,
) -> TapeMarket:
    spans = [[segment.span_ns for segment in segments] for segments in parts]
    firsts = [min(first for first, _ in span) for span in spans]
    ends = [max(end for _, end in span) for span in spans]
    start_ns = bounds[0] if bounds[0] is not None else max(firsts)
    end_ns = bounds[1] if bounds[1] is not None else max(ends)
    today = trading_day(start_ns)
    segments = [segment.around(today) for part in parts for segment in part]
    return TapeMarket(
        segments,
        start_ns=start_ns,
        end_ns=end_ns,
        description=description,
        roll_business_days=options.roll_business_days,
    )


def _files(
    path: Path | None, symbols: Sequence[str], options: TapeOptions
) -> dict[str, Path | None]:
    """Return the file of every symbol; None means the LEAN folder."""
    named = dict(symbol.split("=", 1) for symbol in symbols if "=" in symbol)
    wanted = [symbol.split("=", 1)[0] for symbol in symbols]
    for symbol in wanted:
        catalog.spec(symbol)
    missing = [symbol for symbol in wanted if symbol not in named]
    found: dict[str, Path | None] = {symbol: Path(file) for symbol, file in named.items()}
    if missing:
        if path is None or not path.is_dir():
            raise TapeError(
                path or Path(),
                f"no folder to look for {', '.join(missing)} in",
                "name a folder, or files like MCL=tapes/mcl.csv",
            )
        if lean.has_minutes(path):
            found |= dict.fromkeys(missing)
        else:
            found |= _folder_files(path, missing, options)
    return {symbol: found[symbol] for symbol in wanted}


def _folder_files(folder: Path, symbols: Sequence[str], options: TapeOptions) -> dict[str, Path]:
    sizes = [options.bar_size] if options.bar_size else list(SIZES)
    for size in sizes:
        files = {
            symbol: file
            for symbol in symbols
            for suffix in reversed(SUFFIXES)
            if (file := folder / f"{symbol}_{size}{suffix}").is_file()
        }
        if len(files) == len(set(symbols)):
            return files
    present = sorted(
        file.name
        for file in folder.iterdir()
        if re.match(r"[A-Z0-9]+_\w+\.(csv|parquet)$", file.name)
    )
    raise TapeError(
        folder,
        f"no size that all of {', '.join(symbols)} have; found {', '.join(present) or 'no tapes'}",
        f"name files like {symbols[0]}_1m.csv, sizes {', '.join(sizes)}",
    )


def _lean_segments(
    root: Path, symbol: str, bounds: tuple[int | None, ...], options: TapeOptions
) -> list[Segment]:
    days = lean.days_of(root, symbol)
    # A week before the start serves the warm-up.
    first = days[0] if bounds[0] is None else to_datetime(bounds[0]).date() - timedelta(days=7)
    last = days[-1] if bounds[1] is None else to_datetime(bounds[1]).date()
    return lean.read_minutes(
        root, symbol, first=first, last=last, spread_ticks=options.spread_ticks
    )


def _file_segments(file: Path, symbol: str, options: TapeOptions) -> list[Segment]:
    columns, rows = read_rows(file)
    column = find_column(file, columns, TIME_COLUMNS, "the time")
    first = next(rows, None)
    if first is None:
        raise TapeError(file, "the file has a header and no rows", "give a file with rows")
    if all(name in columns for name in SETTLEMENT_COLUMNS):
        return read_settlements(file, symbol, options.spread_ticks)
    if is_plain_date(first.values.get(column)):
        return [read_daily_bars(file, symbol, options.spread_ticks, options.path)]
    if is_quote_file(columns):
        quotes = read_quotes(file, time_zone=options.time_zone)
        instrument = _instrument(symbol, _schedule(symbol, options), quotes[0].time_ns)
        return [quote_segment(instrument, quotes)]
    bars = read_bars(file, time_zone=options.time_zone)
    return bar_segments(symbol, bars, options)


def _schedule(symbol: str, options: TapeOptions) -> ContractSchedule:
    return ContractSchedule(symbol, options.contract_changes.get(symbol))


def _instrument(symbol: str, schedule: ContractSchedule, moment_ns: int) -> Instrument:
    today = trading_day(moment_ns)
    if catalog.spec(symbol).security_type is SecurityType.STOCK:
        return catalog.fund(symbol, today)
    year, month = schedule.month_on(today)
    return catalog.future(symbol, year, month, today)


def bar_segments(symbol: str, bars: Sequence[Bar], options: TapeOptions) -> list[Segment]:
    """Return the segments of bars that a fund or the front month of a future made."""
    schedule = _schedule(symbol, options)
    bars = BarColumns.of(bars) or bars
    if catalog.spec(symbol).security_type is SecurityType.STOCK:
        parts = [bars]
    else:
        months: dict[Month, Sequence[Bar]] = {}
        for month, part in _stretches(schedule, bars):
            months[month] = [*months[month], *part] if month in months else part
        parts = list(months.values())
    return [
        of_bars(
            _instrument(symbol, schedule, part[0].start_ns),
            part,
            spread_ticks=options.spread_ticks,
            path=options.path,
        )
        for part in parts
    ]


def _stretches(
    schedule: ContractSchedule, bars: Sequence[Bar]
) -> Iterator[tuple[Month, Sequence[Bar]]]:
    """Yield the contract months that ascending bars are of, each with its bars."""
    first, place = 0, 0
    while first < len(bars):
        month = schedule.month_on(trading_day(bars[first].start_ns))
        while place < len(bars):
            day = trading_day(bars[place].start_ns)
            if schedule.month_on(day) != month:
                break
            place = first_from(bars, evening_ns(day), place)
        yield month, bars[first:place]
        first = place


def quote_segment(instrument: Instrument, quotes: Sequence[QuoteRow]) -> Segment:
    """Return the segment of one contract's quotes and trades."""
    ticks, name = Ticks(instrument), instrument.instrument_id
    updates: list[MarketUpdate] = []
    for row in quotes:
        if row.bid is not None or row.ask is not None:
            updates.append(
                BookUpdate(
                    row.time_ns,
                    name,
                    None if row.bid is None else ticks.nearest(row.bid),
                    None if row.ask is None else ticks.nearest(row.ask),
                    round(row.bid_size),
                    round(row.ask_size),
                )
            )
        if row.last is not None and row.last_size >= 1:
            updates.append(
                TradeUpdate(row.time_ns, name, ticks.nearest(row.last), round(row.last_size))
            )
    return of_updates(instrument, updates)


def _sources(files: Mapping[str, Path | None], root: Path | None) -> str:
    words = []
    for symbol, file in files.items():
        if file is not None:
            words.append(f"{symbol} from {file.name}")
        elif symbol in lean.TWINS:
            words.append(f"{symbol} at the prices of {lean.TWINS[symbol]}")
        else:
            words.append(symbol)
    place = "" if root is None else f" of {root.name}"
    return f"tape{place}: {', '.join(words)}"
