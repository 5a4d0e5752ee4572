"""One long series out of contract months: back-adjusted by difference or by ratio.

The held contract changes after the last moment of a roll's day: both months are priced there, and
everything before is moved by what they differed. So every step of an adjusted series is a step of
the contract that was held, and no profit or loss appears at a roll that no position had.

By difference, profits in money are right and prices far back may be negative. By ratio, returns
in percent are right; it needs positive prices at every roll.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from microfutures.model.errors import InvalidValueError
from microfutures.model.expiry import ExpiryRule, month_code, next_month
from microfutures.model.holidays import Exchange, business_days_before

Moments = NDArray[np.int64]
Floats = NDArray[np.float64]


class Adjustment(StrEnum):
    """How prices before a roll are moved."""

    DIFFERENCE = "difference"
    RATIO = "ratio"
    NONE = "none"
    """Not at all: the jumps of the rolls stay in."""


class Leg(msgspec.Struct, frozen=True):
    """One contract's history, ascending, ``times`` in nanoseconds UTC; NaN where no price is."""

    contract: str
    times: Moments
    prices: Mapping[str, Floats]
    """By column, like ``open`` and ``close``; all of one contract's are moved alike."""


class Change(msgspec.Struct, frozen=True):
    """From ``time_ns`` on, ``contract`` is held."""

    time_ns: int
    contract: str


class Roll(msgspec.Struct, frozen=True):
    """One change of contract, priced at ``time_ns``, the last moment of the old one."""

    time_ns: int
    old: str
    new: str
    old_price: float
    new_price: float


class Continuous(msgspec.Struct, frozen=True):
    """The long series; ``contracts`` says which month each row is of."""

    times: Moments
    prices: dict[str, Floats]
    contracts: NDArray[np.str_]
    rolls: tuple[Roll, ...]


def roll_days(
    rule: ExpiryRule, letters: str, first: date, last: date, business_days: int
) -> list[tuple[date, tuple[int, int]]]:
    """Return when which month is held: first day, and year and month of the contract.

    On any day the nearest month is held whose last trading day is more than `business_days`
    business days away; `letters` are the months of the cycle.
    """
    held: list[tuple[date, tuple[int, int]]] = []
    month = (first.year, first.month)
    day = first
    while day <= last:
        while month_code(month[1]) not in letters or _leave(rule, month, business_days) <= day:
            month = next_month(*month)
        held.append((day, month))
        day = _leave(rule, month, business_days)
    return held


def _leave(rule: ExpiryRule, month: tuple[int, int], business_days: int) -> date:
    """Return the first day on which a month is not held any more."""
    end = rule(*month)
    if business_days == 0:
        return end + timedelta(days=1)
    return business_days_before(Exchange.CME, end, business_days)


def splice(
    legs: Mapping[str, Leg], changes: Sequence[Change], adjustment: Adjustment, priced_by: str
) -> Continuous:
    """Return the long series of `changes`, earliest first; `priced_by` is the column of a roll.

    Raises
    ------
    InvalidValueError
        If a contract has no rows, if two months share no moment before a roll, or if a ratio is
        asked for at a price that is not above zero.
    """
    if not changes:
        raise InvalidValueError("a continuous series needs at least one contract")
    pieces: list[tuple[Leg, slice]] = []
    ends = [change.time_ns for change in changes[1:]] + [np.iinfo(np.int64).max]
    for change, end_ns in zip(changes, ends, strict=True):
        leg = legs.get(change.contract)
        if leg is None or len(leg.times) == 0:
            raise InvalidValueError(f"no rows of {change.contract}, held from {change.time_ns}")
        low, high = np.searchsorted(leg.times, (change.time_ns, end_ns))
        pieces.append((leg, slice(int(low), int(high))))
    rolls = tuple(
        _roll(old, new, change.time_ns, priced_by)
        for (old, _), (new, _), change in zip(pieces, pieces[1:], changes[1:], strict=False)
    )
    offsets, factors = _moves(rolls, adjustment)
    prices = {
        name: np.concatenate(
            [
                leg.prices[name][part] * factor + offset
                for (leg, part), offset, factor in zip(pieces, offsets, factors, strict=True)
            ]
        )
        for name in pieces[0][0].prices
    }
    return Continuous(
        np.concatenate([leg.times[part] for leg, part in pieces]),
        prices,
        np.concatenate([np.full(part.stop - part.start, leg.contract) for leg, part in pieces]),
        rolls,
    )


def _roll(old: Leg, new: Leg, change_ns: int, priced_by: str) -> Roll:
    """Return the roll at the last moment before `change_ns` at which both have a price."""
    old_known = old.times[(old.times < change_ns) & ~np.isnan(old.prices[priced_by])]
    new_known = new.times[(new.times < change_ns) & ~np.isnan(new.prices[priced_by])]
    shared = np.intersect1d(old_known, new_known, assume_unique=True)
    if len(shared) == 0:
        raise InvalidValueError(
            f"{old.contract} and {new.contract} share no moment before their roll: "
            "bring in earlier rows of the later month, or roll later"
        )
    moment = int(shared[-1])
    return Roll(
        moment,
        old.contract,
        new.contract,
        float(old.prices[priced_by][np.searchsorted(old.times, moment)]),
        float(new.prices[priced_by][np.searchsorted(new.times, moment)]),
    )


def _moves(rolls: Sequence[Roll], adjustment: Adjustment) -> tuple[list[float], list[float]]:
    """Return what is added to, and multiplied with, the prices of each piece, oldest first."""
    offsets, factors = [0.0], [1.0]
    for roll in reversed(rolls):
        offset, factor = 0.0, 1.0
        if adjustment is Adjustment.DIFFERENCE:
            offset = roll.new_price - roll.old_price
        elif adjustment is Adjustment.RATIO:
            if min(roll.old_price, roll.new_price) <= 0:
                raise InvalidValueError(
                    f"no ratio between {roll.old} at {roll.old_price:g} and {roll.new} at "
                    f"{roll.new_price:g}: adjust by difference, or roll earlier"
                )
            factor = roll.new_price / roll.old_price
        offsets.append(offsets[-1] + offset)
        factors.append(factors[-1] * factor)
    return offsets[::-1], factors[::-1]
