"""What the pair strategy sees at each check of a tape of closes: compiled, a stretch at a time.

Nothing here depends on what was traded: parameter sets that look at the market in the same way
share it. Checks lie on a fixed beat; only those within the joint liquid hours are visited.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from microfutures.analytics import pairs, rolling
from microfutures.analytics.pairs import UNSEEN, SpreadRules, SpreadState
from microfutures.research.compiled import compiled
from microfutures.research.pair_series import Floats, Integers

CHUNK = 2048
"""Checks at a time: what is known of them stays in the processor's cache."""

NOTHING, SOUND, JUMP, SEEN = range(4)
"""No prices; prices but no z-score yet; the ratio jumped; a z-score."""


class Tape(NamedTuple):
    """A `PairSeries` as compiled code takes it, and the beat of the checks."""

    primary_ns: Integers
    primary_bid: Floats
    primary_ask: Floats
    primary_size: Integers
    secondary_ns: Integers
    secondary_bid: Floats
    secondary_ask: Floats
    secondary_size: Integers
    sessions: Integers
    """Opening, closing moment and trading day (counted from 0) of each."""
    margins: Floats
    """Initial margin of a contract of each leg at most, USD, by session; 0 of shares."""
    first_check_ns: int
    interval_ns: int
    last_ns: int
    """Of the last bar: no check is later."""


class Eyes(NamedTuple):
    """How a strategy looks at the market."""

    lookback: int
    stretch_ns: int
    max_age_ns: int
    spread: SpreadRules


class Cursor(NamedTuple):
    """How far a tape was looked at."""

    session: int
    check: int
    primary: int
    """The bar that is the latest; -1 before the first."""
    secondary: int
    stretch: int
    stretch_end_ns: int
    spread: SpreadState


class Looks(NamedTuple):
    """What was seen at up to `CHUNK` checks."""

    now_ns: Integers
    kind: NDArray[np.int8]
    ratio: Floats
    z: Floats
    deviation: Floats
    primary: Integers
    secondary: Integers
    session: Integers


def empty_looks() -> Looks:
    """Return room for one chunk."""
    whole, real = np.zeros((4, CHUNK), np.int64), np.zeros((3, CHUNK))
    kind = np.zeros(CHUNK, np.int8)
    return Looks(whole[0], kind, real[0], real[1], real[2], whole[1], whole[2], whole[3])


@compiled
def look_at(  # noqa: C901 - one loop: what it knows stays in registers
    tape: Tape, eyes: Eyes, ring: Floats, cursor: Cursor, looks: Looks
) -> tuple[int, Cursor]:
    """Fill `looks` from the cursor on; return how many there are, none at the end, and the cursor.

    A check sees the bars that closed before it: one of its very moment is still on the wire.
    """
    session, check, first, second, stretch, stretch_end_ns, spread = cursor
    count = 0
    while count < CHUNK and session < len(tape.sessions):
        opens_ns, closes_ns = tape.sessions[session, 0], tape.sessions[session, 1]
        late_ns = opens_ns - (tape.first_check_ns + check * tape.interval_ns)
        if late_ns > 0:
            check += -(-late_ns // tape.interval_ns)
        now_ns = tape.first_check_ns + check * tape.interval_ns
        ends_ns = min(closes_ns, tape.last_ns + 1)
        while count < CHUNK and now_ns < ends_ns:
            while first + 1 < len(tape.primary_ns) and tape.primary_ns[first + 1] < now_ns:
                first += 1
            while second + 1 < len(tape.secondary_ns) and tape.secondary_ns[second + 1] < now_ns:
                second += 1
            looks.now_ns[count] = now_ns
            looks.session[count] = session
            looks.primary[count] = first
            looks.secondary[count] = second
            kind = NOTHING
            if (
                first >= 0
                and second >= 0
                and now_ns - tape.primary_ns[first] <= eyes.max_age_ns
                and now_ns - tape.secondary_ns[second] <= eyes.max_age_ns
                and tape.primary_bid[first] > 0
                and tape.secondary_bid[second] > 0
            ):
                if now_ns >= stretch_end_ns:
                    stretch = now_ns // eyes.stretch_ns
                    stretch_end_ns = (stretch + 1) * eyes.stretch_ns
                ratio = (tape.primary_bid[first] + tape.primary_ask[first]) / 2
                ratio /= (tape.secondary_bid[second] + tape.secondary_ask[second]) / 2
                spread, has_jumped = pairs.observe(ring, spread, eyes.spread, stretch, ratio)
                kind = JUMP if has_jumped else SOUND
                looks.ratio[count] = ratio
                if spread.moments.samples == eyes.lookback:
                    deviation = pairs.spread_deviation(spread.moments)
                    if deviation > 0:
                        kind = SEEN
                        mean = rolling.mean(spread.moments)
                        looks.z[count] = pairs.z_score(ratio, mean, deviation)
                        looks.deviation[count] = deviation
            looks.kind[count] = kind
            count += 1
            check += 1
            now_ns += tape.interval_ns
        if now_ns >= ends_ns:
            session += 1
    return count, Cursor(session, check, first, second, stretch, stretch_end_ns, spread)


@compiled
def warmed_up(ring: Floats, samples: Floats, stretch: int) -> SpreadState:
    """Return the history that past bars make, the latest of them in `stretch`."""
    moments = UNSEEN.moments
    for place in range(max(0, len(samples) - len(ring)), len(samples)):
        moments = rolling.push(ring, moments, samples[place])
    return SpreadState(stretch, np.nan, moments)
