"""Our own recordings: the quotes in the journal of a live or simulated desk."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from microfutures.adapters.journal_pages import MARKET
from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.adapters.store.errors import BrokenFileError, EmptyFileError
from microfutures.adapters.store.plan import Plan
from microfutures.adapters.store.series import TICK, Kind, Series, dated_name
from microfutures.adapters.store.tidy import Part, tidy
from microfutures.model.errors import JournalError
from microfutures.model.market import Quote
from microfutures.model.timestamp import to_datetime
from microfutures.ports.journal import JournalRecord

SQLITE_SUFFIXES = (".sqlite3", ".sqlite", ".db")
COLUMNS_OF_A_QUOTE = ("bid", "ask", "bid_size", "ask_size", "last")


def is_journal(path: Path) -> bool:
    """Tell whether a path is named like a journal."""
    return path.suffix in SQLITE_SUFFIXES


def plan_journal(path: Path) -> Plan:
    """Return the quotes that a journal holds, by contract; the desk may be running.

    Raises
    ------
    BrokenFileError
        If it is no journal, or damaged.
    EmptyFileError
        If no quote was ever journaled.
    """
    quotes: dict[str, list[Quote]] = {}
    try:
        reader = JournalReader(path)
        try:
            for quote in quotes_of(reader.read({MARKET})):
                quotes.setdefault(quote.instrument_id, []).append(quote)
        finally:
            reader.close()
    except (JournalError, msgspec.MsgspecError) as error:
        raise BrokenFileError(path, str(error), "name the journal of a run") from error
    if not quotes:
        raise EmptyFileError(path, "no quote in this journal", "name the journal of a longer run")
    parts = tuple(quotes_part(path, name, found) for name, found in sorted(quotes.items()))
    guess = f"a journal: quotes of {', '.join(part.series.instrument for part in parts)}"
    return Plan(path, (guess,), (), parts)


def quotes_of(records: Iterable[JournalRecord]) -> Iterator[Quote]:
    """Yield the quotes among a journal's records."""
    for record in records:
        if record.name == Quote.__name__:
            yield msgspec.json.decode(record.payload, type=Quote)


def quotes_part(path: Path, name: str, quotes: Sequence[Quote]) -> Part:
    """Return the quotes of one contract as rows of the store."""
    moments = np.array([quote.time_ns for quote in quotes], dtype=np.int64)
    columns = {
        column: np.array([getattr(quote, column) for quote in quotes], dtype=np.float64)
        for column in COLUMNS_OF_A_QUOTE
    }
    # A quote tells the last price, not how much was traded at it.
    columns["last_size"] = np.full(len(quotes), np.nan)
    year = to_datetime(int(moments[0])).year
    series = Series(dated_name(name, year), Kind.QUOTES, TICK)
    return tidy(path, series, moments, columns, np.arange(1, len(quotes) + 1))
