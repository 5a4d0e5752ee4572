"""The position of a pair while it is on, and why it has to go whatever the z-score says."""

from collections.abc import Collection

import msgspec

from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.identifiers import InstrumentId
from microfutures.model.intents import TargetLeg


class Trip(msgspec.Struct):
    """The position that is on, or being put on."""

    direction: int
    legs: tuple[TargetLeg, ...]
    stop_ratio: float
    entered_ns: int
    has_jumped: bool = False
    """Whether the ratio jumped since the entry."""

    def seconds_held(self, now_ns: int) -> float:
        """Return the seconds since the entry."""
        return (now_ns - self.entered_ns) / 1e9

    def reason_to_flatten(
        self,
        now_ns: int,
        *,
        current: Collection[InstrumentId],
        seconds_left: float,
        is_ratio_sound: bool,
        parameters: PairParameters,
    ) -> str | None:
        """Return why the position has to be closed; None while it may stay.

        Parameters
        ----------
        current
            The contracts that the two products mean now.
        seconds_left
            Until the liquid hours of either leg end; 0 outside them.
        is_ratio_sound
            Whether the latest look had prices and the ratio agreed with the look before.
        """
        held = self.seconds_held(now_ns)
        if any(leg.instrument_id not in current for leg in self.legs):
            return "the contract month changed (roll)"
        if self.has_jumped and is_ratio_sound:
            return "the ratio jumped while in position: neither mean nor stop hold any more"
        if held > parameters.max_holding_seconds:
            return f"held for {held:.0f} s"
        if 0 < seconds_left < parameters.flatten_before_close_seconds:
            return f"liquid hours end in {seconds_left:.0f} s"
        return None
