"""The store as a tape: its bars played to a venue, the contract months as they were held."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from microfutures.adapters.tapes.errors import TapeError
from microfutures.adapters.tapes.load import TapeOptions, bar_segments, join_segments
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.adapters.tapes.segment import Segment, of_bars
from microfutures.model import catalog
from microfutures.model.expiry import month_of_code
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar
from microfutures.model.timestamp import to_datetime

if TYPE_CHECKING:
    from microfutures.adapters.store.series import Series
    from microfutures.adapters.store.store import MarketStore

DAY_SECONDS = 86_400
WARM_UP = timedelta(days=7)


def is_store(path: Path) -> bool:
    """Tell whether a folder is a store with bars in it; needs no library to tell."""
    return next(path.glob("*/bars_*/[12]???*.parquet"), None) is not None


def load_stored(
    path: Path,
    *,
    symbols: Sequence[str],
    start: datetime | None = None,
    end: datetime | None = None,
    options: TapeOptions | None = None,
) -> TapeMarket:
    """Return the market that the stored bars of `symbols` make, of the finest size all have.

    A product is played from its front month as a vendor strung it together (``MCL/bars_1m``), or
    from its single months (``MCLK26/bars_1m``).

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
        segments: list[Segment] = []
        for series in every:
            bars = _bars(store, series, since, end)
            if not bars:
                continue
            if series.instrument == symbol:
                segments += bar_segments(symbol, bars, chosen)
            else:
                contract = _contract(symbol, series.instrument, bars[0].start_ns)
                segments.append(
                    of_bars(contract, bars, spread_ticks=chosen.spread_ticks, path=chosen.path)
                )
        if not segments:
            stretch = f"{start or 'the first'} to {end or 'the last'}"
            raise TapeError(path, f"no bars of {symbol} from {stretch}", "see `data list`")
        parts.append(segments)
    names = ", ".join(str(every[0]) for every in found.values())
    return join_segments(parts, f"stored tape: {names}", start=start, end=end)


def _finest(
    path: Path, store: "MarketStore", symbols: Sequence[str], size: str | None
) -> dict[str, list["Series"]]:
    """Return the series of each symbol, all of one size: the front month, or single months."""
    from microfutures.adapters.store.series import Kind, product_of, seconds_of

    by_size: dict[str, dict[str, list[Series]]] = {}
    for series in store.series():
        product = product_of(series.instrument)
        is_ours = product in symbols and "~" not in series.instrument
        if series.kind is Kind.BARS and is_ours and (series.seconds or 0) < DAY_SECONDS:
            of_size = by_size.setdefault(series.resolution, {})
            of_size.setdefault(str(product), []).append(series)
    sizes = [size] if size else sorted(by_size, key=seconds_of)
    for each in sizes:
        found = by_size.get(each, {})
        if all(symbol in found for symbol in symbols):
            return {symbol: _front_or_months(symbol, found[symbol]) for symbol in symbols}
    known = ", ".join(str(series) for series in store.series()[:12])
    raise TapeError(
        path,
        f"no size of bars below a day that all of {', '.join(symbols)} have; found {known}",
        "import what is missing with `microfutures data import`",
    )


def _front_or_months(symbol: str, every: list["Series"]) -> list["Series"]:
    front = [series for series in every if series.instrument == symbol]
    return front or every


def _bars(
    store: "MarketStore", series: "Series", start: datetime | None, end: datetime | None
) -> list[Bar]:
    import pyarrow as pa

    table = store.read(series, start, end)
    seconds = series.seconds or 0
    columns = [table[name].to_pylist() for name in ("open", "high", "low", "close")]
    volumes = table["volume"].fill_null(0.0).to_pylist()
    moments = table["time"].cast(pa.int64()).to_pylist()
    return [
        Bar(moment, seconds, *prices)
        for moment, *prices in zip(moments, *columns, volumes, strict=True)
    ]


def _contract(symbol: str, name: str, moment_ns: int) -> Instrument:
    year, month = 2000 + int(name[-2:]), month_of_code(name[-3])
    return catalog.future(symbol, year, month, to_datetime(moment_ns).date())
