"""How orders meet the market: what trades at once, what a resting order gets later.

Rules. A marketable order takes what is displayed at the touch, then walks away one tick for every
further portion of about that size, up to a price band; the rest waits for the next update. A
resting limit waits behind what stood at its price when it came; it is filled by trades at its
price once those are gone, in full by a trade through its price, and at its own price by a touch
that comes to it. A stop is triggered by a trade or a touch at its price, an order if
touched likewise from the other side.
"""

from random import Random

from microfutures.model.orders import Side
from microfutures.venue.book import Book
from microfutures.venue.order_state import OrderState

# Exchanges stop a single order from running through the book; CME's bands are of this size.
BAND_LEVELS = 100

Fill = tuple[int, int]
"""Price in ticks and quantity."""


def take(book: Book, side: Side, quantity: int, limit: int | None, draws: Random) -> list[Fill]:
    """Return what an order trades at once, best price first, and remember it as taken."""
    touch = book.touch_ticks(side)
    if touch is None:
        return []
    is_buy = side is Side.BUY
    shown = book.ask_size if is_buy else book.bid_size
    left = book.left_at_ask if is_buy else book.left_at_bid
    levels = book.ask_taken_levels if is_buy else book.bid_taken_levels
    fills: list[Fill] = []
    book.is_taken_from = True
    while quantity > 0:
        if left <= 0:
            if levels >= BAND_LEVELS:
                break
            levels += 1
            left = max(1, round(shown * draws.uniform(0.5, 1.5)))
        price = touch + levels * side.sign
        if limit is not None and (price - limit) * side.sign > 0:
            break
        traded = min(quantity, left)
        fills.append((price, traded))
        quantity -= traded
        left -= traded
    if is_buy:
        book.left_at_ask, book.ask_taken_levels = left, levels
    else:
        book.left_at_bid, book.bid_taken_levels = left, levels
    return fills


def is_fillable_at_once(book: Book, state: OrderState) -> bool:
    """Tell whether the displayed size at the touch fills all of an order within its limit."""
    side, limit = state.order.side, state.limit_ticks
    touch = book.touch_ticks(side)
    if touch is None or (limit is not None and (touch - limit) * side.sign > 0):
        return False
    return state.remaining <= (book.left_at_ask if side is Side.BUY else book.left_at_bid)


def is_triggered_by_book(book: Book, state: OrderState) -> bool:
    """Tell whether the touch reached the trigger: the bid when it rises, the ask when it falls."""
    if state.stop_ticks is None:
        return False
    if state.trigger_sign > 0:
        return book.bid_ticks is not None and book.bid_ticks >= state.stop_ticks
    return book.ask_ticks is not None and book.ask_ticks <= state.stop_ticks


def is_triggered_by_trade(ticks: int, state: OrderState) -> bool:
    """Tell whether a trade at `ticks` reached the trigger."""
    if state.stop_ticks is None:
        return False
    return (ticks - state.stop_ticks) * state.trigger_sign >= 0


def join_queue(book: Book, state: OrderState) -> None:
    """Take the place in the queue, once the order's price is the touch of its own side."""
    limit = state.limit_ticks
    if limit is None:
        return
    is_buy = state.order.side is Side.BUY
    own = book.bid_ticks if is_buy else book.ask_ticks
    if own is None or (limit - own) * state.order.side.sign > 0:
        state.queue_ahead = 0  # it improves the market: nobody is ahead
    elif own == limit and state.queue_ahead is None:
        state.queue_ahead = book.bid_size if is_buy else book.ask_size


def rest_on_book(book: Book, state: OrderState) -> int:
    """Return how much of a resting limit the new top of book fills, at the limit's own price."""
    touch = book.touch_ticks(state.order.side)
    limit = state.limit_ticks
    if touch is None or limit is None or (touch - limit) * state.order.side.sign > 0:
        return 0
    book.is_taken_from = True
    if state.order.side is Side.BUY:
        traded = min(state.remaining, book.left_at_ask)
        book.left_at_ask -= traded
    else:
        traded = min(state.remaining, book.left_at_bid)
        book.left_at_bid -= traded
    return traded


def rest_on_trade(ticks: int, size: int, state: OrderState) -> int:
    """Return how much of a resting limit a trade of others stands for."""
    limit = state.limit_ticks
    if limit is None:
        return 0
    distance = (limit - ticks) * state.order.side.sign
    if distance > 0:
        return state.remaining
    if distance < 0 or state.queue_ahead is None:
        return 0
    if state.queue_ahead >= size:
        state.queue_ahead -= size
        return 0
    traded = min(state.remaining, size - state.queue_ahead)
    state.queue_ahead = 0
    return traded
