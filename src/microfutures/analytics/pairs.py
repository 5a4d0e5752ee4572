"""The decision of a pair strategy: pure functions of plain numbers, the same lines live and swept.

The live strategy calls `observe` and `step` one look at a time; `research.pair_kernel` compiles
the very same functions and runs them over years. No objects, no text, no clock: what a person
reads is made of the answer by the strategy.
"""

from math import floor, isnan, nan
from typing import NamedTuple

from microfutures.analytics import rolling
from microfutures.analytics.rolling import EMPTY, Moments, Ring

HOLD, ENTER_LONG, ENTER_SHORT, EXIT, STOP, FLATTEN = range(6)
"""What is wanted now."""

(
    NO_RULE,
    COOLDOWN,
    AFTER_STOP,
    SESSION_END,
    HEDGE,
    COST,
    SIZE,
    JUMPED,
    HELD,
    CLOSING,
) = range(10)
"""The rule that stopped an entry, or that ends a position whatever its z-score."""

SMALLEST_RELATIVE_DEVIATION = 1e-9


# -- the spread -------------------------------------------------------------------------------


class SpreadRules(NamedTuple):
    """How the ratio is sampled."""

    longest_gap: int
    """More stretches without a sample are a night: the history starts anew."""
    max_jump: float
    """A ratio that moves by more than this share is a split, a roll or a bad print."""


class SpreadState(NamedTuple):
    """The history of the ratio; its values are in a ring beside it."""

    stretch: int
    """Of the latest observation; -1 before the first."""
    pending: float
    """Becomes a sample when its stretch is over; NaN when there is none."""
    moments: Moments


UNSEEN = SpreadState(-1, nan, EMPTY)


def observe(
    ring: Ring,
    state: SpreadState,
    rules: SpreadRules,
    stretch: int,
    ratio: float,
) -> tuple[SpreadState, bool]:
    """Take the ratio of a moment in `stretch`; return the state and whether the ratio jumped.

    The last ratio of each stretch becomes a sample when the next stretch begins, so the window
    never contains the moment that is judged against it.
    """
    last, pending, moments = state
    reference = pending
    if isnan(reference) and moments.samples > 0:
        reference = rolling.mean(moments)
    has_jumped = abs(ratio - reference) > rules.max_jump * abs(reference)  # False of a NaN
    if has_jumped or (last >= 0 and stretch - last > rules.longest_gap):
        last, pending, moments = -1, nan, EMPTY
    if stretch > last:
        if not isnan(pending):
            moments = rolling.push(ring, moments, pending)
        last = stretch
    return SpreadState(last, ratio, moments), has_jumped


def spread_deviation(moments: Moments) -> float:
    """Return the standard deviation of the ratio; 0 when it is only rounding."""
    if moments.samples == 0:
        return 0.0
    deviation = rolling.deviation(moments)
    smallest = abs(rolling.mean(moments)) * SMALLEST_RELATIVE_DEVIATION
    return deviation if deviation > smallest else 0.0


def z_score(value: float, mean: float, deviation: float) -> float:
    """Return how many standard deviations `value` lies from `mean`."""
    return (value - mean) / deviation


# -- one unit ---------------------------------------------------------------------------------


class FeeTerms(NamedTuple):
    """What an order costs, USD: by the unit, at least, and at most of its value."""

    per_unit: float
    share_of_value: float
    minimum: float
    most_of_value: float
    """Infinite where there is no such limit."""


class PairTerms(NamedTuple):
    """The two contracts, as far as money is concerned."""

    primary_multiplier: float
    secondary_multiplier: float
    primary_fee: FeeTerms
    secondary_fee: FeeTerms


class PairPrices(NamedTuple):
    """Bid and ask of both legs."""

    primary_bid: float
    primary_ask: float
    secondary_bid: float
    secondary_ask: float


class UnitPlan(NamedTuple):
    """One unit of the pair at some prices; USD."""

    hedge_quantity: int
    residual: float
    """What the rounded hedge leaves open."""
    round_trip_cost: float
    expected: float
    loss_at_stop: float


