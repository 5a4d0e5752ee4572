"""The memory: appended to before anything takes effect."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class JournalRecord(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal.

    ``kind`` groups records for the exports: ``market``, ``connection``, ``order``, ``decision``,
    ``equity``, ``run``, ``system``. ``payload`` is JSON.
    """

    sequence: int
    time_ns: int
    kind: str
    name: str
    payload: bytes


class RecordsLost(msgspec.Struct, frozen=True):
    """A record about the journal itself: it was cut, and what stood here is gone."""

    reason: str


class Journal(Protocol):
    """Append-only; one writer."""

    def append(self, record: JournalRecord) -> None:
        """Add `record`; it is durable after the next `commit`."""
        ...

    def commit(self) -> None:
        """Make everything appended outlive this process; raise `JournalError` when that fails."""
        ...

    def write_ahead(self) -> None:
        """Make everything appended outlive this process, in a hurry; `commit` is to follow."""
        ...

    def rehearse(self, records: Sequence[JournalRecord]) -> None:
        """Do what `write_ahead` would for `records`, but keep none of them."""
        ...

    def keep(self) -> None:
        """Make everything appended outlive this process, whichever way is the quicker one now."""
        ...

    def flush(self) -> None:
        """Have what was committed outlive a power cut too, soon; don't wait for it.

        Raises `JournalError` when an earlier flush failed.
        """
        ...
