"""The command line. Without a subcommand it runs the system.

Every flag of a setting defaults to "not said", so that it wins over the file only when given; the
help shows the default of `config.reference`. What is heavy is imported where it is used: help
comes at once.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from microfutures import __version__
from microfutures.app import arguments_flags as flags
from microfutures.app.arguments import (
    DEFAULT_SCENARIO,
    DEFAULT_SPEED,
    parse_duration,
    run_options,
)
from microfutures.app.backtest.cli import backtest
from microfutures.app.data.commands import data_app
from microfutures.app.optimize.cli import optimize
from microfutures.config import load_with_origins
from microfutures.model.errors import ConfigurationError, MicroFuturesError

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="microfutures",
    help="Trade micro futures at Interactive Brokers, or in a simulated market (--simulate).",
    invoke_without_command=True,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.add_typer(data_app)


@app.callback()
def run(
    context: typer.Context,
    host: flags.Host = None,
    port: flags.Port = None,
    client_id: flags.ClientId = None,
    config: flags.Config = None,
    capital: flags.Capital = None,
    log_dir: flags.LogDir = None,
    check_interval: flags.CheckInterval = None,
    log_interval: flags.LogInterval = None,
    display_interval: flags.DisplayInterval = None,
    display: flags.Display = None,
    keep_positions: flags.KeepPositions = None,
    live: flags.Live = False,
    simulate: flags.Simulate = None,
    data: flags.Data = None,
    tape_start: flags.TapeStart = None,
    tape_end: flags.TapeEnd = None,
    speed: flags.Speed = None,
    seed: flags.Seed = None,
    duration: flags.Duration = None,
    virtual_time: flags.VirtualTime = False,
    record: flags.RecordMarket = None,
) -> None:
    """Run the system until Ctrl+C, which closes all positions and saves the logs."""
    overrides: dict[str, object] = {
        "connection.host": host,
        "connection.port": port,
        "connection.client_id": client_id,
        "connection.live": live or None,
        "trading.initial_capital": capital,
        "trading.check_interval": check_interval,
        "trading.keep_positions": keep_positions,
        "logging.log_dir": log_dir,
        "logging.log_interval": log_interval,
        "display.display_interval": display_interval,
        "display.mode": display,
    }
    market: dict[str, Any] = {
        "simulate": simulate,
        "data": data,
        "tape_start": tape_start,
        "tape_end": tape_end,
        "speed": speed,
        "seed": seed,
        "record": record,
    }
    context.obj = (config, overrides)
    if context.invoked_subcommand is None:
        raise typer.Exit(_run(config, overrides, market, duration, virtual_time))
    _refuse_flags_before(context.invoked_subcommand, context.params)


def _run(
    config: Path | None,
    overrides: dict[str, object],
    market: dict[str, Any],
    duration: str | None,
    virtual_time: bool,
) -> int:
    loaded = load_with_origins(config, overrides)
    options = run_options(
        loaded,
        **market,
        duration_seconds=None if duration is None else parse_duration(duration),
        virtual_time=virtual_time,
    )
    from microfutures.app.headless import run_from_settings

    return run_from_settings(loaded.settings, options)


def _refuse_flags_before(command: str, given: dict[str, Any]) -> None:
    """Refuse what the subcommand would ignore; only `check-config` looks at flags before it."""
    names = [name for name, value in given.items() if value not in (None, False)]
    if names and command != "check-config":
        flag = "--" + names[0].replace("_", "-")
        raise ConfigurationError(f"{flag} belongs to a run; `{command}` has flags of its own")


@app.command()
def gateway(
    host: flags.GatewayHost = "127.0.0.1",
    port: flags.GatewayPort = 7497,
    scenario: flags.Scenario = None,
    data: flags.GatewayData = None,
    symbols: flags.Symbols = "MCL,USO",
    speed: flags.GatewaySpeed = DEFAULT_SPEED,
    seed: flags.GatewaySeed = None,
    cash: flags.Cash = 25_000,
    record: flags.Record = None,
    proxy: flags.Proxy = None,
    replay: flags.Replay = None,
    control_port: flags.ControlPort = None,
    state: flags.State = None,
) -> None:
    """Serve a simulated TWS to any TWS API client."""
    from microfutures.app.gateway.command import GatewayOptions, serve_gateway

    options = GatewayOptions(
        host=host,
        port=port,
        scenario=scenario,
        data=data,
        symbols=symbols,
        speed=speed,
        seed=seed,
        cash=cash,
        record=record,
        proxy=proxy,
        replay=replay,
        control_port=control_port,
        state=state,
    )
    raise typer.Exit(serve_gateway(options, on_line=_say))


app.command()(backtest)
app.command()(optimize)


@app.command()
def recording(path: flags.RecordingFile) -> None:
    """Print the messages of a recorded session, with their names."""
    from microfutures.app.gateway.recording_command import recording_lines

    for line in recording_lines(path):
        _say(line)


@app.command()
def init(
    path: flags.NewFile = Path("config.json"),
) -> None:
    """Write a commented configuration file."""
    from microfutures.app.init_command import write_starting_file

    write_starting_file(path)
    _say(f"wrote {path}; run `microfutures --config {path}`")


@app.command("check-config")
def check_config(
    context: typer.Context,
    path: flags.CheckedFile = None,
) -> None:
    """Check a configuration file and show it.

    Shows every setting in force and who said it: flag, file or default. Flags before the command
    count too: microfutures --port 7496 check-config FILE
    """
    from microfutures.app.check_config import effective_lines

    config, overrides = context.obj
    for line in effective_lines(path or config, overrides):
        _say(line)


@app.command()
def pause(log_dir: flags.DeskDir = Path("logs"), reason: flags.Reason = None) -> None:
    """Block entries of the running desk; exits run."""
    _command("pause", log_dir, reason)


@app.command()
def resume(log_dir: flags.DeskDir = Path("logs"), reason: flags.Reason = None) -> None:
    """Lift a pause, flatten, kill or halt."""
    _command("resume", log_dir, reason)


@app.command()
def flatten(log_dir: flags.DeskDir = Path("logs"), reason: flags.Reason = None) -> None:
    """Close every position of ours; no new entry until `resume`."""
    _command("flatten", log_dir, reason)


@app.command()
def kill(log_dir: flags.DeskDir = Path("logs"), reason: flags.Reason = None) -> None:
    """Cancel every order and send none, exits included, until `resume`."""
    _command("kill", log_dir, reason)


@app.command()
def status(log_dir: flags.DeskDir = Path("logs"), as_json: flags.AsJson = False) -> None:
    """Show how the running desk stands."""
    from microfutures.app.control_commands import status_lines

    for line in status_lines(log_dir, as_json=as_json):
        _say(line)


@app.command()
def risk(log_dir: flags.DeskDir = Path("logs")) -> None:
    """Show every rule of the risk gate, its limit and where it stands now."""
    from microfutures.app.control_commands import risk_lines

    for line in risk_lines(log_dir):
        _say(line)


@app.command()
def health(log_dir: flags.DeskDir = Path("logs")) -> None:
    """Show whether the running desk is ready to trade; exit code 1 if it is not."""
    from microfutures.app.control_commands import health_lines

    lines, code = health_lines(log_dir)
    for line in lines:
        _say(line)
    raise typer.Exit(code)


def _command(name: str, log_dir: Path, reason: str | None) -> None:
    from microfutures.app.control_commands import command_lines

    lines, code = command_lines(name, log_dir, reason)
    for line in lines:
        _say(line)
    raise typer.Exit(code)


@app.command("replay")
def replay_journal(
    day: flags.ReplayedDay = None,
    journal: flags.ReadJournal = Path("logs/journal.sqlite3"),
) -> None:
    """Replay the journal and compare every decision.

    Feeds the journaled events of DAY, or of all days, to a new engine and shows the first decision
    or order that does not come out the same. The desk may be running.
    """
    from microfutures.app.journal.replay_command import replay_lines

    lines, code = replay_lines(journal, day)
    for line in lines:
        _say(line)
    raise typer.Exit(code)


@app.command()
def report(
    journal: flags.ReadJournal = Path("logs/journal.sqlite3"),
    output: flags.Page = Path("tear-sheet.html"),
    title: Annotated[str | None, typer.Option("--title", help="of the page")] = None,
) -> None:
    """Write a tear sheet of the journal: one HTML file, and a summary here.

    The desk may be running.
    """
    from microfutures.app.journal.report_command import write_report

    write_report(journal, output, title=title)


@app.command()
def version() -> None:
    """Show the version."""
    _say(f"microfutures {__version__}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; an error is one line on standard error."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(args=with_default_scenario(given), standalone_mode=False)
    except typer.TyperException as error:
        _fail(f"{error.format_message()} (see --help)", BAD_INPUT)
    except ConfigurationError as error:
        _fail(str(error), BAD_INPUT)
    except MicroFuturesError as error:
        _fail(str(error), FAILED)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    sys.exit(code)


def with_default_scenario(arguments: list[str]) -> list[str]:
    """Return `arguments` with the scenario that a bare ``--simulate`` leaves out."""
    complete: list[str] = []
    for index, word in enumerate(arguments):
        complete.append(word)
        following = arguments[index + 1 : index + 2]
        if word == "--simulate" and (not following or following[0].startswith("-")):
            complete.append(DEFAULT_SCENARIO)
    return complete


def _say(line: str) -> None:
    typer.echo(line)


def _fail(text: str, code: int) -> None:
    typer.echo(f"error: {' '.join(text.split())}", err=True)
    sys.exit(code)
