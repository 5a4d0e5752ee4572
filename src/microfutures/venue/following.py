"""Prices that follow the market: trailing stops and pegged orders.

A trailing stop keeps its distance from the best price it saw of what triggers it: the bid (and
trades) for a buy, the ask (and trades) for a sale. A relative order stands at the touch of its own
side plus its offset, a midpoint order in the middle, both never beyond their limit; a middle
between two ticks is rounded away from the market.
"""

from decimal import Decimal

from microfutures.venue.book import Book
from microfutures.venue.order_state import OrderState
from microfutures.venue.order_types import Peg


def follow_book(book: Book, state: OrderState) -> None:
    """Move the price of an order after the top of the book."""
    is_buy = state.order.side.sign > 0
    if state.rule.is_trailing:
        seen = book.bid_ticks if is_buy else book.ask_ticks
        if seen is not None and not state.is_triggered:
            trail(seen, state)
        return
    limit = _pegged(book, state)
    if limit != state.limit_ticks:
        state.limit_ticks = limit
        state.queue_ahead, state.is_new_to_market = None, True


def trail(ticks: int, state: OrderState) -> None:
    """Draw the stop of an order after a price; it never moves away from the market."""
    order, sign = state.order, state.order.side.sign
    if order.trail_percent is not None:
        distance = round(abs(ticks) * order.trail_percent / 100)
    else:
        amount = order.trail_amount or Decimal(0)
        distance = round(amount / state.instrument.tick_size)
    stop = ticks + sign * distance
    if state.stop_ticks is None or (stop - state.stop_ticks) * sign < 0:
        state.stop_ticks = stop


def limit_behind_stop(state: OrderState) -> int | None:
    """Return the limit of a trailing stop limit that is triggered at its present stop."""
    if state.stop_ticks is None or state.order.offset is None:
        return None
    offset = round(state.order.offset / state.instrument.tick_size)
    return state.stop_ticks + state.order.side.sign * offset


def _pegged(book: Book, state: OrderState) -> int | None:
    sign = state.order.side.sign
    offset = round((state.order.offset or Decimal(0)) / state.instrument.tick_size)
    bid, ask = book.bid_ticks, book.ask_ticks
    if state.rule.peg is Peg.PRIMARY:
        own = bid if sign > 0 else ask
        price = None if own is None else own + sign * offset
    elif bid is None or ask is None:
        price = None
    else:
        middle = (bid + ask) // 2 if sign > 0 else -(-(bid + ask) // 2)
        price = middle - sign * offset
    if price is None or state.cap_ticks is None:
        return price
    return min(price, state.cap_ticks) if sign > 0 else max(price, state.cap_ticks)
