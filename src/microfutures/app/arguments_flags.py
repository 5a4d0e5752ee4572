"""The flags of the command line, one type each, so that a command reads as a list of them.

A flag of a setting gets its text, unit and default from `config.reference`, and is None unless
given: it wins over the file only then.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from microfutures.app.arguments import DEFAULT_SCENARIO, DEFAULT_SEED, DEFAULT_SPEED
from microfutures.config.reference import SETTINGS, default_words

_ROWS = {row.path: row for row in SETTINGS}


def _setting(path: str, metavar: str) -> Any:  # noqa: ANN401 - as typer types it
    row = _ROWS[path]
    unit = f", {row.unit}" if row.unit else ""
    return _flag(row.flag, row.text + unit, metavar, default_words(path))


def _flag(name: str, text: str, metavar: str | None = None, default: object = None) -> Any:  # noqa: ANN401 - as typer types it
    shown = "" if default is None else f"  [default: {default}]"
    return typer.Option(name, help=text + shown, show_default=False, metavar=metavar)


Host = Annotated[str | None, _setting("connection.host", "HOST")]
Port = Annotated[int | None, _setting("connection.port", "PORT")]
ClientId = Annotated[int | None, _setting("connection.client_id", "ID")]
Config = Annotated[Path | None, _flag("--config", "path to a configuration file", "PATH", "none")]
Capital = Annotated[float | None, _setting("trading.initial_capital", "USD")]
LogDir = Annotated[str | None, _setting("logging.log_dir", "DIR")]
CheckInterval = Annotated[float | None, _setting("trading.check_interval", "SECONDS")]
LogInterval = Annotated[float | None, _setting("logging.log_interval", "SECONDS")]
DisplayInterval = Annotated[float | None, _setting("display.display_interval", "SECONDS")]

Display = Annotated[str | None, _setting("display.mode", "auto|rich|plain|none")]
KeepPositions = Annotated[
    bool | None,
    _flag(
        "--keep-positions/--close-positions",
        "leave positions open at exit, or close them",
        default="close",
    ),
]
Live = Annotated[bool, _flag("--live", _ROWS["connection.live"].text)]

_PACE = "simulated seconds for each real one"
_SEED = "names one simulated market"

Simulate = Annotated[
    str | None,
    _flag(
        "--simulate",
        f"trade in a simulated market; the scenario may be left out ({DEFAULT_SCENARIO})",
        "[SCENARIO]",
    ),
]
Data = Annotated[Path | None, _flag("--data", "simulate on the tapes in this folder", "DIR")]
Speed = Annotated[
    float | None,
    _flag("--speed", f"{_PACE}, also of a gateway that simulates", "N", f"{DEFAULT_SPEED:g}"),
]
Seed = Annotated[int | None, _flag("--seed", _SEED, "N", DEFAULT_SEED)]
TapeStart = Annotated[
    str | None, _flag("--from", "begin the tape here; what lies before warms it up", "DATE")
]
TapeEnd = Annotated[str | None, _flag("--to", "end the tape before this day or moment", "DATE")]
Duration = Annotated[str | None, _flag("--duration", "end after 90 (seconds), 10m or 2h", "TIME")]
VirtualTime = Annotated[bool, _flag("--virtual-time", "simulate as fast as the machine can")]

GatewayHost = Annotated[str, _flag("--host", "address to listen on", "HOST", "127.0.0.1")]
GatewayPort = Annotated[int, _flag("--port", "port to listen on; 0 takes any", "PORT", 7497)]
GatewayData = Annotated[
    Path | None, _flag("--data", "play the tapes in this folder instead", "DIR")
]
GatewaySpeed = Annotated[float, _flag("--speed", _PACE, "N", f"{DEFAULT_SPEED:g}")]
GatewaySeed = Annotated[int | None, _flag("--seed", _SEED, "N", DEFAULT_SEED)]
Scenario = Annotated[
    str | None,
    _flag("--scenario", "market to simulate, or a TOML file of faults", "NAME", DEFAULT_SCENARIO),
]
ControlPort = Annotated[
    int | None, _flag("--control-port", "port to ask for faults on; 0 takes any", "PORT", "none")
]
State = Annotated[
    Path | None, _flag("--state", "keep the account in this file, over a kill too", "FILE")
]
Symbols = Annotated[str, _flag("--symbols", "products to list", "LIST", "MCL,USO")]
Record = Annotated[
    Path | None, _flag("--record", "add every message to this file, accounts masked", "FILE")
]
Proxy = Annotated[
    str | None, _flag("--proxy", "stand in front of this TWS and record it", "HOST:PORT")
]
Replay = Annotated[Path | None, _flag("--replay", "serve what this recording holds", "FILE")]
Cash = Annotated[float, _flag("--cash", "cash of the paper account", "USD", 25_000)]

BacktestData = Annotated[
    list[str],
    _flag("--data", "folder of tapes, a store, or SYMBOL=FILE; may be repeated", "PATH"),
]
BarSize = Annotated[
    str | None, _flag("--bar-size", "bars to play, like 5m", "SIZE", "finest that all have")
]
PlayedPart = Annotated[
    str,
    _flag(
        "--bar-path",
        "what is played of a bar: ends (open and close), closes or extremes",
        "PART",
        "ends",
    ),
]
TimeZone = Annotated[
    str | None, _flag("--time-zone", "of moments in files that name none", "ZONE", "refused")
]
SpreadTicks = Annotated[
    int, _flag("--spread-ticks", "between bid and ask where a tape has no quotes", "N", 1)
]
Latency = Annotated[
    float, _flag("--latency", "seconds that an order and its answer take each", "SECONDS", 0.25)
]
Output = Annotated[
    Path,
    _flag("--output", "folder for the results; what it held is replaced", "DIR", "backtest-result"),
]
KeepJournal = Annotated[
    bool,
    _flag(
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
ReplayedJournal = Annotated[
    Path, _flag("--journal", "journal to replay", "FILE", "logs/journal.sqlite3")
]

DeskDir = Annotated[Path, _flag("--log-dir", "log directory of the running desk", "DIR", "logs")]
Reason = Annotated[str | None, _flag("--reason", "why, for the log", "TEXT")]
AsJson = Annotated[bool, _flag("--json", "as one JSON object")]
