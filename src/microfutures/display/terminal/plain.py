"""Status lines for journald, docker and files: one a snapshot, one a piece of news."""

from collections.abc import Callable

from microfutures.display.words import ASCII_MARKS, MARKS, halt_words, signed
from microfutures.model.snapshot import DeskSnapshot
from microfutures.model.timestamp import to_iso


class PlainLines:
    """Writes lines, never an escape code."""

    def __init__(self, write: Callable[[str], None], *, is_unicode: bool) -> None:
        self._write = write
        self._marks = MARKS if is_unicode else ASCII_MARKS
        self._seen: object = None

    def update(self, snapshot: DeskSnapshot) -> None:
        """Write what is new since the last snapshot, then the state in one line."""
        fresh = []
        for event in snapshot.events:
            if event is self._seen:
                break
            fresh.append(event)
        for event in reversed(fresh):
            self._write(f"{to_iso(event.time_ns)} [{self._marks[event.severity]}] {event.text}")
        if snapshot.events:
            self._seen = snapshot.events[0]
        self._write(self._status(snapshot))

    def _status(self, snapshot: DeskSnapshot) -> str:
        view = snapshot.portfolio
        net = view.current_capital - view.initial_capital
        held = " ".join(f"{each.quantity:+d} {each.instrument_id}" for each in snapshot.positions)
        parts = [
            f"{to_iso(snapshot.time_ns)} {snapshot.connection.state.replace('_', ' ').upper()}",
            f"capital {view.current_capital:,.2f} ({signed(net)})",
            f"positions {held or 'none'}",
        ]
        parts += [f"{each.name} {each.state}: {each.why_no_trade}" for each in snapshot.strategies]
        if snapshot.is_halted:
            parts.append(halt_words(snapshot))
        return " | ".join(parts)
