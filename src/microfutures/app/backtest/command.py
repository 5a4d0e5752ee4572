"""`microfutures backtest`: the strategies of a configuration on tapes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec.structs import replace

from microfutures import __version__
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.tapes import TapeMarket
from microfutures.app.backtest.files import (
    hole_notes,
    month_notes,
    summary_lines,
    write_tables,
)
from microfutures.app.backtest.progress import tape_progress
from microfutures.app.backtest.tape import load_tape
from microfutures.app.engine_making import (
    RunStarted,
    build_engine,
    decisive,
    traded_symbols,
    warm_up_span,
)
from microfutures.app.interruption import interruptible
from microfutures.backtest.driver import Backtest, BacktestOptions
from microfutures.backtest.quoted_months import find_unquoted
from microfutures.backtest.record import BacktestResult
from microfutures.config import load_with_origins
from microfutures.config.settings import Settings
from microfutures.model.errors import ConfigurationError
from microfutures.model.expiry import ROLL_BUSINESS_DAYS
from microfutures.model.identifiers import Symbol
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

CLEAN, STILL_OPEN, INTERRUPTED = 0, 3, 130
ORDER_REF_PREFIX = "backtest"
JOURNAL_NAME = "journal.sqlite3"
SHEET_NAME = "tear-sheet.html"
MAX_LATENCY_SECONDS = 60.0
SHORTEST_EQUITY_SECONDS, LONGEST_EQUITY_SECONDS = 60.0, 3600.0
EQUITY_POINTS = 2000
LARGE_JOURNAL_BYTES = 100_000_000

Say = Callable[[str], None]


class BacktestCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What was said on the command line."""

    config: Path | None
    data: tuple[str, ...]
    tape_start: str | None = None
    tape_end: str | None = None
    capital: float | None = None
    cash: float = 25_000.0
    latency: float = 0.25
    spread_ticks: int = 1
    bar_size: str | None = None
    bar_path: str = "ends"
    time_zone: str | None = None
    roll_days: int = ROLL_BUSINESS_DAYS
    output: Path
    keeps_journal: bool = True


def run_backtest(command: BacktestCommand, *, on_line: Say) -> int:
    """Run it, say the result, write the files; return the exit code.

    Raises
    ------
    ConfigurationError
        If options, the configuration or the tape can't be used.
    """
    _check(command)
    settings = load_with_origins(
        command.config, {"trading.initial_capital": command.capital}
    ).settings
    symbols = traded_symbols(settings)
    if not symbols:
        raise ConfigurationError("no strategy is active; set `active` to true in the configuration")
    market = load_tape(
        command.data,
        symbols,
        between=(command.tape_start, command.tape_end),
        spread_ticks=command.spread_ticks,
        bar_size=command.bar_size,
        bar_path=command.bar_path,
        time_zone=command.time_zone,
        roll_days=command.roll_days,
    )
    result = _run(command, settings, market)
    holes, months = list(hole_notes(market.holes())), list(month_notes(find_unquoted(market)))
    for line in summary_lines(result, title=market.describe(), holes=holes, months=months):
        on_line(line)
    _report(command, settings, market, result, [*holes, *months], on_line)
    if not result.is_complete:
        return INTERRUPTED
    return STILL_OPEN if result.still_open else CLEAN


def _check(command: BacktestCommand) -> None:
    if not 0 <= command.latency <= MAX_LATENCY_SECONDS:
        raise ConfigurationError(
            f"--latency must be 0 to {MAX_LATENCY_SECONDS:g} seconds, was {command.latency:g}"
        )
    if not 0 < command.cash < float("inf"):
        raise ConfigurationError(f"--cash must be above 0 USD, was {command.cash:g}")


def _run(command: BacktestCommand, settings: Settings, market: TapeMarket) -> BacktestResult:
    span_seconds = (market.end_ns - market.start_ns) / NANOSECONDS_PER_SECOND
    pace = min(max(span_seconds / EQUITY_POINTS, SHORTEST_EQUITY_SECONDS), LONGEST_EQUITY_SECONDS)
    options = BacktestOptions(
        symbols=tuple(Symbol(each) for each in traded_symbols(settings)),
        warm_up=warm_up_span(settings),
        cash=Decimal(str(command.cash)),
        latency_seconds=command.latency,
        flatten_seconds=settings.trading.flatten_timeout,
        equity_seconds=pace,
    )
    with _journal(command) as journal:
        engine = build_engine(settings, ORDER_REF_PREFIX)
        backtest = Backtest(engine=engine, market=market, options=options, journal=journal)
        backtest.note(RunStarted(__version__, ORDER_REF_PREFIX, decisive(settings)))
        span = market.start_ns, market.end_ns
        with interruptible() as is_interrupted, tape_progress(*span, "backtest") as show:
            return backtest.run(lambda now_ns: not is_interrupted() and show(now_ns))


def _report(
    command: BacktestCommand,
    settings: Settings,
    market: TapeMarket,
    result: BacktestResult,
    notes: Sequence[str],
    on_line: Say,
) -> None:
    """Say the statistics, write tables and tear sheet; its libraries are loaded only now."""
    from rich.console import Console

    from microfutures.app.backtest.sheet import sheet_of_backtest
    from microfutures.reports.summary import terminal_summary

    sheet = sheet_of_backtest(
        result,
        title=" and ".join(name for name, each in settings.strategies.items() if each.active),
        tape=market.describe(),
        journal=command.output / JOURNAL_NAME if command.keeps_journal else None,
    )
    Console().print(terminal_summary(sheet))
    write_tables(result, command.output)
    on_line(f"  files        {command.output}{_journal_words(command)}")
    try:
        from microfutures.reports.tear_sheet import write_tear_sheet
    except ImportError as error:
        library = str(error.name).split(".")[0]
        on_line(f"  tear sheet   needs {library}; install microfutures[reports]")
        return
    # In the terminal they stand above the summary.
    sheet = replace(sheet, notes=[*notes, *sheet.notes])
    write_tear_sheet(command.output / SHEET_NAME, sheet)
    on_line(f"  tear sheet   {command.output / SHEET_NAME}")


def _journal_words(command: BacktestCommand) -> str:
    """Return what to say of a journal that takes much of a disk."""
    taken = (command.output / JOURNAL_NAME).stat().st_size if command.keeps_journal else 0
    if taken < LARGE_JOURNAL_BYTES:
        return ""
    return f"; its journal takes {taken / 1e6:,.0f} MB, --no-journal writes none"


@contextmanager
def _journal(command: BacktestCommand) -> Iterator[SqliteJournal | None]:
    """Make room for the results, and open a new journal among them if one is kept."""
    output = command.output
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name in (JOURNAL_NAME, f"{JOURNAL_NAME}-wal", f"{JOURNAL_NAME}-shm", SHEET_NAME):
            (output / name).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--output {str(output)!a}: {error.strerror}") from error
    if not command.keeps_journal:
        yield None
        return
    with SqliteJournal(output / JOURNAL_NAME) as journal:
        yield journal
        journal.commit()
