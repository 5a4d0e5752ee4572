"""What parameter sets trade on what they see: compiled; decisions by `analytics.pairs.step`."""

from microfutures.adapters.tapes.bar_columns import Floats
from microfutures.analytics import pairs
from microfutures.analytics.pairs import (
    FLATTEN,
    HOLD,
    NO_PRICES,
    STOP,
    UNSEEN,
    PairLook,
    PairPrices,
    PairRules,
    PairState,
    PairTerms,
)
from microfutures.research.compiled import compiled, inlined, item
from microfutures.research.pair_books import (
    FLAWED_QUOTE,
    GATE,
    Desk,
    Gate,
    Row,
    Rows,
    Tape,
    Warmth,
)
from microfutures.research.pair_looks import (
    FLAWED,
    JUMP,
    SEEN,
    SOUND,
    Cursor,
    Eyes,
    Looks,
    look_at,
)
from microfutures.research.pair_orders import bar_of, drawdown, enter, leave, new_day, passes


@inlined
def _keep(book: Row, state: PairState) -> None:
    book.direction, book.stop_ratio = state.direction, state.stop_ratio
    book.entered_ns, book.has_jumped = state.entered_ns, state.has_jumped
    book.cooldown_until_ns = state.cooldown_until_ns
    book.stopped = state.stopped


@inlined
def _state(book: Row) -> PairState:
    return PairState(
        book.direction,
        book.stop_ratio,
        book.entered_ns,
        book.has_jumped != 0,
        book.cooldown_until_ns,
        book.stopped,
    )


@inlined
def _look(row: Row, kind: int, z: float, closes_ns: int, capital: float) -> PairLook:
    return PairLook(
        row.now_ns, kind == SEEN, kind in (SEEN, SOUND), row.ratio, z, row.deviation,
        closes_ns - row.now_ns, capital,
    )  # fmt: skip


@inlined
def _jumped(state: PairState) -> PairState:
    return PairState(
        state.direction, state.stop_ratio, state.entered_ns, True, state.cooldown_until_ns,
        state.stopped,
    )  # fmt: skip


@compiled
def trade_on(
    tape: Tape, looks: Looks, count: int, rules: PairRules, terms: PairTerms, gate: Gate,
    desk: Desk, book: Row, daily: Floats, trades: Rows,
) -> None:  # fmt: skip
    """Let one set decide at each of `count` checks."""
    state, place = _state(book), 0
    while place < count:
        if state.direction == 0:
            if book.is_halted:
                break
            # Most checks end here: `step` would say the same, at greater length.
            while place < count and not (
                abs(item(looks.z, place)) >= rules.z_entry
                or (state.stopped != 0 and item(looks.kind, place) == SEEN)
            ):
                place += 1
            if place < count:
                state = _consider(
                    tape, item(looks.rows, place), item(looks.kind, place),
                    item(looks.z, place), state, rules, terms, gate, desk, book,
                )  # fmt: skip
        else:
            place, state, action, rule = _hold(
                tape, looks, place, count, state, rules, terms, gate, desk, book
            )
            if place < count:
                row = item(looks.rows, place)
                leave(tape, terms, desk, book, row, state, (action, rule), daily, trades)
                done_ns = row.now_ns + 2 * desk.latency_ns
                state = pairs.closed(state, rules, done_ns, action == STOP)
                if drawdown(book, desk) >= gate.flatten_percent:
                    book.is_halted = 1
        place += 1
    _keep(book, state)


@inlined
def _consider(
    tape: Tape, row: Row, kind: int, z: float, state: PairState, rules: PairRules,
    terms: PairTerms, gate: Gate, desk: Desk, book: Row,
) -> PairState:  # fmt: skip
    """Return the state after a look of a flat desk that may become an entry."""
    hours = tape.sessions[row.session]
    if hours.day != book.day:
        new_day(book, desk, hours.day)
    ours, theirs = item(tape.primary, row.primary), item(tape.secondary, row.secondary)
    prices = PairPrices(ours.bid, ours.ask, theirs.bid, theirs.ask)
    look = _look(row, kind, z, hours.closes_ns, book.capital)
    after, target = pairs.step(state, rules, look, prices, terms)
    if target.action == HOLD:
        book.refused[target.rule] += 1
        return after
    units = target.units, target.units * target.plan.hedge_quantity
    if passes(book, row, hours, min(ours.ns, theirs.ns), gate, desk, terms, units):
        enter(tape, terms, desk, book, row, after, units)
        return after
    book.refused[GATE] += 1
    return pairs.closed(state, rules, row.now_ns, False)


