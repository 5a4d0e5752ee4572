"""One strange thing about a series, and how a moment is written in a report."""

from enum import StrEnum

import msgspec

from microfutures.model.timestamp import to_datetime


class FindingKind(StrEnum):
    """What sort of thing it is."""

    GAP = "gap"
    HOURS = "hours"
    CLOCK = "clock"
    OUTLIER = "outlier"
    NEGATIVE = "negative"
    CROSSED = "crossed"
    REPEAT = "repeat"


class Finding(msgspec.Struct, frozen=True):
    """One thing; ``time_ns`` is where it is first seen."""

    kind: FindingKind
    time_ns: int
    text: str

    def line(self) -> str:
        """Return it as a line of a report."""
        return f"{self.kind:<9} {shown(self.time_ns)}  {self.text}"


def shown(moment_ns: int) -> str:
    """Return a moment as reports write it, UTC."""
    return f"{to_datetime(moment_ns):%Y-%m-%d %H:%M}"
