"""Months on one disk: market data of past days is packed, a disk that fills up is told early."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.model.errors import JournalError
from microfutures.model.timestamp import seconds
from microfutures.ports.clock import Clock

ROUND_SECONDS = 60.0
PACKED_AFTER_SECONDS = 24 * 3600.0
"""Market data of the journal is packed when it is older (``docs/adr/0017``)."""
STEP_SECONDS = 0.05
"""Between two steps of packing, of a few milliseconds each."""
LITTLE_ROOM_BYTES = 1_000_000_000
"""Some days of trading. Told again at each half of it, and anew once there was room again."""

_log = logging.getLogger("microfutures.desk")


class Housekeeping:
    """Keeps the log directory small; nothing here stands before an order or ends a run."""

    def __init__(
        self, *, journal: SqliteJournal, log_dir: Path, clock: Clock, is_quiet: Callable[[], bool]
    ) -> None:
        self._journal = journal
        self._log_dir = log_dir
        self._clock = clock
        self._is_quiet = is_quiet
        self._told_below = LITTLE_ROOM_BYTES

    async def run(self) -> None:
        """Look after the directory until cancelled."""
        while True:
            await self._clock.sleep(ROUND_SECONDS)
            self._look_at_room()
            try:
                await self._pack()
            except JournalError as error:
                _log.error("market data of past days stays as large as it is: %s", error)

    async def _pack(self) -> None:
        for _ in self._journal.pack(self._clock.now_ns() - seconds(PACKED_AFTER_SECONDS)):
            await self._clock.sleep(STEP_SECONDS)
            while not self._is_quiet():
                await self._clock.sleep(STEP_SECONDS)

    def _look_at_room(self) -> None:
        try:
            free = shutil.disk_usage(self._log_dir).free
        except OSError:
            return  # The journal itself tells, and better, that its directory is gone.
        if free > 2 * LITTLE_ROOM_BYTES:
            self._told_below = LITTLE_ROOM_BYTES
        elif free < self._told_below:
            self._told_below = free // 2
            _log.warning(
                "only %d MB are free in %s; without room for its journal the desk stops trading: "
                "free some space",
                free // 1_000_000,
                self._log_dir,
            )
