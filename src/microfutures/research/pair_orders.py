"""Orders of the kernel: what lets an entry pass, what a fill costs, what a trip comes to.

Orders fill whole at the touch of the book they meet, commissions as published. Where the simulated
venue might do otherwise (a book too thin, a price that ran away, margin that is not there for
certain) the moment is counted as a doubt: it is never silently different.
"""

from math import floor

from microfutures.adapters.tapes.bar_columns import Floats
from microfutures.analytics.pairs import PairState, PairTerms, order_cost
from microfutures.research.compiled import inlined, item
from microfutures.research.pair_books import (
    MARGIN,
    OLD,
    RAN_AWAY,
    THIN,
    UNFINISHED,
    Desk,
    Gate,
    Row,
    Rows,
    Tape,
)


@inlined
def drawdown(book: Row, desk: Desk) -> float:
    """Return how far the capital of a flat desk is below its peak, percent."""
    share: float = max(book.peak - desk.initial - book.net, 0.0) / book.peak
    return share * 100


@inlined
def new_day(book: Row, desk: Desk, day: int) -> None:
    """Count the day's loss from here, and size by the capital of now, in whole cents."""
    book.day = day
    book.day_net = book.net
    book.capital = max(0.0, floor((desk.initial + book.net) * desk.share * 100 + 1e-6) / 100)


@inlined
def bar_of(bars: Rows, place: int, moment_ns: int) -> int:
    """Return the bar whose book an order meets that arrives at a moment."""
    while place + 1 < len(bars) and item(bars, place + 1).ns < moment_ns:
        place += 1
    return place


@inlined
def _price(book: Row, seen: Row, met: Row, quantity: int, collar: float) -> float:
    """Return where a marketable order fills that was priced at one book and meets another."""
    price: float = met.ask if quantity > 0 else met.bid
    limit = seen.ask + collar if quantity > 0 else seen.bid - collar
    if (price - limit) * quantity > 0:
        book.doubts[RAN_AWAY] += 1
    return price


@inlined
def _fill(
    book: Row, leg: Row, bars: Rows, seen: int, moment_ns: int, quantity: int, collar: float
) -> float:
    """Return the price of an order in one of the book's legs; note what it took of the market."""
    place = bar_of(bars, seen, moment_ns)
    if leg.bar != place:
        leg.bar, leg.bought, leg.sold = place, 0, 0
    if quantity > 0:
        leg.bought += quantity
    else:
        leg.sold -= quantity
    if (leg.bought if quantity > 0 else leg.sold) > item(bars, place).size:
        book.doubts[THIN] += 1
    return _price(book, item(bars, seen), item(bars, place), quantity, collar)


@inlined
def _stays_within(
    book: Row, gate: Gate, desk: Desk, units: tuple[int, int], worth: tuple[float, float]
) -> bool:
    together = worth[0] + worth[1]
    lean = gross = max(worth[0], worth[1])
    if gate.are_one_family:
        lean, gross = abs(worth[0] - worth[1]), together
    return (
        units[0] <= gate.most_first
        and units[1] <= gate.most_second
        and together <= gate.most_notional
        and gross <= gate.most_gross
        and lean <= gate.most_net
        and book.day_net - book.net < gate.daily_loss
        and drawdown(book, desk) < gate.drawdown_percent
    )


@inlined
def passes(
    book: Row, look: Row, hours: Row, oldest_ns: int, gate: Gate, desk: Desk, terms: PairTerms,
    units: tuple[int, int],
) -> bool:  # fmt: skip
    """Tell whether the risk gate lets an entry pass, and doubt whether the account carries it."""
    ours = look.first * terms.primary_multiplier * units[0]
    theirs = look.second * terms.secondary_multiplier * units[1]
    age_ns = look.now_ns - oldest_ns
    if age_ns > gate.max_age_ns or not _stays_within(book, gate, desk, units, (ours, theirs)):
        return False
    if age_ns + 2 * desk.latency_ns > gate.max_age_ns:
        book.doubts[OLD] += 1
    needed = hours.first_margin * units[0] if hours.first_margin > 0 else ours / 2
    needed += hours.second_margin * units[1] if hours.second_margin > 0 else theirs / 2
    if needed > (desk.cash + book.net) * (1 - desk.headroom):
        book.doubts[MARGIN] += 1
    return True


@inlined
def enter(
    tape: Tape, terms: PairTerms, desk: Desk, book: Row, look: Row, state: PairState,
    units: tuple[int, int],
) -> None:  # fmt: skip
    """Put a position on: the primary, then its hedge once that one's fill is known."""
    way_ns, now_ns = desk.latency_ns, look.now_ns
    signed, hedged = state.direction * units[0], -state.direction * units[1]
    first, second = book.first, book.second
    first.price = _fill(
        book, first, tape.primary, look.primary, now_ns + 3 * way_ns, signed, desk.first_collar
    )
    second.price = _fill(
        book, second, tape.secondary, look.secondary, now_ns + 5 * way_ns, hedged,
        desk.second_collar,
    )  # fmt: skip
    if now_ns + 6 * way_ns > tape.last_ns and way_ns > 0:
        book.doubts[UNFINISHED] += 1
    book.signed, book.hedged, book.opened_ns = signed, hedged, now_ns + 3 * way_ns
    book.paid = order_cost(terms.primary_fee, units[0], first.price)
    book.paid += order_cost(terms.secondary_fee, units[1], second.price)


@inlined
def leave(
    tape: Tape, terms: PairTerms, desk: Desk, book: Row, look: Row, state: PairState,
    why: tuple[int, int], daily: Floats, trades: Rows,
) -> None:  # fmt: skip
    """Take the position off, both legs at once, and book the trip."""
    signed, hedged, closed_ns = book.signed, book.hedged, look.now_ns + desk.latency_ns
    first = _fill(
        book, book.first, tape.primary, look.primary, closed_ns, -signed, desk.first_collar
    )
    second = _fill(
        book, book.second, tape.secondary, look.secondary, closed_ns, -hedged, desk.second_collar
    )
    gross = signed * terms.primary_multiplier * (first - book.first.price)
    gross += hedged * terms.secondary_multiplier * (second - book.second.price)
    paid = book.paid + order_cost(terms.primary_fee, abs(signed), first)
    paid += order_cost(terms.secondary_fee, abs(hedged), second)
    book.net += gross - paid
    book.gross += gross
    book.commissions += paid
    book.won += gross > paid
    daily[book.day] += gross - paid
    book.peak = max(book.peak, desk.initial + book.net)
    book.drawdown = max(book.drawdown, book.peak - desk.initial - book.net)
    if book.trips < len(trades):
        row = trades[book.trips]
        row.opened_ns, row.closed_ns, row.direction = book.opened_ns, closed_ns, state.direction
        row.units, row.hedge_units, row.action, row.rule = abs(signed), abs(hedged), why[0], why[1]
        row.decided_entry_ns, row.decided_exit_ns = state.entered_ns, look.now_ns
        row.primary_entry, row.secondary_entry = book.first.price, book.second.price
        row.primary_exit, row.secondary_exit = first, second
        row.gross, row.commissions = gross, paid
    book.trips += 1
