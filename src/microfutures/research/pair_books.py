"""What compiled code remembers of one parameter set, and the limits it trades within."""

from typing import NamedTuple

from microfutures.research.pair_series import Floats, Integers

THIN, RAN_AWAY, MARGIN, OLD, UNFINISHED, DOUBTS = range(6)
"""Doubts: more than is displayed; beyond its limit; not surely carried; a quote that gets too old
on the way; an entry that the end of the tape meets half-way. Their number is the last one."""

GATE, RULES = 10, 11
"""The risk gate, as a rule beside those of `analytics.pairs`; and how many there are."""

# What a set remembers between chunks: whole numbers …
(
    DIRECTION, ENTERED, HAS_JUMPED, COOLDOWN, WAITS, SIGNED, HEDGED, SESSION, DAY, IS_HALTED,
    OPENED, TRIPS, FIRST_BAR, FIRST_BOUGHT, FIRST_SOLD, SECOND_BAR, SECOND_BOUGHT, SECOND_SOLD,
    HELD_CHECKS, WHOLE,
) = range(20)  # fmt: skip
# … and USD.
(
    STOP_RATIO, NET, PEAK, DAY_NET, CAPITAL, FIRST_PRICE, SECOND_PRICE, PAID, GROSS, COMMISSIONS,
    WON, DRAWDOWN, REAL,
) = range(13)  # fmt: skip


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


class Books(NamedTuple):
    """Where trades, daily results and counts go; of one set, or of all with the sets first."""

    whole: Integers
    real: Floats
    daily: Floats
    """Net result by trading day, USD."""
    refused: Integers
    doubts: Integers
    trades: Integers
    prices: Floats