def order_cost(fee: FeeTerms, quantity: int, price: float) -> float:
    """Return the commission of an order of `quantity` filled at `price`, USD.

    `model.fees` is exact to the cent and books; this one estimates, and is equal to four decimals.
    """
    value = abs(price * quantity)
    cost = max(fee.per_unit * quantity + fee.share_of_value * value, fee.minimum)
    return floor(min(cost, fee.most_of_value * value) * 1e4 + 0.5) / 1e4 if quantity else 0.0


def plan_unit(
    prices: PairPrices, terms: PairTerms, rules: "PairRules", z: float, deviation: float
) -> UnitPlan:
    """Return what one unit would be, entered at `z`.

    The hedge is rounded to whole ones. The round trip pays four commissions and crosses both
    spreads once in all (half at each of two trades a leg). The expected gain is the way from `z`
    back to ``z_exit``; the loss at the stop is ``stop_sigma`` deviations plus the costs.
    """
    primary = (prices.primary_bid + prices.primary_ask) / 2
    secondary = (prices.secondary_bid + prices.secondary_ask) / 2
    notional = rules.hedge_beta * primary * terms.primary_multiplier
    hedge = round(notional / (secondary * terms.secondary_multiplier))
    cost = 2 * order_cost(terms.primary_fee, 1, primary)
    cost += 2 * order_cost(terms.secondary_fee, hedge, secondary)
    cost += (prices.primary_ask - prices.primary_bid) * terms.primary_multiplier
    wide = prices.secondary_ask - prices.secondary_bid
    cost += wide * terms.secondary_multiplier * abs(hedge)
    sigma = deviation * secondary * terms.primary_multiplier
    return UnitPlan(
        hedge,
        notional - hedge * secondary * terms.secondary_multiplier,
        cost,
        (abs(z) - rules.z_exit) * sigma,
        rules.stop_sigma * sigma + cost,
    )


NO_PLAN = UnitPlan(0, 0.0, 0.0, 0.0, 0.0)
NO_FEE = FeeTerms(0.0, 0.0, 0.0, 0.0)
NO_TERMS = PairTerms(0.0, 0.0, NO_FEE, NO_FEE)
NO_PRICES = PairPrices(nan, nan, nan, nan)
"""While a position is on nothing is priced."""


# -- the decision -----------------------------------------------------------------------------


class PairRules(NamedTuple):
    """What decides; see `config.strategy_parameters` for each."""

    z_entry: float
    z_exit: float
    stop_sigma: float
    cost_multiple: float
    hedge_beta: float
    max_units: int
    risk_share: float
    """Of the capital, what a trade may lose at its stop."""
    flatten_before_close_ns: int
    max_holding_ns: int
    cooldown_ns: int


class PairState(NamedTuple):
    """What the strategy remembers from look to look."""

    direction: int
    """+1 when long the spread (it was below its mean), -1 when short, 0 when flat."""
    stop_ratio: float
    """The spread at which the position is given up."""
    entered_ns: int
    has_jumped: bool
    """Whether the ratio jumped since the entry."""
    cooldown_until_ns: int
    stopped: int
    """Direction of a position that was stopped: no entry before the spread has come back to where
    that one would have left with its profit; 0 when nothing is waited for."""


FLAT = PairState(0, 0.0, 0, False, 0, 0)


class PairLook(NamedTuple):
    """One look at the market."""

    now_ns: int
    is_seen: bool
    """Whether there are prices that may be traded on and a z-score of them."""
    is_sound: bool
    """Whether there are prices, and their ratio agrees with the look before."""
    ratio: float
    z: float
    deviation: float
    left_ns: int
    """Until the liquid hours of either leg end; 0 outside them."""
    capital: float


class PairTarget(NamedTuple):
    """What is wanted, and what made it so."""

    action: int
    rule: int
    units: int
    plan: UnitPlan


def decide(
    direction: int, z: float, ratio: float, stop_ratio: float, z_entry: float, z_exit: float
) -> int:
    """Return what z-score and stop ask for."""
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


