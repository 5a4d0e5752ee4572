"""`microfutures replay`: says whether the journal's decisions come out again."""

from datetime import date
from pathlib import Path

from microfutures.app.journal.replay import ALL_TIME, day_bounds, replay
from microfutures.model.errors import ConfigurationError
from microfutures.model.timestamp import to_iso

SAME, DIFFERENT = 0, 1
SHOWN_CHARACTERS = 400


def replay_lines(journal: Path, day: str | None) -> tuple[list[str], int]:
    """Return what to say of a replay, and the exit code.

    Raises
    ------
    ConfigurationError
        If `day` is none.
    JournalError
        If the journal can't be read.
    """
    report = replay(journal, ALL_TIME if day is None else day_bounds(_day(day)))
    when = "" if day is None else f" on {day} (UTC)"
    if report.runs == 0:
        return [f"{journal} has no run{when}"], DIFFERENT
    counted = f"{report.runs} run(s){when}: {report.events:,} events, {report.answers:,} answers"
    if report.difference is None:
        lines = [f"{counted}, the same again, byte for byte"]
        if report.unwritten:
            lines.append(f"{report.unwritten} answer(s) were not written before the process died")
        return lines, SAME
    difference = report.difference
    return [
        f"{counted}, then record {difference.sequence} of {to_iso(difference.time_ns)} differs:",
        f"  journal: {difference.journal[:SHOWN_CHARACTERS]}",
        f"  replay:  {difference.replay[:SHOWN_CHARACTERS]}",
    ], DIFFERENT


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"{text!r} is no day; write it like 2026-11-23") from None
