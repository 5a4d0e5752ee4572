"""What a desk sees, into the store: follows the journal of a run while it is written.

The journal is the memory: the follower only remembers how far it has come, and a row that comes
again changes nothing. So a follower may be killed at any moment, and the next one goes on.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import msgspec

from microfutures.adapters.journal_pages import MARKET
from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.adapters.store.journals import quotes_of, quotes_part
from microfutures.adapters.store.store import MarketStore, OnConflict
from microfutures.model.market import Quote
from microfutures.ports.journal import JournalRecord

PLACES_NAME = "recorded.json"
RECORDS_AT_ONCE = 200_000


class Place(msgspec.Struct, frozen=True):
    """How far a journal is in the store; `began_ns` tells a journal from one that took its name."""

    began_ns: int
    sequence: int


class JournalFollower:
    """Brings the quotes of one journal into a store, as far as they are written.

    Raises
    ------
    JournalError
        If the journal can't be read; from every method.
    StoreError
        If the store can't be written; the same call may succeed later.
    """

    def __init__(self, journal: Path, store: Path) -> None:
        self._journal = journal
        self._root = store
        self._store = MarketStore(store)

    def catch_up(self) -> int:
        """Store what has come since the last time; return how many quotes are new."""
        reader = JournalReader(self._journal)
        try:
            first = next(iter(reader.read()), None)
            if first is None:
                return 0
            place = self._place(first.time_ns)
            added = 0
            records = reader.read({MARKET}, after_sequence=place.sequence)
            while part := list(islice(records, RECORDS_AT_ONCE)):
                added += self._keep(part)
                self._remember(Place(first.time_ns, part[-1].sequence))
            return added
        finally:
            reader.close()

    def _keep(self, records: Sequence[JournalRecord]) -> int:
        added = 0
        by_contract: dict[str, list[Quote]] = {}
        for quote in quotes_of(records):
            by_contract.setdefault(quote.instrument_id, []).append(quote)
        for name, quotes in sorted(by_contract.items()):
            part = quotes_part(self._journal, name, quotes)
            added += self._store.merge(part.series, part.table, OnConflict.KEEP).added
        return added

    def _place(self, began_ns: int) -> Place:
        known = self._places().get(self._name)
        return known if known is not None and known.began_ns == began_ns else Place(began_ns, 0)

    def _remember(self, place: Place) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        path = self._root / PLACES_NAME
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode({**self._places(), self._name: place}))
        part.replace(path)

    def _places(self) -> dict[str, Place]:
        try:
            return msgspec.json.decode(
                (self._root / PLACES_NAME).read_bytes(), type=dict[str, Place]
            )
        except (FileNotFoundError, msgspec.MsgspecError):
            # Nothing is lost with it: everything is looked through again.
            return {}

    @property
    def _name(self) -> str:
        return str(self._journal.resolve())
