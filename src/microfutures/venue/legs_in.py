"""How the legs of a combo are brought on: together, or the first one before the others.

A guaranteed combo trades whole units or nothing. One that is not guaranteed begins like one that
is, when a unit can be had at the order's price; but then its first leg trades alone, and the others
follow from the next quote on: those of a limit order when the unit costs no more than the limit,
those of a market order at what the market is then. Until then, and for good when the order is
cancelled, there is a position in the first leg alone.
"""

from random import Random

from microfutures.venue.admission import AT_ONCE
from microfutures.venue.combos import ComboBook, Units, cost_of_unit, take
from microfutures.venue.fills import Fills
from microfutures.venue.messages import VenueEvent
from microfutures.venue.order_state import OrderState


def trade(
    state: OrderState,
    book: ComboBook,
    fills: Fills,
    draws: Random,
    now_ns: int,
    events: list[VenueEvent],
) -> None:
    """Trade what an order of a combo can get now."""
    order = state.order
    if order.is_guaranteed or order.time_in_force in AT_ONCE:
        for units in take(book.parts, order.side, state.remaining, state.limit_ticks, draws):
            _book_units(state, book, units, 0, fills, now_ns, events)
        return
    _follow(state, book, fills, draws, now_ns, events)
    if not state.begun:
        _begin(state, book, fills, draws, now_ns, events)


def _begin(
    state: OrderState,
    book: ComboBook,
    fills: Fills,
    draws: Random,
    now_ns: int,
    events: list[VenueEvent],
) -> None:
    """Trade the first leg of as many units as the order's price allows."""
    first, others, side = book.parts[:1], book.parts[1:], state.order.side
    rest = cost_of_unit(others, side)
    if rest is None:
        return
    limit = None if state.limit_ticks is None else state.limit_ticks - rest
    for units in take(first, side, state.order.quantity - state.committed, limit, draws):
        state.begun.append((units.quantity, units.ticks))
        events.extend(fills.first_leg(state, first[0], units.fills[0], now_ns))


def _follow(
    state: OrderState,
    book: ComboBook,
    fills: Fills,
    draws: Random,
    now_ns: int,
    events: list[VenueEvent],
) -> None:
    """Trade the other legs of units that have begun, oldest first."""
    others, side = book.parts[1:], state.order.side
    while state.begun:
        begun, paid = state.begun[0]
        limit = None if state.limit_ticks is None else state.limit_ticks - paid
        done = take(others, side, begun, limit, draws)
        for units in done:
            _book_units(state, book, units, paid, fills, now_ns, events)
        begun -= sum(units.quantity for units in done)
        if begun:
            state.begun[0] = (begun, paid)
            return
        del state.begun[0]


def _book_units(
    state: OrderState,
    book: ComboBook,
    units: Units,
    paid: int,
    fills: Fills,
    now_ns: int,
    events: list[VenueEvent],
) -> None:
    """Book units whose first leg cost `paid` already, or which traded all legs at once."""
    skipped = len(book.parts) - len(units.fills)
    rows = [
        (number + skipped, book.parts[number + skipped], of_part)
        for number, of_part in enumerate(units.fills)
    ]
    price = book.price(units.ticks + paid)
    events.append(fills.combo(state, units.quantity, price, rows, now_ns))
