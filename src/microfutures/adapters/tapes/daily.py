"""Daily files: settlements of a futures chain by contract, and daily bars of a fund with splits."""

from datetime import date, time
from fractions import Fraction
from pathlib import Path

from microfutures.adapters.tapes.contracts import trading_day
from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.paths import BarPath, Ticks
from microfutures.adapters.tapes.rows import Row, find_column, number, optional_number, read_rows
from microfutures.adapters.tapes.segment import Segment, of_bars, of_updates
from microfutures.adapters.tapes.tables import BAR_COLUMNS
from microfutures.adapters.tapes.times import TIME_COLUMNS, read_date
from microfutures.model import catalog
from microfutures.model.errors import InvalidValueError
from microfutures.model.expiry import month_of_code
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND
from microfutures.model.trading_hours import NEW_YORK, moment_ns
from microfutures.venue.messages import BookUpdate, MarketUpdate, SplitUpdate, TradeUpdate

SETTLEMENT_COLUMNS = ("contract", "settle")
# NYMEX settles crude oil at 14:30 New York. A file of settlements has no volume: a round lot.
SETTLEMENT_TIME = time(14, 30)
SETTLEMENT_SIZE = 100
SPLIT_TIME = time(4)
OPEN_TIME, CLOSE_TIME = time(9, 30), time(16)


def read_settlements(path: Path, symbol: str, spread_ticks: int) -> list[Segment]:
    """Return a segment a contract month of a file with date, contract and settle.

    Contracts are spelled with two digits of the year, because such files span decades. The
    contract's letters before the month are ignored: settlements of ``CL`` serve ``MCL`` too.
    """
    columns, rows = read_rows(path)
    day_column = find_column(path, columns, TIME_COLUMNS, "the date")
    by_contract: dict[str, list[tuple[date, float]]] = {}
    before: date | None = None
    for row in rows:
        day = read_date(path, row, day_column)
        if before is not None and day < before:
            raise TapeError(path, "the date goes back", "sort the file by date", line=row.line)
        before = day
        days = by_contract.setdefault(str(row.values["contract"]).strip(), [])
        if days and days[-1][0] == day:
            raise TapeError(
                path, "the contract's day of a row before again", "keep one", line=row.line
            )
        days.append((day, number(path, row, "settle")))
    if not by_contract:
        raise TapeError(path, "the file has no rows", "give a file with rows")
    segments: list[Segment] = []
    for name, days in by_contract.items():
        instrument = _contract(path, symbol, name, days[0][0])
        # A micro stops a day before the contract whose settlements it is given.
        end = instrument.last_trade_date or date.max
        traded = [(day, settle) for day, settle in days if day <= end]
        if traded:
            segments.append(_settled(instrument, traded, spread_ticks))
    return segments


def _contract(path: Path, symbol: str, name: str, on: date) -> Instrument:
    code, digits = name[-3:-2], name[-2:]
    try:
        month = month_of_code(code)
        year = 2000 + int(digits)
    except (InvalidValueError, ValueError) as error:
        raise TapeError(path, f"{name!r} is no contract", "write contracts like CLZ25") from error
    return catalog.future(symbol, year, month, on, year_digits=2)


def _settled(instrument: Instrument, days: list[tuple[date, float]], spread_ticks: int) -> Segment:
    ticks, name = Ticks(instrument), instrument.instrument_id
    updates: list[MarketUpdate] = []
    bars: list[Bar] = []
    for day, settle in days:
        # A moment before the contract's end, which on its last day is the settlement itself.
        time_ns = moment_ns(day, SETTLEMENT_TIME, NEW_YORK) - NANOSECONDS_PER_SECOND
        price = ticks.nearest(settle)
        bid = price - spread_ticks // 2
        size = SETTLEMENT_SIZE
        updates.append(BookUpdate(time_ns, name, bid, bid + spread_ticks, size, size))
        updates.append(TradeUpdate(time_ns, name, price, size))
        bars.append(Bar(time_ns, 1, settle, settle, settle, settle, float(size)))
    return of_updates(instrument, updates, bars)


def read_daily_bars(path: Path, symbol: str, spread_ticks: int, bar_path: BarPath) -> Segment:
    """Return the segment of a file of daily bars, each played over its regular session.

    A ``split_coefficient`` other than 1 becomes a split before that day's session.
    """
    columns, rows = read_rows(path)
    day_column = find_column(path, columns, TIME_COLUMNS, "the date")
    for name in BAR_COLUMNS:
        find_column(path, columns, (name,), f"the {name}")
    bars: list[Bar] = []
    splits: list[SplitUpdate] = []
    before: date | None = None
    for row in rows:
        day = read_date(path, row, day_column)
        if before is not None and day <= before:
            raise TapeError(path, "the date goes back", "sort the file by date", line=row.line)
        before = day
        bars.append(_daily_bar(path, row, symbol, day))
        ratio = optional_number(path, row, "split_coefficient", 1.0)
        if ratio != 1.0:
            exact = Fraction(ratio).limit_denominator(1000)
            time_ns = moment_ns(day, SPLIT_TIME, NEW_YORK)
            splits.append(
                SplitUpdate(time_ns, InstrumentId(symbol), exact.numerator, exact.denominator)
            )
    if not bars:
        raise TapeError(path, "the file has no rows", "give a file with rows")
    instrument = catalog.fund(symbol, trading_day(bars[0].start_ns))
    return of_bars(instrument, bars, spread_ticks=spread_ticks, path=bar_path, splits=splits)


def _daily_bar(path: Path, row: Row, symbol: str, day: date) -> Bar:
    _, liquid = catalog.sessions(symbol, day, day)
    if liquid:
        open_ns, close_ns = liquid[0].open_ns, liquid[0].close_ns
    else:
        # The file knows of a session that the holiday rules deny: believe the file.
        open_ns = moment_ns(day, OPEN_TIME, NEW_YORK)
        close_ns = moment_ns(day, CLOSE_TIME, NEW_YORK)
    seconds = (close_ns - open_ns) // NANOSECONDS_PER_SECOND
    opened, high, low, close = (number(path, row, name) for name in BAR_COLUMNS)
    if not low <= min(opened, close) <= max(opened, close) <= high:
        raise TapeError(
            path,
            f"open {opened} and close {close} must lie between low {low} and high {high}",
            "correct the row or leave it out",
            line=row.line,
        )
    volume = optional_number(path, row, "volume", 0.0)
    return Bar(open_ns, seconds, opened, high, low, close, volume)
