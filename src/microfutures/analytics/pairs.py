"""The decision of a pair strategy as pure arithmetic on plain numbers.

The live strategy calls `decide` one step at a time; written without objects, so that a compiled
kernel can run the same lines over years.
"""

HOLD = 0
ENTER_LONG = 1
ENTER_SHORT = 2
EXIT = 3
STOP = 4


def z_score(value: float, mean: float, deviation: float) -> float:
    """Return how many standard deviations `value` lies from `mean`."""
    return (value - mean) / deviation


def decide(
    direction: int, z: float, ratio: float, stop_ratio: float, z_entry: float, z_exit: float
) -> int:
    """Return what to do.

    ``direction`` is +1 when long the spread (it was below its mean), -1 when short, 0 when flat;
    ``stop_ratio`` is the spread at which a position is given up.
    """
    if direction == 0:
        if z >= z_entry:
            return ENTER_SHORT
        if z <= -z_entry:
            return ENTER_LONG
        return HOLD
    if (ratio - stop_ratio) * direction <= 0:
        return STOP
    if z * direction >= -z_exit:
        return EXIT
    return HOLD
