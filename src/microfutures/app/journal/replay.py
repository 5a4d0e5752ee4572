"""`microfutures replay`: journaled events through a new engine, its answers against the journal.

The engine is deterministic: a difference means that the program changed since, or that the
journal was. Nothing is sent and nothing is written.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Self, TypeVar, get_args

import msgspec

from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.app.engine_making import RunStarted, build_engine
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.engine.commands import HALTED
from microfutures.engine.engine import Engine
from microfutures.engine.runner import engine_failure
from microfutures.model.errors import JournalError
from microfutures.model.events import EngineEvent
from microfutures.model.timestamp import from_datetime
from microfutures.ports.journal import JournalRecord, RecordsLost

EVENTS: dict[str, type] = {each.__name__: each for each in get_args(EngineEvent)}
ALL_TIME = (0, 1 << 63)
"""From and to, nanoseconds UTC."""

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode

Answer = tuple[str, str]
"""Name and payload of a record that the engine made."""


class Difference(msgspec.Struct, frozen=True):
    """The first place where the replay did not do as the journal says."""

    sequence: int
    time_ns: int
    journal: str
    replay: str


class ReplayReport(msgspec.Struct):
    """What was replayed; ``difference`` is None when everything came out the same."""

    runs: int = 0
    events: int = 0
    answers: int = 0
    unwritten: int = 0
    """Answers to the last event before a run died, which it had no time to write."""
    difference: Difference | None = None


def day_bounds(day: date) -> tuple[int, int]:
    """Return the first moment of `day` and of the next one, nanoseconds UTC."""
    first = datetime.combine(day, time(), tzinfo=UTC)
    return from_datetime(first), from_datetime(first + timedelta(days=1))


def replay(path: Path, between: tuple[int, int] = ALL_TIME) -> ReplayReport:
    """Replay the runs of the journal at `path` and compare what lies `between` two moments.

    A run is replayed from its beginning, whenever that was.

    Raises
    ------
    JournalError
        If the journal can't be read, or was written before runs could be replayed.
    """
    reader = JournalReader(path)
    try:
        starts = _run_starts(reader)
        report = ReplayReport()
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            if end is not None and end.time_ns < between[0]:
                continue
            if start.time_ns >= between[1] or report.difference is not None:
                break
            until = end.sequence if end is not None else None
            _Run(reader, start, until, between, report).replay()
        return report
    finally:
        reader.close()


def _run_starts(reader: JournalReader) -> list[JournalRecord]:
    starts = [each for each in reader.read({"run"}) if each.name == RunStarted.__name__]
    if not starts:
        raise JournalError("the journal has no start of a run; it is empty, or of an older version")
    return starts


class _Run:
    """One run: from its start to the next one's."""

    def __init__(
        self,
        reader: JournalReader,
        start: JournalRecord,
        until: int | None,
        between: tuple[int, int],
        report: ReplayReport,
    ) -> None:
        self._reader = reader
        self._start = start
        self._until = until
        self._between = between
        self._report = report
        self._pending: deque[Answer] = deque()

    def replay(self) -> None:
        """Feed every event and compare every answer, up to the first difference."""
        engine = self._engine()
        self._report.runs += 1
        for record in self._records():
            if record.name == RecordsLost.__name__:
                continue
            event_type = EVENTS.get(record.name)
            if event_type is None:
                self._compare(record)
            elif self._pending:
                name, payload = self._pending[0]
                self._differ(record, journal="nothing", replay=f"{name} {payload}")
            else:
                self._process(engine, record, event_type)
            if self._report.difference is not None or record.time_ns >= self._between[1]:
                return
        self._report.unwritten += len(self._pending)

    def _engine(self) -> Engine:
        started = _decode(self._start, RunStarted)
        engine = build_engine(started.settings, started.order_ref_prefix)
        earlier = self._reader.read(RECOVERED_KINDS)
        recover(engine, takewhile(lambda each: each.sequence < self._start.sequence, earlier))
        return engine

    def _records(self) -> Iterator[JournalRecord]:
        records: Iterable[JournalRecord] = self._reader.read(after_sequence=self._start.sequence)
        for record in records:
            if self._until is not None and record.sequence >= self._until:
                return
            yield record

    def _process(self, engine: Engine, record: JournalRecord, event_type: type) -> None:
        event: EngineEvent = _decode(record, event_type)
        with _Failure() as failure:
            for each in engine.process(event).records:
                self._pending.append((each.name, _encode(each.payload).decode()))
        if failure.error is not None:
            # It failed when it was live, too, or it is another program by now.
            reason = _encode(engine_failure(event, failure.error)).decode()
            self._pending.append((HALTED, reason))
        self._report.events += record.time_ns >= self._between[0]

    def _compare(self, record: JournalRecord) -> None:
        written: Answer = (record.name, record.payload.decode())
        made = self._pending.popleft() if self._pending else ("nothing", "")
        if made != written:
            self._differ(record, journal=" ".join(written), replay=" ".join(made).strip())
        self._report.answers += record.time_ns >= self._between[0]

    def _differ(self, record: JournalRecord, *, journal: str, replay: str) -> None:
        # Before the day that was asked for, a difference still means that the day can't be trusted.
        self._report.difference = Difference(record.sequence, record.time_ns, journal, replay)


class _Failure:
    """Keeps what the engine raises instead of passing it on."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, *rest: object
    ) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None


def _decode(record: JournalRecord, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(record.payload, type=kind)
    except msgspec.DecodeError as error:
        raise JournalError(
            f"record {record.sequence} ({record.name}) can't be read: {error}; "
            f"use the version that wrote it"
        ) from error
