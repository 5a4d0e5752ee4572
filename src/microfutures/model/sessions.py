"""Stretches of trading and how to find the one that holds a moment."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec


class Session(msgspec.Struct, frozen=True, order=True, gc=False):
    """One stretch of trading, ``[open_ns, close_ns)``, nanoseconds UTC; in order of opening."""

    open_ns: int
    close_ns: int


FOREVER_NS = 2**63 - 1


def session_at(sessions: tuple[Session, ...], moment_ns: int) -> Session | None:
    """Return the session that contains `moment_ns`, if any."""
    index = bisect_right(sessions, Session(moment_ns, FOREVER_NS))
    if index and moment_ns < sessions[index - 1].close_ns:
        return sessions[index - 1]
    return None


def next_open(sessions: tuple[Session, ...], moment_ns: int) -> Session | None:
    """Return the first session that opens after `moment_ns`, if one is known."""
    index = bisect_right(sessions, Session(moment_ns, FOREVER_NS))
    return sessions[index] if index < len(sessions) else None


def seconds_to_close(sessions: tuple[Session, ...], moment_ns: int) -> float | None:
    """Return the seconds until the session that contains `moment_ns` ends; None outside of all."""
    session = session_at(sessions, moment_ns)
    return None if session is None else (session.close_ns - moment_ns) / 1e9


def joint_open_ns(hours: Sequence[tuple[Session, ...]], moment_ns: int) -> int | None:
    """Return the first moment from `moment_ns` on when all are open; None if none is known."""
    while True:
        opens = moment_ns
        for sessions in hours:
            if session_at(sessions, opens) is None:
                later = next_open(sessions, opens)
                if later is None:
                    return None
                opens = later.open_ns
        if opens == moment_ns:
            return opens
        moment_ns = opens


def joint_sessions(hours: Sequence[tuple[Session, ...]]) -> tuple[Session, ...]:
    """Return the stretches in which all are open, ascending."""
    joint, *others = hours
    for sessions in others:
        joint = tuple(
            Session(max(one.open_ns, other.open_ns), min(one.close_ns, other.close_ns))
            for one in joint
            for other in sessions
            if one.open_ns < other.close_ns and other.open_ns < one.close_ns
        )
    return joint
