"""What parameter sets trade on what they see: compiled; decisions by `analytics.pairs.step`."""

from microfutures.analytics import pairs
from microfutures.analytics.pairs import (
    FLATTEN,
    HOLD,
    STOP,
    PairLook,
    PairPrices,
    PairRules,
    PairState,
    PairTerms,
    SpreadState,
)
from microfutures.research.compiled import compiled
from microfutures.research.pair_books import (
    CAPITAL,
    COOLDOWN,
    DAY,
    DIRECTION,
    DRAWDOWN,
    ENTERED,
    FIRST_PRICE,
    GATE,
    HAS_JUMPED,
    HEDGED,
    HELD_CHECKS,
    IS_HALTED,
    NET,
    PAID,
    PEAK,
    SECOND_PRICE,
    SESSION,
    SIGNED,
    STOP_RATIO,
    WAITS,
    Books,
    Desk,
    Gate,
)
from microfutures.research.pair_looks import (
    JUMP,
    NOTHING,
    SEEN,
    Cursor,
    Eyes,
    Looks,
    Tape,
    look_at,
)
from microfutures.research.pair_orders import bar_of, drawdown, enter, leave, new_day
from microfutures.research.pair_series import Floats, Integers


@compiled
def _keep(whole: Integers, real: Floats, state: PairState) -> None:
    whole[DIRECTION], whole[ENTERED] = state.direction, state.entered_ns
    whole[HAS_JUMPED], whole[COOLDOWN] = state.has_jumped, state.cooldown_until_ns
    whole[WAITS] = state.waits_for_calm
    real[STOP_RATIO] = state.stop_ratio


@compiled
def _state(whole: Integers, real: Floats) -> PairState:
    return PairState(
        whole[DIRECTION],
        real[STOP_RATIO],
        whole[ENTERED],
        whole[HAS_JUMPED] != 0,
        whole[COOLDOWN],
        whole[WAITS] != 0,
    )


@compiled
def _prices(tape: Tape, bars: tuple[int, int]) -> PairPrices:
    first, second = bars
    return PairPrices(
        tape.primary_bid[first],
        tape.primary_ask[first],
        tape.secondary_bid[second],
        tape.secondary_ask[second],
    )


@compiled
def trade_on(  # noqa: C901 - a call that takes arrays costs as much as what is done at most checks
    tape: Tape, looks: Looks, count: int, rules: PairRules, terms: PairTerms, gate: Gate,
    desk: Desk, books: Books,
) -> None:  # fmt: skip
    """Let one set decide at each of `count` checks: the guard of losses, then the strategy."""
    whole, real, refused, sessions = books.whole, books.real, books.refused, tape.sessions
    moments, kinds, ratios, zs, deviations, firsts, seconds, numbers = looks
    state, session, is_halted = _state(whole, real), whole[SESSION], whole[IS_HALTED] != 0
    for place in range(count):
        if numbers[place] != session:
            session = whole[SESSION] = numbers[place]
            if sessions[session, 2] != whole[DAY]:
                new_day(whole, real, desk, sessions[session, 2])
        kind, is_flat = kinds[place], state.direction == 0
        # Most checks end here: `step` would say the same, at greater length.
        if is_flat and (
            kind != SEEN
            or is_halted
            or (abs(zs[place]) < rules.z_entry and not state.waits_for_calm)
        ):
            continue
        now_ns, bars = moments[place], (firsts[place], seconds[place])
        prices = _prices(tape, bars)
        why = (HOLD, 0)
        if not is_flat:
            whole[HELD_CHECKS] += 1
            unrealized = _open_net(real, whole, terms, prices)
            is_halted = _is_sunk(unrealized, real, desk, gate)
            if is_halted or unrealized < -gate.trip_loss:
                why = (FLATTEN, GATE)
            elif kind == JUMP:
                state = _jumped(state)
        if why[0] == HOLD:
            look = PairLook(
                now_ns, kind == SEEN, kind != NOTHING and kind != JUMP, ratios[place], zs[place],
                deviations[place], sessions[session, 1] - now_ns, real[CAPITAL],
            )  # fmt: skip
            before = state
            state, target = pairs.step(before, rules, look, prices, terms)
            if target.action == HOLD:
                if is_flat:
                    refused[target.rule] += 1
                continue
            if is_flat:
                wanted = (state, target.units, target.plan.hedge_quantity)
                if not enter(tape, terms, gate, desk, books, bars, session, wanted):
                    refused[GATE] += 1
                    state = pairs.closed(before, rules, now_ns, False)
                continue
            why = (target.action, target.rule)
        leave(tape, terms, desk, books, bars, now_ns, (state.direction, state.entered_ns), why)
        state = pairs.closed(state, rules, now_ns + 2 * desk.latency_ns, why[0] == STOP)
        is_halted = is_halted or drawdown(real, desk) >= gate.flatten_percent
    whole[IS_HALTED] = is_halted
    _keep(whole, real, state)


