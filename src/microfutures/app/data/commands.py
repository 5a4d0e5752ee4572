"""`microfutures data`: bring market history into the store, and look at it.

Everything heavy is imported where it is used.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from microfutures.app.data import flags
from microfutures.model.errors import ConfigurationError

data_app = typer.Typer(
    name="data",
    help="Import, list, inspect and check market history (needs the extra `research`).",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@data_app.command("import")
def import_files(
    paths: flags.Paths,
    store: flags.Store = flags.DEFAULT_STORE,
    instrument: flags.Instrument = None,
    column: flags.Column = None,
    resolution: flags.Resolution = None,
    time_zone: flags.TimeZone = None,
    time_format: flags.TimeFormat = None,
    stamp: flags.Stamp = "start",
    on_conflict: flags.OnConflict = "refuse",
    skip_bad_rows: flags.SkipBadRows = False,
    yes: flags.Yes = False,
) -> None:
    """Import files into the store; what is there already is not doubled.

    Shows what each column is taken for and asks, unless --yes is given.
    """
    with _research():
        from microfutures.app.data.importing import ImportRequest, import_paths

    request = ImportRequest(
        store=store,
        instrument=instrument,
        columns=tuple(column or ()),
        resolution=resolution,
        time_zone=time_zone,
        time_format=time_format,
        stamp=stamp,
        on_conflict=on_conflict,
        skip_bad_rows=skip_bad_rows,
    )
    import_paths(paths, request, say=typer.echo, confirm=None if yes else typer.confirm)


@data_app.command()
def download(
    symbols: flags.Symbols,
    store: flags.Store = flags.DEFAULT_STORE,
    resolution: flags.DownloadResolution = "1m",
    start: flags.Start = None,
    end: flags.End = None,
    host: flags.Host = "127.0.0.1",
    port: flags.Port = 7497,
    client_id: flags.ClientId = 17,
) -> None:
    """Bring past bars from TWS or IB Gateway into the store; may be stopped and run again.

    At most 50 requests in ten minutes, as IB allows. What is there already is not asked for again.
    """
    with _research():
        from microfutures.app.data.download import request_of, run_download

    request = request_of(symbols, store, resolution, start, end)
    run_download(request, host=host, port=port, client_id=client_id, say=typer.echo)


@data_app.command("list")
def list_series(store: flags.Store = flags.DEFAULT_STORE) -> None:
    """List every series of the store with its rows and its first and last moment."""
    with _research():
        from microfutures.app.data.views import list_lines

    for line in list_lines(store):
        typer.echo(line)


@data_app.command()
def inspect(
    series: flags.Series,
    store: flags.Store = flags.DEFAULT_STORE,
    start: flags.Start = None,
    end: flags.End = None,
    rows: flags.Rows = 5,
) -> None:
    """Show the first and last rows of a series and what its columns hold."""
    with _research():
        from microfutures.app.data.views import inspect_lines

    for line in inspect_lines(store, series, start, end, rows):
        typer.echo(line)


@data_app.command()
def check(series: flags.SeriesToCheck = None, store: flags.Store = flags.DEFAULT_STORE) -> None:
    """Look for gaps, wrong clocks, outliers and repeats, in SERIES or in all."""
    with _research():
        from microfutures.app.data.views import check_lines

    for line in check_lines(store, series or ()):
        typer.echo(line)


@data_app.command()
def continuous(
    series: flags.Series,
    store: flags.Store = flags.DEFAULT_STORE,
    adjust: flags.Adjust = "difference",
    roll_days: flags.RollDays = 7,
    calendar: flags.Calendar = None,
) -> None:
    """Join contract months, like CL/prices_1d, into CL~difference/prices_1d; show every roll."""
    with _research():
        from microfutures.app.data.derive import continuous_lines

    for line in continuous_lines(
        store, series, adjust=adjust, roll_business_days=roll_days, calendar=calendar
    ):
        typer.echo(line)


@data_app.command()
def adjust(series: flags.Series, store: flags.Store = flags.DEFAULT_STORE) -> None:
    """Take splits and dividends out of a fund's bars: USO/bars_1d to USO~adjusted/bars_1d."""
    with _research():
        from microfutures.app.data.derive import adjust_lines

    for line in adjust_lines(store, series):
        typer.echo(line)


@data_app.command()
def pair(
    first: flags.Series,
    second: flags.Series,
    store: flags.Store = flags.DEFAULT_STORE,
    start: flags.Start = None,
    end: flags.End = None,
    window: flags.Window = None,
    in_logs: flags.InLogs = False,
) -> None:
    """Tell whether two series belong together: cointegration, half-life, hedge ratio."""
    with _research():
        from microfutures.app.data.pair import pair_lines

        # The tests of a hypothesis import their library when they run.
        span = (start, end)
        lines = list(pair_lines(store, first, second, span, window=window, in_logs=in_logs))
    for line in lines:
        typer.echo(line)


@contextmanager
def _research() -> Iterator[None]:
    """Turn a missing library into the sentence that says what to install."""
    try:
        yield
    except ImportError as error:
        library = str(error.name).split(".")[0]
        raise ConfigurationError(
            f"`microfutures data` needs {library}; install microfutures[research]"
        ) from error
