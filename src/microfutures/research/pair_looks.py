"""What the pair strategy sees at each check of a tape of closes: compiled, a stretch at a time.

Nothing here depends on what was traded: parameter sets that look at the market in the same way
share it. Checks lie on a fixed beat; only those within the joint liquid hours are visited.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from microfutures.adapters.tapes.bar_columns import Floats, Integers
from microfutures.analytics import pairs, rolling
from microfutures.analytics.pairs import UNSEEN, SpreadRules, SpreadState
from microfutures.engine.market_watch import MEMORY_SECONDS, STAYS_SECONDS
from microfutures.research.compiled import compiled, inlined, item
from microfutures.research.pair_books import LOOK, Rows, Tape, Warmth

CHUNK = 2048
"""Checks at a time: what is known of them stays in the processor's cache."""

NOTHING, FLAWED, SOUND, JUMP, SEEN = range(5)
"""No prices; one that is not believed; prices but no z-score yet; the ratio jumped; a z-score."""

MEMORY_NS, STAYS_NS = (round(each * 1e9) for each in (MEMORY_SECONDS, STAYS_SECONDS))
NEVER_NS = np.iinfo(np.int64).max


class Eyes(NamedTuple):
    """How a strategy looks at the market."""

    lookback: int
    stretch_ns: int
    max_age_ns: int
    spread: SpreadRules


class Cursor(NamedTuple):
    """How far a tape was looked at."""

    session: int
    chapter: int
    """That the spread is of; -1 before the first."""
    check: int
    primary: int
    """The bar that is the latest; -1 before the first."""
    secondary: int
    stretch: int
    stretch_end_ns: int
    spread: SpreadState


class Looks(NamedTuple):
    """What was seen at up to `CHUNK` checks."""

    kind: NDArray[np.int8]
    z: Floats
    """NaN where there is none."""
    rows: Rows
    """`LOOK`."""


def empty_looks() -> Looks:
    """Return room for one chunk."""
    return Looks(np.zeros(CHUNK, np.int8), np.zeros(CHUNK), np.zeros(CHUNK, LOOK))


@inlined
def _due_ns(bars: Rows, place: int) -> int:
    """Return when a bar closes; never, beyond the last one."""
    return item(bars, place).ns if place < len(bars) else NEVER_NS


@inlined
def _next_stretch(eyes: Eyes, stretch: int, end_ns: int, now_ns: int) -> tuple[int, int]:
    """Return the stretch of now and its end, given those of an earlier moment."""
    stretch, end_ns = stretch + 1, end_ns + eyes.stretch_ns
    if now_ns < end_ns:  # mostly so: a processor adds twenty times while it divides
        return stretch, end_ns
    stretch = now_ns // eyes.stretch_ns
    return stretch, (stretch + 1) * eyes.stretch_ns


@inlined
def _warmed_up(ring: Floats, warmth: Warmth, chapter: int) -> SpreadState:
    """Return the history that the bars before a chapter make."""
    moments = UNSEEN.moments
    for place in range(warmth.counts[chapter]):
        moments = rolling.push(ring, moments, warmth.samples[chapter, place])
    return SpreadState(warmth.stretches[chapter], np.nan, moments)


@compiled
def look_at(  # noqa: C901, PLR0912 - one loop over a dozen numbers that parts would have to hand on
    tape: Tape, eyes: Eyes, warmth: Warmth, ring: Floats, cursor: Cursor, looks: Looks
) -> tuple[int, Cursor]:
    """Fill `looks` from the cursor on; return how many there are, none at the end, and the cursor.

    A check sees the bars that closed before it: one of its very moment is still on the wire. A
    contract that is new in its chapter has no quote before its first bar in it.
    """
    session, chapter, check, first, second, stretch, stretch_end_ns, spread = cursor
    primary, secondary, count = tape.primary, tape.secondary, 0
    first_due_ns, second_due_ns = _due_ns(primary, first + 1), _due_ns(secondary, second + 1)
    while count < CHUNK and session < len(tape.sessions):
        hours = tape.sessions[session]
        if hours.chapter != chapter:
            chapter, spread = hours.chapter, _warmed_up(ring, warmth, hours.chapter)
        late_ns = hours.opens_ns - (tape.first_check_ns + check * tape.interval_ns)
        if late_ns > 0:
            check += -(-late_ns // tape.interval_ns)
        now_ns = tape.first_check_ns + check * tape.interval_ns
        ends_ns = min(hours.closes_ns, tape.last_ns + 1)
        while count < CHUNK and now_ns < ends_ns:
            while first_due_ns < now_ns:
                first += 1
                first_due_ns = _due_ns(primary, first + 1)
            while second_due_ns < now_ns:
                second += 1
                second_due_ns = _due_ns(secondary, second + 1)
            row, kind, z = item(looks.rows, count), NOTHING, np.nan
            row.now_ns, row.primary, row.secondary, row.session = now_ns, first, second, session
            if first >= hours.first_begin and second >= hours.second_begin:
                ours, theirs = item(primary, first), item(secondary, second)
                row.first, row.second = (ours.bid + ours.ask) / 2, (theirs.bid + theirs.ask) / 2
                oldest_ns = now_ns - eyes.max_age_ns
                if not (ours.is_sound and theirs.is_sound):
                    kind = FLAWED
                elif min(ours.ns, theirs.ns) >= oldest_ns and min(ours.bid, theirs.bid) > 0:
                    kind = SOUND
            if kind == SOUND:
                if now_ns >= stretch_end_ns:
                    stretch, stretch_end_ns = _next_stretch(eyes, stretch, stretch_end_ns, now_ns)
                ratio = row.first / row.second
                spread, has_jumped = pairs.observe(ring, spread, eyes.spread, stretch, ratio)
                kind = JUMP if has_jumped else SOUND
                row.ratio = ratio
                if spread.moments.samples == eyes.lookback:
                    deviation = pairs.spread_deviation(spread.moments)
                    if deviation > 0:
                        kind, row.deviation = SEEN, deviation
                        z = pairs.z_score(ratio, rolling.mean(spread.moments), deviation)
            here = np.uint64(count)
            looks.kind[here], looks.z[here] = kind, z
            count += 1
            check += 1
            now_ns += tape.interval_ns
        if now_ns >= ends_ns:
            session += 1
    return count, Cursor(
        session, chapter, check, first, second, stretch, stretch_end_ns, spread
    )  # fmt: skip


@compiled
def judge(times_ns: Integers, mids: Floats, share: float, least: float, sound: Integers) -> None:
    """Set to 0 in `sound` the quotes that the desk does not believe, as `engine.market_watch` does.

    One that jumped by more than `share` of the price, and by more than `least`, is not believed
    until it has stayed there; after a long silence nothing is a jump.
    """
    last, suspect = 0, -1
    for bar in range(1, len(mids)):
        is_near = abs(mids[bar] - mids[last]) <= max(share * abs(mids[last]), least)
        if not (is_near or times_ns[bar] - times_ns[last] > MEMORY_NS):
            was = mids[suspect]
            if suspect < 0 or abs(mids[bar] - was) > max(share * abs(was), least):
                suspect = bar
            sound[bar] = times_ns[bar] - times_ns[suspect] >= STAYS_NS
        if sound[bar]:
            last, suspect = bar, -1
