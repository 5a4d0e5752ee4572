"""Whether a pair may be entered now: cooldown, session, hedge, costs and size, in that order."""

from microfutures.analytics.sizing import Size, size_by_risk
from microfutures.config.strategy_parameters import PairParameters
from microfutures.strategies.pair_eyes import Look
from microfutures.strategies.pair_plan import UnitPlan

Reason = tuple[str, str]
"""The rule and the sentence."""


class EntryGate:
    """Remembers what happened last and gives the first reason against an entry."""

    def __init__(self, parameters: PairParameters, *, risk_tolerance: float) -> None:
        self._parameters = parameters
        self._risk_tolerance = risk_tolerance
        self._cooldown_until_ns = 0
        self._waits_for_calm = False

    def cool_down(self, from_ns: int, *, after_stop: bool) -> None:
        """Let no entry pass for a while; after a stop, not before the spread came back either."""
        self._cooldown_until_ns = from_ns + round(self._parameters.cooldown_seconds * 1e9)
        self._waits_for_calm = self._waits_for_calm or after_stop

    def see(self, z: float) -> None:
        """Take note of the z-score: near the mean, the wait after a stop is over."""
        if abs(z) <= self._parameters.z_exit:
            self._waits_for_calm = False

    def size(self, plan: UnitPlan, capital: float) -> Size:
        """Return how many units fit into the risk budget."""
        return size_by_risk(
            capital=capital,
            risk_tolerance=self._risk_tolerance,
            max_loss_percent=self._parameters.max_loss_percent,
            loss_per_unit=plan.loss_at_stop,
            max_units=self._parameters.max_units,
        )

    def reason_against(self, look: Look, plan: UnitPlan, capital: float) -> Reason | None:
        """Return the first rule that stops an entry, and one sentence with its numbers."""
        return (
            self._too_soon(look)
            or self._too_late(look)
            or self._too_dear(look, plan)
            or self._too_large(plan, capital)
        )

    def _too_soon(self, look: Look) -> Reason | None:
        if look.now_ns < self._cooldown_until_ns:
            left = (self._cooldown_until_ns - look.now_ns) / 1e9
            return "cooldown", f"cooling down for another {left:.0f} s"
        if self._waits_for_calm:
            calm = self._parameters.z_exit
            return "after stop", f"after a stop: |z| {abs(look.z):.2f} must come back to {calm:.2f}"
        return None

    def _too_late(self, look: Look) -> Reason | None:
        left, needed = look.seconds_left, 2 * self._parameters.flatten_before_close_seconds
        if left < needed:
            return "session end", f"{left:.0f} s are left of the liquid hours, {needed:.0f} needed"
        return None

    def _too_dear(self, look: Look, plan: UnitPlan) -> Reason | None:
        if plan.hedge_quantity < 1:
            return "hedge", "the hedge of one unit rounds to nothing"
        multiple = self._parameters.cost_multiple
        if plan.expected < multiple * plan.round_trip_cost:
            return "cost", (
                f"expected {plan.expected:.2f} USD < {multiple:g} × round-trip cost "
                f"{plan.round_trip_cost:.2f} USD (z {look.z:+.2f})"
            )
        return None

    def _too_large(self, plan: UnitPlan, capital: float) -> Reason | None:
        size = self.size(plan, capital)
        return ("size", size.sentence) if size.units < 1 else None
