"""The records that compiled code works on: bars, sessions, looks, and the book of one set.

Records and not tuples of arrays: who hands a row on hands on one pointer.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from microfutures.adapters.tapes.bar_columns import Floats, Integers

(
    THIN,
    RAN_AWAY,
    MARGIN,
    OLD,
    UNFINISHED,
    FLAWED_QUOTE,
    DOUBTS,
) = range(7)
"""Doubts: more than is displayed; beyond its limit; not surely carried; a quote that gets too old
on the way; an entry that the end of the tape meets half-way; a position on while a quote is not
believed. Their number is the last one."""

GATE, RULES = 10, 11
"""The risk gate, as a rule beside those of `analytics.pairs`; and how many there are."""

Rows = NDArray[np.void]
Row = Any
"""One of them."""

BAR = np.dtype(
    [("ns", "i8"), ("bid", "f8"), ("ask", "f8"), ("size", "i4"), ("is_sound", "i4")], align=True
)
"""The moment of a close and the book of then; whether the desk believes its quote. Two of them are
a line of the processor's cache."""
MOST_SIZE = np.iinfo(np.int32).max
"""More than this may be displayed, and makes no difference."""

SESSION = np.dtype(
    [
        ("opens_ns", "i8"),
        ("closes_ns", "i8"),
        ("day", "i8"),
        ("chapter", "i8"),
        ("first_begin", "i8"),
        ("second_begin", "i8"),
        ("first_margin", "f8"),
        ("second_margin", "f8"),
    ],
    align=True,
)
"""Joint liquid hours; the trading day and the chapter, counted from 0; the first bar of either
contract of then, what was before it is another month's; initial margin of a contract of each leg at
most, USD, 0 of shares."""

LOOK = np.dtype(
    [
        ("now_ns", "i8"),
        ("ratio", "f8"),
        ("deviation", "f8"),
        ("first", "f8"),
        ("second", "f8"),
        ("primary", "i8"),
        ("secondary", "i8"),
        ("session", "i8"),
    ],
    align=True,
)
"""What is seen at a check, beside its z-score: the middle of each leg's quote, and their bars."""

TRADE = np.dtype(
    [
        ("opened_ns", "i8"),
        ("closed_ns", "i8"),
        ("direction", "i8"),
        ("units", "i8"),
        ("hedge_units", "i8"),
        ("action", "i8"),
        ("rule", "i8"),
        ("decided_entry_ns", "i8"),
        ("decided_exit_ns", "i8"),
        ("primary_entry", "f8"),
        ("secondary_entry", "f8"),
        ("primary_exit", "f8"),
        ("secondary_exit", "f8"),
        ("gross", "f8"),
        ("commissions", "f8"),
    ],
    align=True,
)
"""One round trip: direction of the spread, prices, USD; what `analytics.pairs` answered."""

LEG = np.dtype([("price", "f8"), ("bar", "i8"), ("bought", "i8"), ("sold", "i8")], align=True)
"""What was paid for a leg that is on; what own orders took of the book of a bar."""

BOOK = np.dtype(
    [
        # The state of `pairs.step` …
        ("direction", "i8"),
        ("stop_ratio", "f8"),
        ("entered_ns", "i8"),
        ("has_jumped", "i8"),
        ("cooldown_until_ns", "i8"),
        ("stopped", "i8"),
        # … the position, in contracts and shares, signed …
        ("signed", "i8"),
        ("hedged", "i8"),
        ("opened_ns", "i8"),
        ("paid", "f8"),
        ("first", LEG),
        ("second", LEG),
        # … and the books: money in USD.
        ("day", "i8"),
        ("is_halted", "i8"),
        ("trips", "i8"),
        ("won", "i8"),
        ("held_checks", "i8"),
        ("net", "f8"),
        ("peak", "f8"),
        ("day_net", "f8"),
        ("capital", "f8"),
        ("gross", "f8"),
        ("commissions", "f8"),
        ("drawdown", "f8"),
        ("refused", "i8", (RULES,)),
        ("doubts", "i8", (DOUBTS,)),
    ],
    align=True,
)
"""What compiled code remembers of one parameter set."""


class Gate(NamedTuple):
    """The risk gate's limits, as far as a pair can meet them; USD, percent, nanoseconds."""

    most_first: int
    most_second: int
    most_notional: float
    most_gross: float
    most_net: float
    max_age_ns: int
    daily_loss: float
    drawdown_percent: float
    flatten_percent: float
    trip_loss: float
    are_one_family: bool


class Desk(NamedTuple):
    """Money and way of the orders."""

    initial: float
    share: float
    """Of the capital that the strategy gets."""
    cash: float
    headroom: float
    """Share of the equity that stays free."""
    latency_ns: int
    first_collar: float
    second_collar: float
    """How far a limit goes through the other side, USD of price."""


class Tape(NamedTuple):
    """A `PairSeries` as compiled code takes it, and the beat of the checks."""

    primary: Rows
    secondary: Rows
    """`BAR`."""
    sessions: Rows
    first_check_ns: int
    interval_ns: int
    last_ns: int
    """Of the last bar: no check is later."""


class Warmth(NamedTuple):
    """What the spread knows when a chapter begins, of bars before it."""

    samples: Floats
    """A row a chapter."""
    counts: Integers
    stretches: Integers
    """Of the latest sample; -1 for none."""


def book(sets: int, initial_capital: float) -> Rows:
    """Return the books of so many sets before the first check."""
    books = np.zeros(sets, BOOK)
    books["day"] = books["first"]["bar"] = books["second"]["bar"] = -1
    books["peak"] = initial_capital
    return books