@inlined
def _hold(
    tape: Tape, looks: Looks, place: int, count: int, state: PairState, rules: PairRules,
    terms: PairTerms, gate: Gate, desk: Desk, book: Row,
) -> tuple[int, PairState, int, int]:  # fmt: skip
    """Return the check at which a position goes, `count` if it stays, the state, and why.

    At each check the guard of losses comes first, then the strategy.
    """
    begin, action, rule = place, HOLD, 0
    first_usd = book.signed * terms.primary_multiplier
    second_usd = book.hedged * terms.secondary_multiplier
    paid = first_usd * book.first.price + second_usd * book.second.price + book.paid
    flat_worth, peak, deepest = desk.initial + book.net, book.peak, book.drawdown
    # Both legs are off before their hours end: the position never sees another session.
    closes_ns = tape.sessions[looks.rows[place].session].closes_ns
    while place < count:
        row, kind = item(looks.rows, place), item(looks.kind, place)
        if kind == FLAWED:
            book.doubts[FLAWED_QUOTE] += 1
        unrealized = first_usd * row.first + second_usd * row.second - paid
        peak = max(peak, flat_worth + unrealized)
        below = peak - flat_worth - unrealized
        deepest = max(deepest, below)
        is_sunk = below * 100 >= gate.flatten_percent * peak
        if is_sunk or unrealized < -gate.trip_loss:
            book.is_halted = is_sunk
            action, rule = FLATTEN, GATE
            break
        if kind == JUMP:
            state = _jumped(state)
        look = _look(row, kind, item(looks.z, place), closes_ns, 0.0)
        _, target = pairs.step(state, rules, look, NO_PRICES, terms)
        if target.action != HOLD:
            action, rule = target.action, target.rule
            break
        place += 1
    book.peak, book.drawdown = peak, deepest
    book.held_checks += min(place + 1, count) - begin
    return place, state, action, rule


@compiled
def end_tape(
    tape: Tape, row: Row, rules: PairRules, terms: PairTerms, desk: Desk, book: Row,
    daily: Floats, trades: Rows,
) -> None:  # fmt: skip
    """Close what is open at the end of the tape."""
    if book.direction != 0:
        row.now_ns = tape.last_ns
        row.primary = bar_of(tape.primary, 0, tape.last_ns + 1)
        row.secondary = bar_of(tape.secondary, 0, tape.last_ns + 1)
        state = _state(book)
        leave(tape, terms, desk, book, row, state, (FLATTEN, 0), daily, trades)
        _keep(book, pairs.closed(state, rules, tape.last_ns, False))


@compiled
def play(
    tape: Tape, eyes: Eyes, warmth: Warmth, ring: Floats, looks: Looks, rules: Floats,
    terms: PairTerms, gate: Gate, desk: Desk, books: Rows, daily: Floats, trades: Rows,
) -> None:  # fmt: skip
    """Run every row of `rules` over the tape; all of them look at the market in the same way."""
    cursor = Cursor(0, -1, 0, -1, -1, 0, 0, UNSEEN)
    while True:
        count, cursor = look_at(tape, eyes, warmth, ring, cursor, looks)
        if count == 0:
            break
        for each in range(len(rules)):
            trade_on(
                tape, looks, count, _rules_of(rules, each), terms, gate, desk, books[each],
                daily[each], trades[each],
            )  # fmt: skip
    for each in range(len(rules)):
        end_tape(
            tape, looks.rows[0], _rules_of(rules, each), terms, desk, books[each], daily[each],
            trades[each],
        )  # fmt: skip


@compiled
def _rules_of(rules: Floats, each: int) -> PairRules:
    row = rules[each]
    return PairRules(
        row[0], row[1], row[2], row[3], row[4], int(row[5]), row[6], int(row[7]), int(row[8]),
        int(row[9]),
    )  # fmt: skip
