"""The limit on messages that a client may send in a second.

TWS's refusals as users quote them: ``max=50 rec=138 (1)``, ``rec=651 (1)``, ``rec=106 (3)``. So
refused messages count as received, and violations are numbered; after some the connection ends
(pull request 35 of ib_insync).
"""

from collections import deque
from typing import NamedTuple

MESSAGES_PER_SECOND = 50
MAX_VIOLATIONS = 3
"""With this one the client is disconnected; no higher number is reported by anybody."""

SECOND = 1_000_000_000


class Violation(NamedTuple):
    """A message too many: how many came within the second, and which violation that is."""

    received: int
    number: int


class MessageRate:
    """Counts a client's messages over the last second.

    A violation lasts a second: what comes too fast after it is the next one.

    Parameters
    ----------
    limit
        Messages a second; None for no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._received: deque[int] = deque()
        self._violations = 0
        self._violated_ns = 0

    def count(self, now_ns: int) -> Violation | None:
        """Count a message; return the violation it is a part of, None when it is allowed."""
        if self.limit is None:
            return None
        received = self._received
        received.append(now_ns)
        while received[0] <= now_ns - SECOND:
            received.popleft()
        if len(received) <= self.limit:
            return None
        if not self._violations or now_ns - self._violated_ns >= SECOND:
            self._violations += 1
            self._violated_ns = now_ns
        return Violation(len(received), self._violations)
