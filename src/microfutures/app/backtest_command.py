"""`microfutures backtest`: the strategies of a configuration on tapes."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import FrameType

import msgspec

from microfutures import __version__
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.tapes import TapeMarket, load_tapes
from microfutures.adapters.tapes.load import TapeOptions
from microfutures.adapters.tapes.paths import BarPath
from microfutures.app.arguments import parse_moment
from microfutures.app.backtest_files import summary_lines, write_tables
from microfutures.app.wiring import (
    RunStarted,
    build_engine,
    decisive,
    traded_symbols,
    warm_up_span,
)
from microfutures.backtest.driver import Backtest, BacktestOptions, Watch
from microfutures.config import load_with_origins
from microfutures.config.settings import Settings
from microfutures.model.errors import ConfigurationError
from microfutures.model.identifiers import Symbol

CLEAN, STILL_OPEN, INTERRUPTED = 0, 3, 130
ORDER_REF_PREFIX = "backtest"
JOURNAL_NAME = "journal.sqlite3"
MAX_LATENCY_SECONDS = 60.0

Say = Callable[[str], None]


class BacktestCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What was said on the command line."""

    config: Path | None
    data: Path
    tape_start: str | None = None
    tape_end: str | None = None
    capital: float | None = None
    cash: float
    latency: float
    output: Path | None = None


def run_backtest(command: BacktestCommand, *, on_line: Say) -> int:
    """Run it, say the result, write the files; return the exit code.

    Raises
    ------
    ConfigurationError
        If options, the configuration or the tape can't be used.
    """
    if not 0 <= command.latency <= MAX_LATENCY_SECONDS:
        raise ConfigurationError(
            f"--latency must be 0 to {MAX_LATENCY_SECONDS:g} seconds, was {command.latency:g}"
        )
    if not command.data.is_dir():
        raise ConfigurationError(f"--data {str(command.data)!a}: no such directory")
    loaded = load_with_origins(command.config, {"trading.initial_capital": command.capital})
    settings = loaded.settings
    market = _market(command, settings)
    options = BacktestOptions(
        symbols=tuple(Symbol(each) for each in traded_symbols(settings)),
        warm_up=warm_up_span(settings),
        cash=Decimal(str(command.cash)),
        latency_seconds=command.latency,
        flatten_seconds=settings.trading.flatten_timeout,
    )
    with _journal(command.output) as journal:
        engine = build_engine(settings, ORDER_REF_PREFIX)
        backtest = Backtest(engine=engine, market=market, options=options, journal=journal)
        backtest.note(RunStarted(__version__, ORDER_REF_PREFIX, decisive(settings)))
        with _interruptible() as is_interrupted, _progress(market) as show:
            result = backtest.run(lambda now_ns: not is_interrupted() and show(now_ns))
    for line in summary_lines(result, title=market.describe()):
        on_line(line)
    if command.output is not None:
        write_tables(result, command.output)
        on_line(f"  files        {command.output}")
    if not result.is_complete:
        return INTERRUPTED
    return STILL_OPEN if result.still_open else CLEAN


def _market(command: BacktestCommand, settings: Settings) -> TapeMarket:
    # Only open and close of a bar: an invented path inside it would open gaps between the legs
    # that the market never had.
    return load_tapes(
        command.data,
        symbols=traded_symbols(settings),
        start=parse_moment("--from", command.tape_start),
        end=parse_moment("--to", command.tape_end),
        options=TapeOptions(path=BarPath.ENDS),
    )


@contextmanager
def _journal(output: Path | None) -> Iterator[SqliteJournal | None]:
    """Open a new journal among the files of the result, if there are any."""
    if output is None:
        yield None
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / JOURNAL_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--output {str(output)!a}: {error.strerror}") from error
    with SqliteJournal(output / JOURNAL_NAME) as journal:
        yield journal
        journal.commit()


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl+C end the tape early, with its results kept; the second one leaves."""
    asked: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(market: TapeMarket) -> Iterator[Watch]:
    """Show how far the tape has come, on a terminal; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _now_ns: True
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("backtest", total=max(1, market.end_ns - market.start_ns))

        def show(now_ns: int) -> bool:
            bar.update(task, completed=now_ns - market.start_ns)
            return True

        yield show
