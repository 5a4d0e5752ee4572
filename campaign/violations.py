"""Laws that were broken, in words."""

import asyncio

from microfutures.model.timestamp import to_iso
from microfutures.ports.clock import Clock

MOST_KEPT = 20


class Violations:
    """Collects what should never happen, each law at most once a moment."""

    def __init__(self, clock: Clock) -> None:
        self.found: list[str] = []
        self.seen = asyncio.Event()
        """Set with the first of them."""
        self._clock = clock

    def add(self, law: str, detail: str) -> None:
        """Note a broken law; only the first ones of a day are kept."""
        self.seen.set()
        if len(self.found) < MOST_KEPT:
            self.found.append(f"{to_iso(self._clock.now_ns())} {law}: {detail}")

    def require(self, holds: bool, law: str, detail: str) -> None:
        """Note the law as broken unless it holds."""
        if not holds:
            self.add(law, detail)
