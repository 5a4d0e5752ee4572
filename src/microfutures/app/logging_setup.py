"""`trading_system.log`: the application log, in the desk's own time.

Nothing goes to standard output. A line that repeats is written once, then counted: a user of
another system logged one refusal 1.8 million times.
"""

import logging
import os
import sys
from collections import OrderedDict
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NamedTuple, Self

from microfutures.adapters.log_masks import hide_accounts
from microfutures.config.log_directory import cannot_write, make_directory
from microfutures.config.settings import LogLevel
from microfutures.model.timestamp import seconds, to_iso
from microfutures.ports.clock import Clock

FILE_NAME = "trading_system.log"
FILE_BYTES = 10_000_000
KEPT_FILES = 10
REPEAT_SECONDS = 60.0
REMEMBERED_LINES = 1_000

OWN = "microfutures"
QUIET = ("ib_async", "asyncio", "concurrent.futures", "urllib3", "uvicorn")
"""Loggers of others: warnings and worse only."""

_DETAILS = {
    "_srcfile": None,
    "logThreads": False,
    "logProcesses": False,
    "logMultiprocessing": False,
}
"""What no line of ours shows, and a third of what a line took: logging's own "Optimization"."""

Line = tuple[str, int, str]
"""Logger, level and text."""


class Repeats(NamedTuple):
    """When a line came first and last, and how often after the first time."""

    first_ns: int
    last_ns: int
    times: int


class RepeatLimit:
    """Lets a line pass once in a while and counts how often it came again.

    Not a filter itself: whoever asks decides what becomes of the count.
    """

    def __init__(self, *, window_seconds: float = REPEAT_SECONDS) -> None:
        self._window_ns = seconds(window_seconds)
        self._seen: OrderedDict[Line, Repeats] = OrderedDict()

    def admit(self, line: Line, now_ns: int) -> bool:
        """Tell whether `line` may be written now; count it otherwise."""
        if line in self._seen:
            before = self._seen[line]
            self._seen[line] = Repeats(before.first_ns, now_ns, before.times + 1)
            return False
        self._seen[line] = Repeats(now_ns, now_ns, 0)
        return True

    def take_ended(self, now_ns: int) -> list[tuple[Line, Repeats]]:
        """Forget the lines whose window ended; return those that had come again.

        A clock that was set back ends every window.
        """
        ended = []
        while self._seen:
            line, repeats = next(iter(self._seen.items()))
            is_open = 0 <= now_ns - repeats.first_ns < self._window_ns
            if is_open and len(self._seen) <= REMEMBERED_LINES:
                break
            del self._seen[line]
            if repeats.times:
                ended.append((line, repeats))
        return ended

    def take_all(self) -> list[tuple[Line, Repeats]]:
        """Forget everything; return the lines that had come again."""
        ended = [(line, repeats) for line, repeats in self._seen.items() if repeats.times]
        self._seen.clear()
        return ended


class DeskFormatter(logging.Formatter):
    """``2026-11-23T10:15:00.123Z LEVEL microfutures.ib message``, times by the injected clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._clock = clock

    def go_by(self, clock: Clock) -> None:
        """Take times from another clock."""
        self._clock = clock

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the desk's time."""
        return to_iso(self._clock.now_ns())

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole entry, account ids hidden."""
        return hide_accounts(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return one line whatever the text holds; a traceback follows on lines of its own."""
        record.message = record.message.translate(_ON_ONE_LINE)
        return super().formatMessage(record)


_ON_ONE_LINE = {code: f"\\x{code:02x}" for code in [*range(32), 127]} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\t",
}


class DeskLogHandler(RotatingFileHandler):
    """Writes the file; repeats are counted; a full disk is told once and stops nothing."""

    def __init__(self, path: Path, *, clock: Clock) -> None:
        super().__init__(
            path,
            maxBytes=FILE_BYTES,
            backupCount=KEPT_FILES,
            encoding="utf-8",
            errors="backslashreplace",
        )
        self._desk_formatter = DeskFormatter(clock)
        self.setFormatter(self._desk_formatter)
        self._clock = clock
        self._repeats = RepeatLimit()
        self._has_failed = False

    def go_by(self, clock: Clock) -> None:
        """Take times from another clock from now on."""
        self._clock = clock
        self._desk_formatter.go_by(clock)

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record` unless it repeats one that was just written."""
        now_ns = self._clock.now_ns()
        self._write_counts(self._repeats.take_ended(now_ns))
        line = (record.name, record.levelno, _text_of(record))
        if self._repeats.admit(line, now_ns):
            super().emit(record)

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """Tell whether the file is full; the base spells each entry twice to know."""
        return self.stream is not None and os.fstat(self.stream.fileno()).st_size >= self.maxBytes

    def handleError(self, record: logging.LogRecord) -> None:
        """Tell the first failure on standard error, in one line; trading goes on without a log."""
        if self._has_failed:
            return
        self._has_failed = True
        reason = sys.exc_info()[1]
        sys.stderr.write(f"error: can't write {self.baseFilename}: {reason}; trading goes on\n")

    def close(self) -> None:
        """Write the outstanding counts and close the file."""
        if self.stream is not None:
            self._write_counts(self._repeats.take_all())
        super().close()

    def _write_counts(self, ended: list[tuple[Line, Repeats]]) -> None:
        for (name, level, text), repeats in ended:
            # Written late: a reader must not take it for news of this moment.
            repeated = f"repeated {repeats.times:,} × until {to_iso(repeats.last_ns)}: {text}"
            super().emit(logging.LogRecord(name, level, "", 0, repeated, None, None))


def _text_of(record: logging.LogRecord) -> str:
    """Return the message; arguments that don't fit it are shown beside it, not raised."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        record.msg, record.args = f"{record.msg} {record.args!r}", None
        return str(record.msg)


def start_logging(log_dir: Path, *, level: LogLevel, clock: Clock) -> "DeskLog":
    """Begin to write the application log; close what this returns at the end."""
    return DeskLog(log_dir, level=level, clock=clock)


class DeskLog:
    """The application log while it is open; `close` puts logging back as it was."""

    def __init__(self, log_dir: Path, *, level: LogLevel, clock: Clock) -> None:
        make_directory(log_dir)
        self.path = log_dir / FILE_NAME
        try:
            self._handler = DeskLogHandler(self.path, clock=clock)
        except OSError as error:
            raise cannot_write(log_dir, f"{FILE_NAME}: {error.strerror}") from None
        root = logging.getLogger()
        self._details = {name: getattr(logging, name) for name in _DETAILS}
        for name, value in _DETAILS.items():
            setattr(logging, name, value)
        self._levels = {name: logging.getLogger(name).level for name in (None, OWN, *QUIET)}
        root.addHandler(self._handler)
        root.setLevel(logging.WARNING)
        logging.getLogger(OWN).setLevel(level.value)
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)

    def __enter__(self) -> Self:
        """Return the log."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def go_by(self, clock: Clock) -> None:
        """Take times from another clock from now on."""
        self._handler.go_by(clock)

    def close(self) -> None:
        """Write what is outstanding and give logging back; idempotent."""
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        for detail, value in self._details.items():
            setattr(logging, detail, value)
        self._levels, self._details = {}, {}
