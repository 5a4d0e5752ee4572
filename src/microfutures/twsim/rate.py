"""The limit on messages that a client may send in a second."""

from collections import deque

MESSAGES_PER_SECOND = 50
SECOND = 1_000_000_000


class MessageRate:
    """Counts a client's messages over the last second.

    Parameters
    ----------
    limit
        Messages a second; None for no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._received: deque[int] = deque()

    def excess(self, now_ns: int) -> int:
        """Count a message; return how many came within the second if that is too many, else 0."""
        if self.limit is None:
            return 0
        received = self._received
        received.append(now_ns)
        while received[0] <= now_ns - SECOND:
            received.popleft()
        return len(received) if len(received) > self.limit else 0
