"""How the volume of a future wanders from the month that ends to the one after it."""

from collections.abc import Callable
from datetime import date

ROLL_DAYS = 7
LAST_OF_IT = 0.05
"""The share that stays to the end in the old month, and that was in the new one before."""


def rolling_share(place: int, last_day: date) -> Callable[[date], float] | None:
    """Return the share of the volume on a day of a listed month, by its place in the list.

    The first month, which ends on `last_day`, loses a seventh a calendar day in its last week; the
    second gains it. None for the months after them.
    """
    if place > 1:
        return None

    def share(day: date) -> float:
        old = (last_day - day).days / ROLL_DAYS
        old = min(max(old, LAST_OF_IT), 1.0 - LAST_OF_IT)
        return old if place == 0 else 1.0 - old

    return share