@compiled
def _jumped(state: PairState) -> PairState:
    return PairState(
        state.direction, state.stop_ratio, state.entered_ns, True, state.cooldown_until_ns,
        state.waits_for_calm,
    )  # fmt: skip


@compiled
def _open_net(real: Floats, whole: Integers, terms: PairTerms, prices: PairPrices) -> float:
    """Return what the open trip would be worth, closed at the middle of the quotes."""
    first = (prices.primary_bid + prices.primary_ask) / 2
    second = (prices.secondary_bid + prices.secondary_ask) / 2
    gained = whole[SIGNED] * terms.primary_multiplier * (first - real[FIRST_PRICE])
    lost = whole[HEDGED] * terms.secondary_multiplier * (second - real[SECOND_PRICE])
    net: float = gained + lost - real[PAID]
    return net


@compiled
def _is_sunk(unrealized: float, real: Floats, desk: Desk, gate: Gate) -> bool:
    """Take note of peak and drawdown; tell whether it ends trading for good."""
    worth = desk.initial + real[NET] + unrealized
    real[PEAK] = max(real[PEAK], worth)
    below = real[PEAK] - worth
    real[DRAWDOWN] = max(real[DRAWDOWN], below)
    is_sunk: bool = below / real[PEAK] * 100 >= gate.flatten_percent
    return is_sunk


@compiled
def end_tape(
    tape: Tape, cursor: tuple[int, int], rules: PairRules, terms: PairTerms, desk: Desk,
    books: Books,
) -> None:  # fmt: skip
    """Close what is open at the end of the tape."""
    if books.whole[DIRECTION] != 0:
        bars = (
            bar_of(tape.primary_ns, cursor[0], tape.last_ns + 1),
            bar_of(tape.secondary_ns, cursor[1], tape.last_ns + 1),
        )
        state = _state(books.whole, books.real)
        entered = (state.direction, state.entered_ns)
        leave(tape, terms, desk, books, bars, tape.last_ns, entered, (FLATTEN, 0))
        _keep(books.whole, books.real, pairs.closed(state, rules, tape.last_ns, False))


@compiled
def play(
    tape: Tape, eyes: Eyes, start: SpreadState, ring: Floats, looks: Looks, rules: Floats,
    terms: PairTerms, gate: Gate, desk: Desk, all_books: Books,
) -> None:  # fmt: skip
    """Run every row of `rules` over the tape; all of them look at the market in the same way."""
    cursor = Cursor(0, 0, -1, -1, 0, 0, start)
    while True:
        count, cursor = look_at(tape, eyes, ring, cursor, looks)
        if count == 0:
            break
        for each in range(len(rules)):
            books = _books_of(all_books, each)
            trade_on(tape, looks, count, _rules_of(rules[each]), terms, gate, desk, books)
    for each in range(len(rules)):
        end_tape(
            tape, (cursor.primary, cursor.secondary), _rules_of(rules[each]), terms, desk,
            _books_of(all_books, each),
        )  # fmt: skip


@compiled
def _books_of(books: Books, each: int) -> Books:
    return Books(
        books.whole[each],
        books.real[each],
        books.daily[each],
        books.refused[each],
        books.doubts[each],
        books.trades[each],
        books.prices[each],
    )


@compiled
def _rules_of(row: Floats) -> PairRules:
    return PairRules(
        row[0], row[1], row[2], row[3], row[4], int(row[5]), row[6], int(row[7]), int(row[8]),
        int(row[9]),
    )  # fmt: skip
