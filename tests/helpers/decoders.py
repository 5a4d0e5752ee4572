"""Our messages as two independent clients read them: IB's own `ibapi`, and `ib_async`."""

from collections.abc import Callable, Iterator
from datetime import UTC
from operator import length_hint
from types import SimpleNamespace
from typing import Any

import ib_async.decoder
import ibapi.decoder

from microfutures.twsim.wire import Field, encode, split_fields

Call = tuple[str, tuple[Any, ...]]
"""Name of a callback and its arguments."""

VERSIONS = (157, 160, 163, 164, 166, 170, 173, 176, 177, 178)
"""Server versions at which some layout changes, and the ones in between that matter."""


class Ears:
    """Stands in for a client's wrapper and keeps every callback."""

    ib = SimpleNamespace(TimezoneTWS="")
    defaultTimezone = UTC

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def record(*arguments: Any, **named: Any) -> None:
            self.calls.append((name, (*arguments, *named.values())))

        return record


class _Fields(tuple[bytes, ...]):
    """Fields that know how many of them were read."""

    def __iter__(self) -> Iterator[bytes]:
        self.reading = super().__iter__()
        return self.reading


def unread_by_ibapi(version: int, message: list[Field]) -> int:
    """Return how many fields at the end of a message IB's decoder knows nothing of."""
    head, *fields = encode(message)[4:].split(b"\0")[:-1]
    tracked = _Fields(fields)
    ibapi.decoder.Decoder(Ears(), version).interpret(tracked, int(head))
    return length_hint(tracked.reading) if hasattr(tracked, "reading") else 0


def read_by_ibapi(version: int, message: list[Field]) -> list[Call]:
    ears = Ears()
    decoder = ibapi.decoder.Decoder(ears, version)
    head, *fields = encode(message)[4:].split(b"\0")[:-1]
    decoder.interpret(tuple(fields), int(head))
    return ears.calls


def read_by_ib_async(version: int, message: list[Field]) -> list[Call]:
    ears = Ears()
    decoder = ib_async.decoder.Decoder(ears, version)  # type: ignore[arg-type]
    # Not `interpret`: it logs what goes wrong, and a test has to see it.
    fields = split_fields(encode(message)[4:])
    decoder.handlers[int(fields[0])](fields)
    return ears.calls


def read_by_both(version: int, message: list[Field]) -> list[Call]:
    """Return what each of the two heard; each must have heard one thing."""
    (one,) = read_by_ibapi(version, message)
    (other,) = read_by_ib_async(version, message)
    return [one, other]
