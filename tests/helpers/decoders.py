"""Our messages as two independent clients read them: IB's own `ibapi`, and `ib_async`."""

from collections.abc import Callable, Iterator
from datetime import UTC
from functools import cache
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


@cache
def _ibapi_decoder(version: int) -> ibapi.decoder.Decoder:
    """Return the one decoder of a version: to make it takes as long as to read 100 messages."""
    return ibapi.decoder.Decoder(None, version)


@cache
def _ib_async_decoder(version: int) -> ib_async.decoder.Decoder:
    return ib_async.decoder.Decoder(Ears(), version)  # type: ignore[arg-type]


def unread_by_ibapi(version: int, message: list[Field]) -> int:
    """Return how many fields at the end of a message IB's decoder knows nothing of."""
    return heard_by_ibapi(version, message)[1]


def read_by_ibapi(version: int, message: list[Field]) -> list[Call]:
    return heard_by_ibapi(version, message)[0]


def heard_by_ibapi(version: int, message: list[Field]) -> tuple[list[Call], int]:
    """Return what IB's decoder makes of a message, and how many fields at its end it left."""
    head, *fields = encode(message)[4:].split(b"\0")[:-1]
    tracked, ears = _Fields(fields), Ears()
    decoder = _ibapi_decoder(version)
    decoder.wrapper = ears
    decoder.interpret(tracked, int(head))
    return ears.calls, length_hint(tracked.reading) if hasattr(tracked, "reading") else 0


def read_by_ib_async(version: int, message: list[Field]) -> list[Call]:
    decoder, ears = _ib_async_decoder(version), Ears()
    decoder.wrapper = ears  # type: ignore[assignment]
    # Not `interpret`: it logs what goes wrong, and a test has to see it.
    fields = split_fields(encode(message)[4:])
    decoder.handlers[int(fields[0])](fields)
    return ears.calls


def read_by_both(version: int, message: list[Field]) -> list[Call]:
    """Return what each of the two heard; each must have heard one thing."""
    (one,) = read_by_ibapi(version, message)
    (other,) = read_by_ib_async(version, message)
    return [one, other]
