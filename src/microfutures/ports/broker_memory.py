"""What a simulated broker keeps beyond the life of its process."""

from collections.abc import Iterable
from typing import Protocol

import msgspec


class KeptRow(msgspec.Struct, frozen=True, array_like=True):
    """One thing as it stands now: an account, an order, an execution, the counters."""

    kind: str
    key: str
    payload: bytes
    """JSON."""


class BrokerMemory(Protocol):
    """The newest state of everything, by kind and key."""

    def save(self, rows: Iterable[KeptRow]) -> None:
        """Keep all of `rows` or none; they survive the death of the process from here on.

        Raises
        ------
        GatewayStateError
            If they can't be kept: nothing that follows from them may leave the process.
        """
        ...

    def load(self) -> list[KeptRow]:
        """Return everything that is kept, in the order it first came."""
        ...
