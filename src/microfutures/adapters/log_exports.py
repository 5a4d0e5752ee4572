"""The JSON logs: exports of the journal, each file a whole document from its first moment on.

A file is written beside its place, flushed and renamed; only then the journal is told how far it
has been exported. A crash between the two exports those events once more: nothing is lost, and
``sequence`` tells a repetition.
"""

import os
import re
from collections.abc import Callable, Collection, Generator, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from microfutures.adapters.log_masks import hide_accounts
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.model.timestamp import to_datetime, to_iso
from microfutures.ports.journal import JournalRecord

STEP_RECORDS = 500
"""Work between two pauses; a few milliseconds."""

DEFAULT_KEEP = 200

Records = Callable[[], Iterator[JournalRecord]]


class Log(msgspec.Struct, frozen=True):
    """One sort of export: the head of its file names and the journal's kinds that go into it."""

    name: str
    kinds: frozenset[str]


LOGS = (
    Log("connection_log", frozenset({"connection"})),
    Log("market_data_log", frozenset({"market"})),
    Log("order_execution_log", frozenset({"order", "decision"})),
)


def export_logs(
    journal: SqliteJournal,
    log_dir: Path,
    stamp_ns: int,
    keep: int = DEFAULT_KEEP,
) -> list[Path]:
    """Write what the journal got since the last export and return the new files.

    A sort without news gets a file only while it has none at all, so that all three exist after
    the first export.

    Parameters
    ----------
    journal
        Where the events are and where the high-water marks are remembered.
    log_dir
        An existing directory.
    stamp_ns
        The moment that the file names carry, UTC: ``connection_log_20261123_101500.json``.
    keep
        How many files of each sort stay; the oldest go.

    Raises
    ------
    OSError
        If a file can't be written; no half file stays and the next export tries again.
    JournalError
        If the journal can't be read.
    """
    steps = export_steps(journal, log_dir, stamp_ns, keep)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            files: list[Path] = end.value
            return files


def export_steps(
    journal: SqliteJournal,
    log_dir: Path,
    stamp_ns: int,
    keep: int = DEFAULT_KEEP,
) -> Generator[None, None, list[Path]]:
    """Do as `export_logs`, a few milliseconds at a time, so that a desk can trade in between."""
    files = []
    last = journal.last_sequence()
    for log in LOGS:
        after = int(journal.get_meta(_mark(log)) or 0)
        records = _records_between(journal, log.kinds, after, last)
        head = yield from _head(log, records)
        if head["count"] or not _exported(log_dir, log):
            _remove_unfinished(log_dir, log)
            files.append((yield from _write(_free_path(log_dir, log, stamp_ns), head, records)))
        if last > after:
            journal.set_meta(_mark(log), str(last))
        _remove_oldest(log_dir, log, keep)
    return files


def _mark(log: Log) -> str:
    return f"exported.{log.name}"


def _records_between(
    journal: SqliteJournal, kinds: Collection[str], after: int, last: int
) -> Records:
    def records() -> Iterator[JournalRecord]:
        for record in journal.read(kinds, after_sequence=after):
            if record.sequence > last:
                return
            yield record

    return records


def _head(log: Log, records: Records) -> Generator[None, None, dict[str, object]]:
    first_ns = last_ns = None
    count = 0
    for count, record in enumerate(records(), start=1):
        first_ns = record.time_ns if first_ns is None else first_ns
        last_ns = record.time_ns
        if count % STEP_RECORDS == 0:
            yield
    return {
        "log": log.name,
        "from": None if first_ns is None else to_iso(first_ns),
        "to": None if last_ns is None else to_iso(last_ns),
        "count": count,
    }


def _write(path: Path, head: dict[str, object], records: Records) -> Generator[None, None, Path]:
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        with unfinished.open("wb") as file:
            yield from _write_document(file, head, records)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _flush_directory(path.parent)
    return path


def _write_document(
    file: BinaryIO, head: dict[str, object], records: Records
) -> Generator[None, None, None]:
    file.write(msgspec.json.encode(head)[:-1] + b',"events":[')
    separator = b"\n"
    for count, record in enumerate(records(), start=1):
        file.write(separator + event_line(record))
        separator = b",\n"
        if count % STEP_RECORDS == 0:
            yield
    file.write(b"\n]}\n")


def event_line(record: JournalRecord) -> bytes:
    """Return a record as one JSON object: its time, number and name, then its payload's members.

    A payload that is no object, or has a member of one of those three names, goes under
    ``payload`` instead.
    """
    name = msgspec.json.encode(record.name)
    head = b'{"time":"%s","sequence":%d,"name":%s' % (
        to_iso(record.time_ns).encode(),
        record.sequence,
        name,
    )
    payload = record.payload.strip()
    if b"ccount" in payload:
        payload = hide_accounts(payload.decode()).encode()
    if not payload.startswith(b"{") or _may_clash(payload):
        return head + b',"payload":' + payload + b"}"
    members = payload[1:].lstrip()
    return head + (b"" if members == b"}" else b",") + members


def _may_clash(payload: bytes) -> bool:
    if b'"time"' not in payload and b'"sequence"' not in payload and b'"name"' not in payload:
        return False
    members = msgspec.json.decode(payload)
    return not members.keys().isdisjoint(("time", "sequence", "name"))


def _flush_directory(directory: Path) -> None:
    """Make a rename outlive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free_path(log_dir: Path, log: Log, stamp_ns: int) -> Path:
    stem = f"{log.name}_{to_datetime(stamp_ns):%Y%m%d_%H%M%S}"
    path = log_dir / f"{stem}.json"
    number = 2
    while path.exists():
        path = log_dir / f"{stem}_{number}.json"
        number += 1
    return path


def _remove_unfinished(log_dir: Path, log: Log) -> None:
    for path in log_dir.glob(f".{log.name}_*.json.tmp"):
        path.unlink(missing_ok=True)


def _exported(log_dir: Path, log: Log) -> list[Path]:
    """Return the files that we named, and no other."""
    ours = re.compile(rf"{log.name}_\d{{8}}_\d{{6}}(_\d+)?\.json")
    return [path for path in log_dir.glob(f"{log.name}_*.json") if ours.fullmatch(path.name)]


def _remove_oldest(log_dir: Path, log: Log, keep: int) -> None:
    """Delete all but the newest files, by age: simulated dates prove nothing."""
    files = _exported(log_dir, log)
    files.sort(key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    for path in files[keep:]:
        path.unlink(missing_ok=True)
