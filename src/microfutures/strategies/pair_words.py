"""What a pair strategy decided, in sentences with both numbers; decides nothing."""

from math import ceil

from microfutures.analytics import pairs
from microfutures.analytics.pairs import PairLook, PairRules, PairState, PairTarget
from microfutures.model.timestamp import NANOSECONDS_PER_SECOND

Reason = tuple[str, str]
"""The rule and the sentence."""


def reason_against(
    state: PairState, rules: PairRules, look: PairLook, target: PairTarget
) -> Reason:
    """Return the rule that stopped an entry, and one sentence with its numbers."""
    plan = target.plan
    match target.rule:
        case pairs.COOLDOWN:
            seconds = ceil((state.cooldown_until_ns - look.now_ns) / NANOSECONDS_PER_SECOND)
            return "cooldown", f"cooling down for another {seconds} s"
        case pairs.AFTER_STOP:
            calm = 0.0 - state.stopped * rules.z_exit
            return "after stop", f"after a stop: z {look.z:+.2f} must come back to {calm:+.2f}"
        case pairs.SESSION_END:
            left, needed = _seconds(look.left_ns), 2 * _seconds(rules.flatten_before_close_ns)
            return (
                "session end",
                f"{left:.0f} s are left of the liquid hours, {needed:.0f} needed",
            )
        case pairs.HEDGE:
            return "hedge", "the hedge of one unit rounds to nothing"
        case pairs.COST:
            return "cost", (
                f"expected {plan.expected:.2f} USD < {rules.cost_multiple:g} × round-trip cost "
                f"{plan.round_trip_cost:.2f} USD (z {look.z:+.2f})"
            )
        case _:
            budget = look.capital * rules.risk_share
            return "size", (
                f"one unit would lose {plan.loss_at_stop:,.2f} USD at its stop, the budget is "
                f"{budget:,.2f} USD; {max(plan.loss_at_stop - budget, 0):,.2f} USD are missing"
            )


def why_enter(rules: PairRules, look: PairLook, target: PairTarget) -> str:
    """Return why a position is put on."""
    plan = target.plan
    return (
        f"z {look.z:+.2f} beyond {rules.z_entry:.2f}; expected {plan.expected:.2f} USD a unit "
        f"against costs of {plan.round_trip_cost:.2f} USD"
    )


def why_wait(rules: PairRules, look: PairLook) -> str:
    """Return why nothing is put on."""
    return f"|z| {abs(look.z):.2f} is below the entry at {rules.z_entry:.2f}"


def why_hold(state: PairState, rules: PairRules, look: PairLook) -> str:
    """Return what a position waits for."""
    held = _seconds(look.now_ns - state.entered_ns)
    return (
        f"in position since {held:.0f} s; z {look.z:+.2f}, out at "
        f"{-state.direction * rules.z_exit:+.2f}, stop at ratio {state.stop_ratio:.5f} "
        f"(now {look.ratio:.5f})"
    )


def why_leave(state: PairState, look: PairLook, target: PairTarget) -> str:
    """Return why a position is taken off, or would be if both legs traded."""
    match target.rule, target.action:
        case pairs.JUMPED, _:
            return "the ratio jumped while in position: neither mean nor stop hold any more"
        case pairs.HELD, _:
            return f"held for {_seconds(look.now_ns - state.entered_ns):.0f} s"
        case pairs.CLOSING, _:
            return f"liquid hours end in {_seconds(look.left_ns):.0f} s"
        case _, pairs.STOP:
            return f"stop: ratio {look.ratio:.5f} reached {state.stop_ratio:.5f}"
        case _:
            return f"z back to {look.z:+.2f}"


def _seconds(span_ns: int) -> float:
    return span_ns / NANOSECONDS_PER_SECOND
