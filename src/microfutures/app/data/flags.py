"""The flags of `microfutures data`, one type each, so that a command reads as a list of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

DEFAULT_STORE = Path("market-data")


def _flag(name: str, text: str, metavar: str | None = None, *, default: str | None = None) -> Any:  # noqa: ANN401 - as typer types it
    """Return an option; `default` is said where a function's default can't say it."""
    said = "" if default is None else f"  [default: {default}]"
    return typer.Option(name, help=text + said, metavar=metavar)


Store = Annotated[Path, _flag("--store", "folder of the store", "DIR")]
Series = Annotated[
    str, typer.Argument(help="series as `data list` shows it", metavar="SERIES", show_default=False)
]
SeriesToCheck = Annotated[
    list[str] | None,
    typer.Argument(help="series to check  [default: all]", metavar="SERIES", show_default=False),
]
Start = Annotated[str | None, _flag("--from", "begin here, UTC", "DATE")]
End = Annotated[str | None, _flag("--to", "end before this day or moment, UTC", "DATE")]
Rows = Annotated[int, _flag("--rows", "of the head and of the tail", "N")]

Paths = Annotated[
    list[Path],
    typer.Argument(help="CSV, Parquet, LEAN zips or folder, or a journal", metavar="PATH..."),
]
Instrument = Annotated[
    str | None, _flag("--instrument", "like MCL, MCLK26 or USO", "NAME", default="guessed")
]
Column = Annotated[
    list[str] | None,
    _flag("--column", "what a column means, like close=last; repeat it", "ROLE=NAME"),
]
Resolution = Annotated[
    str | None, _flag("--resolution", "like 1m, 5m, 1h or 1d", "SIZE", default="guessed")
]
TimeZone = Annotated[str | None, _flag("--time-zone", "of moments that don't say theirs", "ZONE")]
TimeFormat = Annotated[
    str | None, _flag("--time-format", "like '%m/%d/%Y %H:%M'", "PATTERN", default="ISO 8601")
]
Stamp = Annotated[str, _flag("--stamp", "which end of a bar its time is", "start|end")]
OnConflict = Annotated[
    str, _flag("--on-conflict", "when the store has other numbers", "refuse|keep|replace")
]
SkipBadRows = Annotated[bool, _flag("--skip-bad-rows", "leave impossible rows out and count them")]
Yes = Annotated[bool, _flag("--yes", "take the guess without asking")]

Adjust = Annotated[str, _flag("--adjust", "how months are joined", "difference|ratio|none")]
RollDays = Annotated[
    int, _flag("--roll-days", "business days before the last trading day to leave a month", "N")
]
Calendar = Annotated[
    Path | None,
    _flag("--calendar", "leave months by this file of date,contract instead", "FILE"),
]
Window = Annotated[
    int | None, _flag("--window", "rows of the rolling numbers", "N", default="a fifth of all")
]
InLogs = Annotated[bool, _flag("--logs", "of logarithms; the hedge ratio is then one of values")]

Symbols = Annotated[
    list[str],
    typer.Argument(
        help="products, like MCL USO; of a future, its front month", metavar="SYMBOL..."
    ),
]
DownloadResolution = Annotated[str, _flag("--resolution", "like 1s, 5s, 1m, 5m or 1h", "SIZE")]
Host = Annotated[str, _flag("--host", "where TWS or IB Gateway runs", "HOST")]
Port = Annotated[int, _flag("--port", "its API port", "PORT")]
ClientId = Annotated[int, _flag("--client-id", "unlike that of a running desk", "ID")]
