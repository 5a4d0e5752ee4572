"""The memory: appended to before anything takes effect."""

from typing import Protocol

import msgspec


class JournalRecord(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal.

    ``kind`` groups records for the exports: ``market``, ``connection``, ``order``, ``decision``,
    ``equity``, ``system``. ``payload`` is JSON.
    """

    sequence: int
    time_ns: int
    kind: str
    name: str
    payload: bytes


class Journal(Protocol):
    """Append-only; one writer."""

    def append(self, record: JournalRecord) -> None:
        """Add `record`; it is durable after the next `commit`."""
        ...

    def commit(self) -> None:
        """Make everything appended durable; raise `JournalError` when that fails."""
        ...
