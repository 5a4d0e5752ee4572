"""Where a tape of bars has none though the market was open: said before it is played."""

from collections.abc import Sequence

import msgspec
import numpy as np

from microfutures.adapters.tapes.bar_columns import BarColumns, Integers
from microfutures.adapters.tapes.segment import Segment
from microfutures.model import catalog
from microfutures.model.identifiers import Symbol
from microfutures.model.market import Bar
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND, to_datetime

LONGEST_BAR_SECONDS = 1800
LEAST_BARS = 5
"""Shorter holes are minutes without a trade."""
NEVER_NS = np.iinfo(np.int64).max


class Holes(msgspec.Struct, frozen=True, kw_only=True):
    """What is missing of one product within its liquid hours."""

    symbol: Symbol
    present: int
    expected: int
    """Bars that the liquid hours have room for."""
    longest_seconds: float
    longest_ns: int
    """Where the longest hole begins."""


def find_holes(segments: Sequence[Segment], start_ns: int, end_ns: int) -> list[Holes]:
    """Return the products that have holes of at least `LEAST_BARS` between two moments."""
    found: list[Holes] = []
    for symbol in dict.fromkeys(each.instrument.symbol for each in segments):
        mine = [each for each in segments if each.instrument.symbol == symbol]
        seconds = max((each.bars[0].seconds for each in mine if each.bars), default=0)
        # Of months one after the other it is in order already: that is found at once.
        starts = np.sort(np.concatenate([_starts_ns(each.bars) for each in mine]), kind="stable")
        starts = starts[np.diff(starts, append=NEVER_NS) > 0]
        if len(starts) < 2 or not 0 < seconds <= LONGEST_BAR_SECONDS:
            continue
        are_far = np.diff(starts) >= LEAST_BARS * seconds * NANOSECONDS_PER_SECOND
        if 2 * are_far.sum() > len(are_far):
            continue  # one price a day, as settlements are
        holes = _holes(symbol, starts, seconds, (start_ns, end_ns))
        if holes is not None and holes.longest_seconds >= LEAST_BARS * seconds:
            found.append(holes)
    return found


def _starts_ns(bars: Sequence[Bar]) -> Integers:
    if isinstance(bars, BarColumns):
        return bars.starts_ns
    return np.array([bar.start_ns for bar in bars], np.int64)


def _holes(
    symbol: Symbol, starts: Integers, seconds: int, between_ns: tuple[int, int]
) -> Holes | None:
    first_ns, end_ns = between_ns
    _, liquid = catalog.sessions(symbol, to_datetime(first_ns).date(), to_datetime(end_ns).date())
    length_ns = seconds * NANOSECONDS_PER_SECOND
    present = expected = longest = longest_ns = 0
    for session in liquid:
        opens, closes = max(session.open_ns, first_ns), min(session.close_ns, end_ns)
        if closes - opens < length_ns:
            continue
        inside = starts[slice(*np.searchsorted(starts, [opens, closes]))]
        present, expected = present + len(inside), expected + (closes - opens) // length_ns
        edges = np.concatenate(([opens - length_ns], inside, [closes]))
        gaps = np.diff(edges) - length_ns
        place = int(gaps.argmax())
        if gaps[place] > longest:
            longest, longest_ns = int(gaps[place]), int(edges[place]) + length_ns
    if not longest:
        return None
    return Holes(
        symbol=symbol,
        present=present,
        expected=expected,
        longest_seconds=longest / NANOSECONDS_PER_SECOND,
        longest_ns=longest_ns,
    )
