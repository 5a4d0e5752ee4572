"""Minutes with bid, ask and trades in the file format of LEAN.

One zip a day and kind; one member per contract month for futures. Futures count milliseconds
from midnight UTC with plain prices, US equities from midnight New York with prices times 10,000.
A micro is priced from its full-size twin, which trades at the same price: MES from ES.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import msgspec

from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.paths import BarPath, Ticks, points
from microfutures.adapters.tapes.segment import Segment, of_updates
from microfutures.model import catalog
from microfutures.model.errors import InvalidValueError
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Bar
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.messages import BookUpdate, MarketUpdate, TradeUpdate

TWINS = {
    "MES": "ES", "MNQ": "NQ", "M2K": "RTY", "MYM": "YM", "MCL": "CL", "MHNG": "NG",
    "MGC": "GC", "SIL": "SI", "MHG": "HG",
}  # fmt: skip
"""Micros and the contracts that trade at their price."""

MILLISECOND_NS = 1_000_000
MINUTE_SECONDS = 60
EQUITY_SCALE = 10_000.0


class Side(msgspec.Struct, frozen=True):
    """One side of the book over a minute."""

    open: float
    high: float
    low: float
    close: float
    size: int


class Minute(msgspec.Struct, frozen=True):
    """What one minute of a contract held; a missing side is None."""

    start_ns: int
    bid: Side | None
    ask: Side | None
    trades: Bar | None


def has_minutes(root: Path) -> bool:
    """Tell whether `root` is a LEAN data folder."""
    return any((root / kind).is_dir() for kind in ("equity", "future"))


def read_minutes(
    root: Path, symbol: str, *, first: date, last: date, spread_ticks: int
) -> list[Segment]:
    """Return the segments of `symbol` over some days; of a future, the busiest month of each."""
    row = catalog.spec(symbol)
    is_future = row.security_type is SecurityType.FUTURE
    source = TWINS.get(symbol, symbol).lower()
    folder = _folder(root, source, is_future)
    by_contract: dict[str, list[Minute]] = {}
    for path in sorted(folder.glob("*_trade.zip")):
        day = date.fromisoformat(path.name[:8])
        if first <= day <= last:
            contract, minutes = _busiest(path, day, is_future)
            by_contract.setdefault(contract, []).extend(minutes)
    if not by_contract:
        raise TapeError(
            folder, f"no minutes of {symbol} between {first} and {last}", "choose other days"
        )
    return [
        _segment(_instrument(symbol, contract, first), minutes, spread_ticks)
        for contract, minutes in by_contract.items()
    ]


def days_of(root: Path, symbol: str) -> list[date]:
    """Return the days of which there are minutes."""
    is_future = catalog.spec(symbol).security_type is SecurityType.FUTURE
    folder = _folder(root, TWINS.get(symbol, symbol).lower(), is_future)
    return sorted(date.fromisoformat(path.name[:8]) for path in folder.glob("*_trade.zip"))


def _folder(root: Path, source: str, is_future: bool) -> Path:
    pattern = f"future/*/minute/{source}" if is_future else f"equity/usa/minute/{source}"
    found = sorted(root.glob(pattern))
    if not found:
        raise TapeError(root / pattern, "there is no such folder", "check folder and symbol")
    return found[0]


def _instrument(symbol: str, contract: str, on: date) -> Instrument:
    if not contract:
        return catalog.fund(symbol, on)
    return catalog.future(symbol, int(contract[:4]), int(contract[4:6]), on)


def _busiest(trade_path: Path, day: date, is_future: bool) -> tuple[str, list[Minute]]:
    """Return the contract with the largest volume of a day, and its minutes."""
    midnight_ns = moment_ns(day, time(0), "UTC" if is_future else NEW_YORK)
    scale = 1.0 if is_future else EQUITY_SCALE
    trades = {
        contract: _trade_bars(trade_path, fields, midnight_ns, scale)
        for contract, fields in _members(trade_path, is_future)
    }
    busiest = max(trades, key=lambda name: sum(bar.volume for bar in trades[name].values()))
    quote_path = trade_path.with_name(trade_path.name.replace("_trade", "_quote"))
    quotes: dict[int, tuple[Side | None, Side | None]] = {}
    if quote_path.is_file():
        for contract, fields in _members(quote_path, is_future):
            if contract == busiest:
                quotes = _quote_sides(quote_path, fields, midnight_ns, scale)
    moments = sorted(trades[busiest].keys() | quotes.keys())
    return busiest, [
        Minute(moment, *quotes.get(moment, (None, None)), trades[busiest].get(moment))
        for moment in moments
    ]


def _members(path: Path, is_future: bool) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield contract month (empty for equities) and rows of every member of a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                contract = name.removesuffix(".csv").rsplit("_", 1)[-1] if is_future else ""
                text = io.TextIOWrapper(archive.open(name), encoding="utf-8")
                yield contract, list(csv.reader(text))
    except zipfile.BadZipFile as error:
        raise TapeError(path, "the zip can't be read", "copy the file anew") from error


def _trade_bars(
    path: Path, rows: list[list[str]], midnight_ns: int, scale: float
) -> dict[int, Bar]:
    bars: dict[int, Bar] = {}
    for line, row in enumerate(rows, 1):
        try:
            start_ns = midnight_ns + int(row[0]) * MILLISECOND_NS
            opened, high, low, close = (float(field) / scale for field in row[1:5])
            bars[start_ns] = Bar(start_ns, MINUTE_SECONDS, opened, high, low, close, float(row[5]))
        except (ValueError, IndexError, InvalidValueError) as error:
            raise _bad_row(path, line, row) from error
    return bars


def _quote_sides(
    path: Path, rows: list[list[str]], midnight_ns: int, scale: float
) -> dict[int, tuple[Side | None, Side | None]]:
    quotes: dict[int, tuple[Side | None, Side | None]] = {}
    for line, row in enumerate(rows, 1):
        try:
            start_ns = midnight_ns + int(row[0]) * MILLISECOND_NS
            quotes[start_ns] = (_side(row[1:6], scale), _side(row[6:11], scale))
        except (ValueError, IndexError) as error:
            raise _bad_row(path, line, row) from error
    return quotes


def _side(fields: list[str], scale: float) -> Side | None:
    if not fields[0]:
        return None
    opened, high, low, close = (float(field) / scale for field in fields[:4])
    return Side(opened, high, low, close, max(1, round(float(fields[4] or 1))))


def _bad_row(path: Path, line: int, row: list[str]) -> TapeError:
    return TapeError(path, f"unreadable row {','.join(row)!r}", "copy the file anew", line=line)


def _segment(instrument: Instrument, minutes: list[Minute], spread_ticks: int) -> Segment:
    ticks = Ticks(instrument)
    updates: list[MarketUpdate] = []
    for minute in minutes:
        updates.extend(sorted(_play(instrument, minute, ticks, spread_ticks), key=_time))
    bars = [minute.trades for minute in minutes if minute.trades is not None]
    return of_updates(instrument, updates, bars)


def _time(update: MarketUpdate) -> int:
    return update.time_ns


def _play(
    instrument: Instrument, minute: Minute, ticks: Ticks, spread_ticks: int
) -> Iterator[MarketUpdate]:
    """Yield the books of a minute, then its trades; sorting by time keeps books first."""
    name = instrument.instrument_id
    bid, ask, trades = minute.bid, minute.ask, minute.trades
    if bid is not None or ask is not None:
        bids = _along(minute.start_ns, bid)
        asks = _along(minute.start_ns, ask)
        for place, moment_ns_ in enumerate(_moments(minute.start_ns)):
            bid_ticks = None if bids is None else ticks.nearest(bids[place])
            ask_ticks = None if asks is None else ticks.nearest(asks[place])
            if bid_ticks is not None and ask_ticks is not None and ask_ticks <= bid_ticks:
                # The extremes of the two sides needn't have met: never show a crossed book.
                ask_ticks = bid_ticks + 1
            yield BookUpdate(
                moment_ns_,
                name,
                bid_ticks,
                ask_ticks,
                0 if bid is None else bid.size,
                0 if ask is None else ask.size,
            )
    if trades is None:
        return
    left = round(trades.volume)
    for place, (moment_ns_, price) in enumerate(points(trades, BarPath.EXTREMES)):
        now = ticks.nearest(price)
        if bid is None and ask is None:
            low = now - spread_ticks // 2
            yield BookUpdate(moment_ns_, name, low, low + spread_ticks, 1, 1)
        traded = left // (4 - place)
        left -= traded
        if traded:
            yield TradeUpdate(moment_ns_, name, now, traded)


def _moments(start_ns: int) -> list[int]:
    flat = Bar(start_ns, MINUTE_SECONDS, 0.0, 0.0, 0.0, 0.0)
    return [moment for moment, _ in points(flat, BarPath.EXTREMES)]


def _along(start_ns: int, side: Side | None) -> list[float] | None:
    if side is None:
        return None
    bar = Bar(start_ns, MINUTE_SECONDS, side.open, side.high, side.low, side.close)
    return [price for _, price in points(bar, BarPath.EXTREMES)]
