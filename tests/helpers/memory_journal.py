"""A journal that is gone with the test."""

from microfutures.ports.journal import JournalRecord


class MemoryJournal:
    """Keeps every record in a list; satisfies `ports.journal.Journal`."""

    def __init__(self) -> None:
        self.records: list[JournalRecord] = []

    def append(self, record: JournalRecord) -> None:
        self.records.append(record)

    def commit(self) -> None:
        """Nothing outlives the test."""

    write_ahead = keep = flush = commit
