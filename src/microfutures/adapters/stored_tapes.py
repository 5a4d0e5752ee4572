"""The store as a tape: its bars played to a venue, the contract months as they were held."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from microfutures.adapters.tapes.bar_columns import BarColumns
from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.load import (
    TapeOptions,
    bar_segments,
    join_segments,
    quote_segment,
)
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.segment import Segment, of_bars
from microfutures.adapters.tapes.tables import QuoteRow
from microfutures.model import catalog
from microfutures.model.expiry import month_of_code
from microfutures.model.instrument import Instrument
from microfutures.model.timestamp import to_datetime

if TYPE_CHECKING:
    from microfutures.adapters.store.series import Series
    from microfutures.adapters.store.store import MarketStore

DAY_SECONDS = 86_400
BAR_PRICES = ("open", "high", "low", "close")
QUOTES = "quotes_tick"
QUOTE_SIZE = "quotes"
"""What ``--bar-size`` calls them."""
WARM_UP = timedelta(days=7)


def is_store(path: Path) -> bool:
    """Tell whether a folder is a store with bars in it; needs no library to tell."""
    folders = ("bars_*", QUOTES)
    return any(next(path.glob(f"*/{each}/[12]???*.parquet"), None) for each in folders)


def load_stored(
    path: Path,
    *,
    symbols: Sequence[str],
    start: datetime | None = None,
    end: datetime | None = None,
    options: TapeOptions | None = None,
) -> TapeMarket:
    """Return the market that the stored bars of `symbols` make, of the finest size all have.

    Quotes are played when they are asked for, or where there are no bars. A product is played
    from its front month as a vendor strung it together (``MCL/bars_1m``), or from its single
    months (``MCLK26/bars_1m``).

    Raises
    ------
    TapeError
        If there is no size that all symbols have, or no row in the stretch asked for.
    """
    from microfutures.adapters.store.store import MarketStore

    chosen = options or TapeOptions()
    store = MarketStore(path)
    found = _finest(path, store, symbols, chosen.bar_size)
    since = None if start is None else start - WARM_UP
    parts: list[list[Segment]] = []
    for symbol, every in found.items():
        segments = [
            segment
            for series in every
            for segment in _segments(store, series, symbol, (since, end), chosen)
        ]
        if not segments:
            stretch = f"{start or 'the first'} to {end or 'the last'}"
            raise TapeError(path, f"no rows of {symbol} from {stretch}", "see `data list`")
        parts.append(segments)
    names = ", ".join(str(every[0]) for every in found.values())
    return join_segments(parts, f"stored tape: {names}", start=start, end=end, options=chosen)


def _segments(
    store: "MarketStore",
    series: "Series",
    symbol: str,
    between: tuple[datetime | None, datetime | None],
    options: TapeOptions,
) -> list[Segment]:
    """Return what a series plays in a stretch: one contract, or the front months of a product."""
    if str(series).endswith(QUOTES):
        quotes = _quotes(store, series, *between)
        if not quotes:
            return []
        return [quote_segment(_contract(symbol, series.instrument, quotes[0].time_ns), quotes)]
    bars = _bars(store, series, *between)
    if not bars:
        return []
    if series.instrument == symbol:
        return bar_segments(symbol, bars, options)
    contract = _contract(symbol, series.instrument, bars[0].start_ns)
    return [of_bars(contract, bars, spread_ticks=options.spread_ticks, path=options.path)]


def _finest(
    path: Path, store: "MarketStore", symbols: Sequence[str], size: str | None
) -> dict[str, list["Series"]]:
    """Return the series of each symbol, all of one size: the front month, or single months."""
    from microfutures.adapters.store.series import Kind, product_of, seconds_of

    by_size: dict[str, dict[str, list[Series]]] = {}
    for series in store.series():
        product = product_of(series.instrument)
        if product not in symbols or "~" in series.instrument:
            continue
        if series.kind is Kind.QUOTES:
            name = QUOTE_SIZE
        elif series.kind is Kind.BARS and (series.seconds or 0) < DAY_SECONDS:
            name = series.resolution
        else:
            continue
        by_size.setdefault(name, {}).setdefault(str(product), []).append(series)
    bars = sorted((each for each in by_size if each != QUOTE_SIZE), key=seconds_of)
    for each in [size] if size else [*bars, QUOTE_SIZE]:
        found = by_size.get(each, {})
        if all(symbol in found for symbol in symbols):
            return {symbol: _front_or_months(symbol, found[symbol]) for symbol in symbols}
    known = ", ".join(str(series) for series in store.series()[:12])
    raise TapeError(
        path,
        f"no size of bars below a day, and no quotes, that all of {', '.join(symbols)} have; "
        f"found {known}",
        "import what is missing with `microfutures data import`",
    )


def _front_or_months(symbol: str, every: list["Series"]) -> list["Series"]:
    front = [series for series in every if series.instrument == symbol]
    return front or every


def _bars(
    store: "MarketStore", series: "Series", start: datetime | None, end: datetime | None
) -> BarColumns:
    import pyarrow as pa

    table = store.read(series, start, end)
    opens, highs, lows, closes = (table[each].to_numpy() for each in BAR_PRICES)
    return BarColumns(
        series.seconds or 0,
        table["time"].cast(pa.int64()).to_numpy(),
        (opens, highs, lows, closes),
        table["volume"].fill_null(0.0).to_numpy(),
    )


def _quotes(
    store: "MarketStore", series: "Series", start: datetime | None, end: datetime | None
) -> list[QuoteRow]:
    import pyarrow as pa

    table = store.read(series, start, end)
    moments = table["time"].cast(pa.int64()).to_pylist()
    prices = [table[name].to_pylist() for name in ("bid", "ask")]
    sizes = [table[name].fill_null(0.0).to_pylist() for name in ("bid_size", "ask_size")]
    last, last_size = table["last"].to_pylist(), table["last_size"].fill_null(0.0).to_pylist()
    return [QuoteRow(*row) for row in zip(moments, *prices, *sizes, last, last_size, strict=True)]


def _contract(symbol: str, name: str, moment_ns: int) -> Instrument:
    today = to_datetime(moment_ns).date()
    if name == symbol:
        return catalog.fund(symbol, today)
    year, month = 2000 + int(name[-2:]), month_of_code(name[-3])
    return catalog.future(symbol, year, month, today)
