"""The parameters of a pair strategy, with units, defaults and ranges."""

from typing import Annotated

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class PairParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pair strategy can be told; the first five are the specification's."""

    primary_symbol: str = "MCL"
    """Product of the first leg, the less liquid one: it trades first."""
    secondary_symbol: str = "USO"
    """Product of the second leg, the hedge."""
    z_entry: Positive = 2.0
    """Enter when the z-score is this far from zero, standard deviations."""
    z_exit: NotNegative = 0.5
    """Exit when the z-score is this near to zero, standard deviations; below z_entry."""
    lookback: Annotated[int, Meta(ge=2, le=100_000)] = 20
    """Samples of the spread that mean and standard deviation are taken over."""
    sample_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 60
    """One sample of the spread for each such stretch, seconds."""
    max_jump_percent: Positive = 5.0
    """A ratio that moves further between samples is a split, a roll or a bad print, percent."""
    stop_sigma: Positive = 3.0
    """The protective stop lies this many standard deviations beyond the entry."""
    cost_multiple: NotNegative = 2.0
    """An entry must be expected to earn this many times its costs; 0 switches the gate off."""
    max_quote_age_seconds: Positive = 15.0
    """Older quotes are not traded on, seconds."""
    max_units: Annotated[int, Meta(ge=1)] = 1
    """Largest position, contracts of the primary leg."""
    max_loss_percent: Annotated[float, Meta(gt=0, le=100)] = 10.0
    """A trade may lose risk_tolerance times this share of the strategy's capital at its stop."""
    hedge_beta: Positive = 1.0
    """Value of the hedge leg for each dollar of the primary leg."""
    flatten_before_close_seconds: NotNegative = 300.0
    """Close positions this long before the liquid hours of either leg end, seconds."""
    max_holding_seconds: Positive = 3600.0
    """Close a position that is older, seconds."""
    cooldown_seconds: NotNegative = 30.0
    """No new entry for so long after a round trip, seconds."""
    max_unhedged_loss: Positive = 50.0
    """Give an entry up when its lone first leg loses more, USD."""
    max_unhedged_seconds: Positive = 10.0
    """Give an entry up whose second leg is not on after this, seconds."""

    def __post_init__(self) -> None:
        """Refuse thresholds that contradict each other."""
        if self.z_entry <= self.z_exit:
            raise ValueError(
                f"z_entry must be above z_exit, was {self.z_entry} with z_exit {self.z_exit}"
            )
        if self.primary_symbol == self.secondary_symbol:
            raise ValueError(f"a pair needs two symbols, both were {self.primary_symbol!r}")
