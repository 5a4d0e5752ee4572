"""A journal that is gone with the test."""

from collections.abc import Sequence

from microfutures.ports.journal import JournalRecord


class MemoryJournal:
    """Keeps every record in a list; satisfies `ports.journal.Journal`."""

    def __init__(self) -> None:
        self.records: list[JournalRecord] = []

    def append(self, record: JournalRecord) -> None:
        self.records.append(record)

    def commit(self) -> None:
        """Nothing outlives the test."""

    def rehearse(self, records: Sequence[JournalRecord]) -> None:
        """There is nothing to warm."""

    write_ahead = keep = flush = commit
