"""The flags of the command line, one type each, so that a command reads as a list of them.

A flag of a setting gets its text, unit and default from `config.reference`, and is None unless
given: it wins over the file only then.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from microfutures.app.arguments import DEFAULT_SCENARIO, DEFAULT_SEED, DEFAULT_SPEED
from microfutures.config.reference import SETTINGS, default_words
from microfutures.model.expiry import ROLL_BUSINESS_DAYS

_ROWS = {row.path: row for row in SETTINGS}


def _setting(path: str, metavar: str) -> Any:  # noqa: ANN401 - as typer types it
    row = _ROWS[path]
    unit = f", {row.unit}" if row.unit else ""
    return option(row.flag, row.text + unit, metavar, default_words(path))


def option(name: str, text: str, metavar: str | None = None, default: object = None) -> Any:  # noqa: ANN401 - as typer types it
    """Return an option; `default` is said where a function's default can't say it."""
    shown = "" if default is None else f"  [default: {default}]"
    return typer.Option(name, help=text + shown, show_default=False, metavar=metavar)


Host = Annotated[str | None, _setting("connection.host", "HOST")]
Port = Annotated[int | None, _setting("connection.port", "PORT")]
ClientId = Annotated[int | None, _setting("connection.client_id", "ID")]
Config = Annotated[Path | None, option("--config", "path to a configuration file", "PATH", "none")]
Capital = Annotated[float | None, _setting("trading.initial_capital", "USD")]
LogDir = Annotated[str | None, _setting("logging.log_dir", "DIR")]
CheckInterval = Annotated[float | None, _setting("trading.check_interval", "SECONDS")]
LogInterval = Annotated[float | None, _setting("logging.log_interval", "SECONDS")]
DisplayInterval = Annotated[float | None, _setting("display.display_interval", "SECONDS")]

Display = Annotated[str | None, _setting("display.mode", "auto|rich|plain|none")]
KeepPositions = Annotated[
    bool | None,
    option(
        "--keep-positions/--close-positions",
        "leave positions open at exit, or close them",
        default="close",
    ),
]
Live = Annotated[bool, option("--live", _ROWS["connection.live"].text)]

_PACE = "simulated seconds for each real one"
_SEED = "names one simulated market"

Simulate = Annotated[
    str | None,
    option(
        "--simulate",
        f"trade in a simulated market; the scenario may be left out ({DEFAULT_SCENARIO})",
        "[SCENARIO]",
    ),
]
Data = Annotated[Path | None, option("--data", "simulate on the tapes in this folder", "DIR")]
Speed = Annotated[
    float | None,
    option("--speed", f"{_PACE}, also of a gateway that simulates", "N", f"{DEFAULT_SPEED:g}"),
]
Seed = Annotated[int | None, option("--seed", _SEED, "N", DEFAULT_SEED)]
TapeStart = Annotated[
    str | None, option("--from", "begin the tape here; what lies before warms it up", "DATE")
]
TapeEnd = Annotated[str | None, option("--to", "end the tape before this day or moment", "DATE")]
Duration = Annotated[str | None, option("--duration", "end after 90 (seconds), 10m or 2h", "TIME")]
VirtualTime = Annotated[bool, option("--virtual-time", "simulate as fast as the machine can")]

RecordMarket = Annotated[
    Path | None,
    option("--record", "store what is seen in this folder, for `data` and `backtest`", "DIR"),
]

GatewayHost = Annotated[str, option("--host", "address to listen on", "HOST", "127.0.0.1")]
GatewayPort = Annotated[int, option("--port", "port to listen on; 0 takes any", "PORT", 7497)]
GatewayData = Annotated[
    Path | None, option("--data", "play the tapes in this folder instead", "DIR")
]
GatewaySpeed = Annotated[float, option("--speed", _PACE, "N", f"{DEFAULT_SPEED:g}")]
GatewaySeed = Annotated[int | None, option("--seed", _SEED, "N", DEFAULT_SEED)]
Scenario = Annotated[
    str | None,
    option("--scenario", "market to simulate, or a TOML file of faults", "NAME", DEFAULT_SCENARIO),
]
ControlPort = Annotated[
    int | None, option("--control-port", "port to ask for faults on; 0 takes any", "PORT", "none")
]
State = Annotated[
    Path | None, option("--state", "keep the account in this file, over a kill too", "FILE")
]
Symbols = Annotated[str, option("--symbols", "products to list", "LIST", "MCL,USO")]
Record = Annotated[
    Path | None, option("--record", "add every message to this file, accounts masked", "FILE")
]
Proxy = Annotated[
    str | None, option("--proxy", "stand in front of this TWS and record it", "HOST:PORT")
]
Replay = Annotated[Path | None, option("--replay", "serve what this recording holds", "FILE")]
Cash = Annotated[float, option("--cash", "cash of the paper account", "USD", 25_000)]

BacktestData = Annotated[
    list[str],
    option("--data", "folder of tapes, a store, or SYMBOL=FILE; may be repeated", "PATH"),
]
BarSize = Annotated[
    str | None, option("--bar-size", "bars to play, like 5m", "SIZE", "finest that all have")
]
PlayedPart = Annotated[
    str,
    option(
        "--bar-path",
        "what is played of a bar: ends (open and close), closes or extremes",
        "PART",
        "ends",
    ),
]
TimeZone = Annotated[
    str | None, option("--time-zone", "of moments in files that name none", "ZONE", "refused")
]
SpreadTicks = Annotated[
    int, option("--spread-ticks", "between bid and ask where a tape has no quotes", "N", 1)
]
RollDays = Annotated[
    int,
    option(
        "--roll-days",
        "business days before its last that a month is left: 7 like the live desk; 2 where a tape "
        "has one month at a time, as vendors string them",
        "N",
        ROLL_BUSINESS_DAYS,
    ),
]
Latency = Annotated[
    float, option("--latency", "seconds that an order and its answer take each", "SECONDS", 0.25)
]
Output = Annotated[
    Path,
    option(
        "--output", "folder for the results; what it held is replaced", "DIR", "backtest-result"
    ),
]
KeepJournal = Annotated[
    bool,
    option(
        "--journal/--no-journal",
        "write every event down, like a live day; takes longer than the backtest",
        default="journal",
    ),
]

NewFile = Annotated[
    Path, typer.Argument(help="file to write  [default: config.json]", show_default=False)
]
RecordingFile = Annotated[
    Path, typer.Argument(help="recording to print", show_default=False, metavar="FILE")
]
CheckedFile = Annotated[
    Path | None, typer.Argument(help="file to check", show_default=False, metavar="PATH")
]
ReplayedDay = Annotated[
    str | None, typer.Argument(help="day to replay, UTC", show_default=False, metavar="DAY")
]
ReadJournal = Annotated[
    Path, option("--journal", "journal to read", "FILE", "logs/journal.sqlite3")
]
Page = Annotated[
    Path,
    typer.Option(
        "--output",
        "--out",
        help="page to write  [default: tear-sheet.html]",
        metavar="FILE",
        show_default=False,
    ),
]

DeskDir = Annotated[Path, option("--log-dir", "log directory of the running desk", "DIR", "logs")]
Reason = Annotated[str | None, option("--reason", "why, for the log", "TEXT")]
AsJson = Annotated[bool, option("--json", "as one JSON object")]
