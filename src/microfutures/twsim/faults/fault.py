"""What a fault is, and what it may touch."""

from collections.abc import Callable
from random import Random
from typing import Protocol

import msgspec

from microfutures.twsim.server import TwsServer
from microfutures.twsim.session import Session


class Stage(Protocol):
    """What a fault acts on."""

    server: TwsServer
    random: Random

    def sessions(self, client: int | None) -> list[Session]:
        """Return the started sessions of a client, or all."""
        ...

    def hold(self, session: Session, frames: list[bytes], seconds: float) -> None:
        """Deliver frames after a while, together with what is held of the session already."""
        ...

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a while."""
        ...

    def go_offline(self, seconds: float) -> None:
        """Drop every client and refuse connections for a while."""
        ...

    def move(self, tell: Callable[[int], None]) -> None:
        """Listen on another free port; call `tell` with it and drop every client."""
        ...


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault; what it does not override stays as it is.

    A fault with `seconds` above 0 lasts: until its end messages pass through it.
    """

    client: int | None = None
    """Only this client; None for all."""
    seconds: float = 0.0

    def start(self, stage: Stage) -> None:
        """Begin."""

    def end(self, stage: Stage) -> None:
        """Return to normal."""

    def outgoing(self, stage: Stage, session: Session, frames: list[bytes]) -> list[bytes]:
        """Return the messages that are written in place of `frames`."""
        return frames

    def takes(self, stage: Stage, session: Session, fields: list[str]) -> bool:
        """Tell whether the server gets a request; answer it here if not."""
        return True

    def packets(self, stage: Stage, packets: list[bytes]) -> list[bytes]:
        """Return the same bytes in other pieces."""
        return packets


def message_id(frame: bytes) -> int:
    """Return the kind of a framed message; -1 for the greeting's answer and nonsense."""
    text = frame[4:14].partition(b"\0")[0]
    return int(text) if text.isdigit() else -1
