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
from microfutures.config.reference import SETTINGS, default_words
from microfutures.model.errors import ConfigurationError, MicroFuturesError

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
DEFAULT_SCENARIO = "demo"

app = typer.Typer(
    name="microfutures",
    help="Trade micro futures at Interactive Brokers, or in a simulated market (--simulate).",
    invoke_without_command=True,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

_ROWS = {row.path: row for row in SETTINGS}


def _flag(path: str, *, metavar: str | None = None) -> Any:  # noqa: ANN401 - as typer types it
    """Return the option of the setting at `path`, its help made from the table."""
    row = _ROWS[path]
    unit = f", {row.unit}" if row.unit else ""
    text = f"{row.text}{unit}  [default: {default_words(path)}]"
    return typer.Option(row.flag, help=text, show_default=False, metavar=metavar)


def _option(name: str, text: str, *, metavar: str | None = None, default: object = None) -> Any:  # noqa: ANN401 - as typer types it
    shown = "" if default is None else f"  [default: {default}]"
    return typer.Option(name, help=text + shown, show_default=False, metavar=metavar)


@app.callback()
def run(
    context: typer.Context,
    host: Annotated[str | None, _flag("connection.host", metavar="HOST")] = None,
    port: Annotated[int | None, _flag("connection.port", metavar="PORT")] = None,
    client_id: Annotated[int | None, _flag("connection.client_id", metavar="ID")] = None,
    config: Annotated[
        Path | None,
        _option("--config", "path to a configuration file", metavar="PATH", default="none"),
    ] = None,
    capital: Annotated[float | None, _flag("trading.initial_capital", metavar="USD")] = None,
    log_dir: Annotated[str | None, _flag("logging.log_dir", metavar="DIR")] = None,
    check_interval: Annotated[
        float | None, _flag("trading.check_interval", metavar="SECONDS")
    ] = None,
    log_interval: Annotated[float | None, _flag("logging.log_interval", metavar="SECONDS")] = None,
    display_interval: Annotated[
        float | None, _flag("display.display_interval", metavar="SECONDS")
    ] = None,
    display: Annotated[str | None, _flag("display.mode", metavar="MODE")] = None,
    keep_positions: Annotated[
        bool | None,
        typer.Option(
            "--keep-positions/--close-positions",
            help="leave positions open at exit, or close them  [default: close]",
            show_default=False,
        ),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help=_ROWS["connection.live"].text, show_default=False)
    ] = False,
    simulate: Annotated[
        str | None,
        _option(
            "--simulate",
            f"trade in a simulated market; the scenario may be left out ({DEFAULT_SCENARIO})",
            metavar="[SCENARIO]",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        _option("--data", "simulate on the tapes in this folder", metavar="DIR"),
    ] = None,
    speed: Annotated[
        float | None,
        _option("--speed", "simulated seconds for each real one", metavar="N", default="1"),
    ] = None,
    seed: Annotated[
        int | None, _option("--seed", "names one simulated market", metavar="N", default="1")
    ] = None,
    duration: Annotated[
        str | None,
        _option("--duration", "end after 90 (seconds), 10m or 2h", metavar="TIME"),
    ] = None,
    virtual_time: Annotated[
        bool,
        typer.Option(
            "--virtual-time", help="simulate as fast as the machine can", show_default=False
        ),
    ] = False,
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
    market: dict[str, Any] = {"simulate": simulate, "data": data, "speed": speed, "seed": seed}
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
    from microfutures.app.arguments import parse_duration, run_options
    from microfutures.config.loading import load_with_origins

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
    host: Annotated[
        str, _option("--host", "address to listen on", metavar="HOST", default="127.0.0.1")
    ] = "127.0.0.1",
    port: Annotated[
        int, _option("--port", "port to listen on; 0 takes any", metavar="PORT", default=7497)
    ] = 7497,
    scenario: Annotated[
        str | None,
        _option("--scenario", "market to simulate", metavar="NAME", default=DEFAULT_SCENARIO),
    ] = None,
    data: Annotated[
        Path | None, _option("--data", "play the tapes in this folder instead", metavar="DIR")
    ] = None,
    symbols: Annotated[
        str, _option("--symbols", "products to list", metavar="LIST", default="MCL,USO")
    ] = "MCL,USO",
    speed: Annotated[
        float,
        _option("--speed", "simulated seconds for each real one", metavar="N", default="1"),
    ] = 1.0,
    seed: Annotated[
        int, _option("--seed", "names one simulated market", metavar="N", default="1")
    ] = 1,
    cash: Annotated[
        float, _option("--cash", "cash of the paper account, USD", metavar="USD", default=25_000)
    ] = 25_000,
) -> None:
    """Serve a simulated TWS to any TWS API client."""
    from microfutures.app.gateway_command import GatewayOptions, serve_gateway

    options = GatewayOptions(
        host=host,
        port=port,
        scenario=scenario,
        data=data,
        symbols=symbols,
        speed=speed,
        seed=seed,
        cash=cash,
    )
    raise typer.Exit(serve_gateway(options, on_line=_say))


@app.command()
def init(
    path: Annotated[
        Path, typer.Argument(help="file to write  [default: config.json]", show_default=False)
    ] = Path("config.json"),
) -> None:
    """Write a commented configuration file."""
    from microfutures.app.init_command import write_starting_file

    write_starting_file(path)
    _say(f"wrote {path}; run `microfutures --config {path}`")


@app.command("check-config")
def check_config(
    context: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="file to check", show_default=False, metavar="PATH")
    ] = None,
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
