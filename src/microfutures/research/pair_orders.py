"""Orders of the kernel: what lets an entry pass, what a fill costs, what a trip comes to.

Orders fill whole at the touch of the book they meet, commissions as published. Where the simulated
venue might do otherwise (a book too thin, a price that ran away, margin that is not there for
certain) the moment is counted as a doubt: it is never silently different.
"""

from math import floor

from microfutures.analytics.pairs import PairState, PairTerms, order_cost
from microfutures.research.compiled import compiled
from microfutures.research.pair_books import (
    CAPITAL,
    COMMISSIONS,
    DAY,
    DAY_NET,
    DRAWDOWN,
    FIRST_BAR,
    FIRST_BOUGHT,
    FIRST_PRICE,
    FIRST_SOLD,
    GROSS,
    HEDGED,
    MARGIN,
    NET,
    OLD,
    OPENED,
    PAID,
    PEAK,
    RAN_AWAY,
    SECOND_BAR,
    SECOND_BOUGHT,
    SECOND_PRICE,
    SECOND_SOLD,
    SIGNED,
    THIN,
    TRIPS,
    UNFINISHED,
    WON,
    Books,
    Desk,
    Gate,
)
from microfutures.research.pair_looks import Tape
from microfutures.research.pair_series import Floats, Integers


@compiled
def drawdown(real: Floats, desk: Desk) -> float:
    """Return how far the capital of a flat desk is below its peak, percent."""
    share: float = max(real[PEAK] - desk.initial - real[NET], 0.0) / real[PEAK]
    return share * 100


@compiled
def bar_of(times_ns: Integers, place: int, moment_ns: int) -> int:
    """Return the bar whose book an order meets that arrives at a moment."""
    while place + 1 < len(times_ns) and times_ns[place + 1] < moment_ns:
        place += 1
    return place


@compiled
def _fill(
    books: Books,
    leg: tuple[Integers, Floats, Floats, Integers],
    fields: tuple[int, int, int],
    order: tuple[int, int, int, float],
) -> float:
    """Return the price of a marketable order, and count what is doubtful about it.

    ``order`` is the bar it was priced at, the moment it arrives, its signed quantity and collar.
    """
    times_ns, bids, asks, sizes = leg
    seen, moment_ns, quantity, collar = order
    bar = bar_of(times_ns, seen, moment_ns)
    whole = books.whole
    if whole[fields[0]] != bar:
        whole[fields[0]] = bar
        whole[fields[1]] = whole[fields[2]] = 0
    side = fields[1] if quantity > 0 else fields[2]
    whole[side] += abs(quantity)
    if whole[side] > sizes[bar]:
        books.doubts[THIN] += 1
    price: float = asks[bar] if quantity > 0 else bids[bar]
    limit = asks[seen] + collar if quantity > 0 else bids[seen] - collar
    if (price - limit) * quantity > 0:
        books.doubts[RAN_AWAY] += 1
    return price


@compiled
def _trade(
    tape: Tape, desk: Desk, books: Books, bars: tuple[int, int], arrives: tuple[int, int],
    quantities: tuple[int, int],
) -> tuple[float, float]:  # fmt: skip
    """Return the prices of both legs' orders."""
    first = _fill(
        books,
        (tape.primary_ns, tape.primary_bid, tape.primary_ask, tape.primary_size),
        (FIRST_BAR, FIRST_BOUGHT, FIRST_SOLD),
        (bars[0], arrives[0], quantities[0], desk.first_collar),
    )
    second = _fill(
        books,
        (tape.secondary_ns, tape.secondary_bid, tape.secondary_ask, tape.secondary_size),
        (SECOND_BAR, SECOND_BOUGHT, SECOND_SOLD),
        (bars[1], arrives[1], quantities[1], desk.second_collar),
    )
    return first, second


@compiled
def _stays_within(
    real: Floats, gate: Gate, desk: Desk, units: tuple[int, int], worth: tuple[float, float]
) -> bool:
    together = worth[0] + worth[1]
    lean, gross = max(worth), max(worth)
    if gate.are_one_family:
        lean, gross = abs(worth[0] - worth[1]), together
    return (
        units[0] <= gate.most_first
        and units[1] <= gate.most_second
        and together <= gate.most_notional
        and gross <= gate.most_gross
        and lean <= gate.most_net
        and real[DAY_NET] - real[NET] < gate.daily_loss
        and drawdown(real, desk) < gate.drawdown_percent
    )