def step(
    state: PairState, rules: PairRules, look: PairLook, prices: PairPrices, terms: PairTerms
) -> tuple[PairState, PairTarget]:
    """Return the state after a look, and what is wanted.

    The state after an entry is that of the position; it becomes flat by `closed` or `refused`.
    """
    if state.direction != 0:
        return _leave(state, rules, look)
    if not look.is_seen:
        return state, PairTarget(HOLD, NO_RULE, 0, NO_PLAN)
    return _enter(state, rules, look, prices, terms)


def closed(state: PairState, rules: PairRules, now_ns: int, after_stop: bool) -> PairState:
    """Return the state once the position is gone: a while without entries, longer after a stop."""
    stopped = state.direction if after_stop else state.stopped
    return PairState(0, 0.0, 0, False, now_ns + rules.cooldown_ns, stopped)


def _enter(
    state: PairState, rules: PairRules, look: PairLook, prices: PairPrices, terms: PairTerms
) -> tuple[PairState, PairTarget]:
    # A spread that went past zero between two looks has come back as well.
    stopped = 0 if look.z * state.stopped >= -rules.z_exit else state.stopped
    state = PairState(0, 0.0, 0, False, state.cooldown_until_ns, stopped)
    action = decide(0, look.z, look.ratio, 0.0, rules.z_entry, rules.z_exit)
    if action == HOLD:
        return state, PairTarget(HOLD, NO_RULE, 0, NO_PLAN)
    plan = plan_unit(prices, terms, rules, look.z, look.deviation)
    units = affordable_units(plan, rules, look.capital)
    rule = _rule_against(state, rules, look, plan, units)
    if rule != NO_RULE:
        return state, PairTarget(HOLD, rule, units, plan)
    direction = 1 if action == ENTER_LONG else -1
    stop_ratio = look.ratio - direction * (rules.stop_sigma * look.deviation)
    entered = PairState(direction, stop_ratio, look.now_ns, False, state.cooldown_until_ns, stopped)
    return entered, PairTarget(action, NO_RULE, units, plan)


def affordable_units(plan: UnitPlan, rules: PairRules, capital: float) -> int:
    """Return the units whose loss at the stop fits into the risk budget."""
    if plan.loss_at_stop <= 0:
        return 0
    return max(0, min(rules.max_units, floor(capital * rules.risk_share / plan.loss_at_stop)))


def _rule_against(
    state: PairState, rules: PairRules, look: PairLook, plan: UnitPlan, units: int
) -> int:
    """Return the first rule that stops an entry."""
    if look.now_ns < state.cooldown_until_ns:
        return COOLDOWN
    if state.stopped != 0:
        return AFTER_STOP
    if look.left_ns < 2 * rules.flatten_before_close_ns:
        return SESSION_END
    if plan.hedge_quantity < 1:
        return HEDGE
    if plan.expected < rules.cost_multiple * plan.round_trip_cost:
        return COST
    return SIZE if units < 1 else NO_RULE


def _leave(state: PairState, rules: PairRules, look: PairLook) -> tuple[PairState, PairTarget]:
    rule = _rule_to_flatten(state, rules, look)
    if rule != NO_RULE:
        # A leg sold outside of its hours would leave the other one alone until its market opens.
        action = FLATTEN if look.left_ns > 0 else HOLD
        return state, PairTarget(action, rule, 0, NO_PLAN)
    action = HOLD
    if look.is_seen:
        action = decide(
            state.direction, look.z, look.ratio, state.stop_ratio, rules.z_entry, rules.z_exit
        )
    return state, PairTarget(action, NO_RULE, 0, NO_PLAN)


def _rule_to_flatten(state: PairState, rules: PairRules, look: PairLook) -> int:
    """Return why the position has to go whatever its z-score."""
    if state.has_jumped and look.is_sound:
        return JUMPED
    if look.now_ns - state.entered_ns > rules.max_holding_ns:
        return HELD
    if 0 < look.left_ns < rules.flatten_before_close_ns:
        return CLOSING
    return NO_RULE