@compiled
def _is_let_through(
    tape: Tape, terms: PairTerms, gate: Gate, desk: Desk, books: Books, bars: tuple[int, int],
    moment: tuple[int, int], units: tuple[int, int],
) -> bool:  # fmt: skip
    """Tell whether the risk gate lets an entry pass, and doubt whether the account carries it.

    ``moment`` is the time and the session of the decision.
    """
    first, second = bars
    ours = (tape.primary_bid[first] + tape.primary_ask[first]) / 2
    ours *= terms.primary_multiplier * units[0]
    theirs = (tape.secondary_bid[second] + tape.secondary_ask[second]) / 2
    theirs *= terms.secondary_multiplier * units[1]
    age_ns = moment[0] - min(tape.primary_ns[first], tape.secondary_ns[second])
    if age_ns > gate.max_age_ns or not _stays_within(books.real, gate, desk, units, (ours, theirs)):
        return False
    if age_ns + 2 * desk.latency_ns > gate.max_age_ns:
        books.doubts[OLD] += 1
    margins = tape.margins[moment[1], 0], tape.margins[moment[1], 1]
    needed = margins[0] * units[0] if margins[0] > 0 else ours / 2
    needed += margins[1] * units[1] if margins[1] > 0 else theirs / 2
    if needed > (desk.cash + books.real[NET]) * (1 - desk.headroom):
        books.doubts[MARGIN] += 1
    return True


@compiled
def enter(
    tape: Tape, terms: PairTerms, gate: Gate, desk: Desk, books: Books, bars: tuple[int, int],
    session: int, entered: tuple[PairState, int, int],
) -> bool:  # fmt: skip
    """Put a position on, the primary, then its hedge once that one's fill is known.

    Return False if the risk gate doesn't let it pass.
    """
    state, units, hedge = entered
    whole, real, way_ns, now_ns = books.whole, books.real, desk.latency_ns, state.entered_ns
    wanted, moment = (units, units * hedge), (now_ns, session)
    if not _is_let_through(tape, terms, gate, desk, books, bars, moment, wanted):
        return False
    signed = state.direction * units
    arrives = now_ns + 3 * way_ns, now_ns + 5 * way_ns
    first, second = _trade(tape, desk, books, bars, arrives, (signed, -signed * hedge))
    if now_ns + 6 * way_ns > tape.last_ns and way_ns > 0:
        books.doubts[UNFINISHED] += 1
    whole[SIGNED], whole[HEDGED], whole[OPENED] = signed, -signed * hedge, arrives[0]
    real[FIRST_PRICE], real[SECOND_PRICE] = first, second
    real[PAID] = order_cost(terms.primary_fee, units, first)
    real[PAID] += order_cost(terms.secondary_fee, units * hedge, second)
    return True


@compiled
def leave(
    tape: Tape, terms: PairTerms, desk: Desk, books: Books, bars: tuple[int, int], now_ns: int,
    entered: tuple[int, int], why: tuple[int, int],
) -> None:  # fmt: skip
    """Take the position off, both legs at once, and book the trip."""
    whole, real, number = books.whole, books.real, books.whole[TRIPS]
    signed, hedged = whole[SIGNED], whole[HEDGED]
    closed_ns = now_ns + desk.latency_ns
    first, second = _trade(tape, desk, books, bars, (closed_ns, closed_ns), (-signed, -hedged))
    gross = signed * terms.primary_multiplier * (first - real[FIRST_PRICE])
    gross += hedged * terms.secondary_multiplier * (second - real[SECOND_PRICE])
    paid = real[PAID] + order_cost(terms.primary_fee, abs(signed), first)
    paid += order_cost(terms.secondary_fee, abs(hedged), second)
    real[NET] += gross - paid
    real[GROSS] += gross
    real[COMMISSIONS] += paid
    real[WON] += gross > paid
    books.daily[whole[DAY]] += gross - paid
    real[PEAK] = max(real[PEAK], desk.initial + real[NET])
    real[DRAWDOWN] = max(real[DRAWDOWN], real[PEAK] - desk.initial - real[NET])
    if number < len(books.trades):
        row, paper = books.trades[number], books.prices[number]
        row[0], row[1], row[2], row[3] = whole[OPENED], closed_ns, entered[0], abs(signed)
        row[4], row[5], row[6], row[7], row[8] = abs(hedged), why[0], why[1], entered[1], now_ns
        paper[0], paper[1] = real[FIRST_PRICE], real[SECOND_PRICE]
        paper[2], paper[3], paper[4], paper[5] = first, second, gross, paid
    whole[TRIPS] += 1


@compiled
def new_day(whole: Integers, real: Floats, desk: Desk, day: int) -> None:
    """Count the day's loss from here, and size by the capital of now, in whole cents."""
    whole[DAY] = day
    real[DAY_NET] = real[NET]
    real[CAPITAL] = max(0.0, floor((desk.initial + real[NET]) * desk.share * 100 + 1e-6) / 100)
