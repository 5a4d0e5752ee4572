"""The life of orders at the venue: they wait for their hours, work, fill, expire."""

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from random import Random

from microfutures.model.identifiers import InstrumentId
from microfutures.model.orders import TimeInForce
from microfutures.venue import following, legs_in, matching
from microfutures.venue.account import Account
from microfutures.venue.admission import AT_ONCE
from microfutures.venue.book import Book
from microfutures.venue.combos import ComboBook
from microfutures.venue.fills import Fills
from microfutures.venue.listings import NEVER_NS
from microfutures.venue.messages import (
    OrderAccepted,
    OrderCancelled,
    OrderReleased,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.order_state import OrderStage, OrderState
from microfutures.venue.order_types import Peg
from microfutures.venue.windows import order_window

OVER_SESSIONS = frozenset({TimeInForce.GOOD_TILL_CANCELLED, TimeInForce.GOOD_TILL_DATE})

KEPT_ENDED = 1_000
"""Orders that are over and still answered for: "too late" rather than "no such order"."""


class OrderDesk:
    """All orders of all accounts; fills go straight into the accounts."""

    def __init__(self, *, accounts: dict[str, Account], execution_prefix: int, seed: int) -> None:
        self._fills = Fills(accounts, execution_prefix)
        self._draws = Random(seed)  # noqa: S311 - a reproducible market, not a secret
        self._orders: dict[int, OrderState] = {}
        self._live: dict[int, OrderState] = {}
        self._ended: deque[int] = deque()
        self.resting: dict[InstrumentId, list[OrderState]] = {}
        """The orders that the market can touch, by contract; to be read only."""
        self.traded_blocks: dict[str, int] = {}
        """Blocks of which an order has traded since the venue was last told something, and it."""
        self._timers: list[tuple[int, int]] = []
        """Moments at which an order's window opens or closes, with the order's id."""

    @property
    def next_timer_ns(self) -> int:
        """Return the next moment at which time alone changes an order."""
        return self._timers[0][0] if self._timers else NEVER_NS

    @property
    def has_live(self) -> bool:
        """Tell whether any order is not final."""
        return bool(self._live)

    def find(self, order_id: int) -> OrderState | None:
        """Return the order, final or not."""
        return self._orders.get(order_id)

    def live(self, account: str | None = None) -> Iterator[OrderState]:
        """Yield the orders that are not final, oldest first."""
        for state in self._live.values():
            if account is None or state.order.account == account:
                yield state

    def accept(self, state: OrderState, book: Book, now_ns: int, events: list[VenueEvent]) -> None:
        """Take an order that passed every check, and let it trade if it can."""
        order, window = state.order, state.window
        self._orders[order.order_id] = self._live[order.order_id] = state
        is_open = window.open_ns <= now_ns
        is_held = not (is_open and _would_trigger(state, book))
        events.append(OrderAccepted(order.order_id, now_ns, is_held))
        heappush(self._timers, (window.close_ns, order.order_id))
        if is_open:
            self._enter(state, book, now_ns, events, is_held)
        else:
            heappush(self._timers, (window.open_ns, order.order_id))

    def restore(self, state: OrderState, now_ns: int) -> None:
        """Take a live order back as it stood, without a word to anybody."""
        order_id, window = state.order.order_id, state.window
        self._orders[order_id] = self._live[order_id] = state
        heappush(self._timers, (window.close_ns, order_id))
        if window.open_ns > now_ns:
            heappush(self._timers, (window.open_ns, order_id))
        else:
            self.resting.setdefault(state.order.instrument_id, []).append(state)

    def replace(
        self,
        state: OrderState,
        order: VenueOrder,
        book: Book,
        now_ns: int,
        events: list[VenueEvent],
    ) -> None:
        """Give a live order new terms, and let it trade on them if it can."""
        self._leave(state)
        state.replace(order)
        if not state.remaining:
            self._end(state, OrderStage.FILLED)
        elif state.window.open_ns <= now_ns:
            was_held = state.stage is OrderStage.HELD
            self._enter(state, book, now_ns, events, was_held)

    def cancel(self, state: OrderState, now_ns: int, reason: str, events: list[VenueEvent]) -> None:
        """End a live order."""
        self._end(state, OrderStage.CANCELLED)
        events.append(OrderCancelled(state.order.order_id, now_ns, reason))

    def cancel_all(self, book: Book, now_ns: int, reason: str, events: list[VenueEvent]) -> None:
        """End every live order of one instrument."""
        for state in list(self.live()):
            if state.order.instrument_id == book.instrument.instrument_id:
                self.cancel(state, now_ns, reason, events)

    def run_timers(
        self, book_of: Callable[[InstrumentId], Book], until_ns: int, events: list[VenueEvent]
    ) -> None:
        """Open and close the windows of orders up to `until_ns`."""
        while self._timers and self._timers[0][0] <= until_ns:
            moment_ns, order_id = heappop(self._timers)
            state = self._live.get(order_id)
            if state is None:
                continue
            book = book_of(state.order.instrument_id)
            if moment_ns >= state.window.close_ns:
                self._window_closed(state, book, moment_ns, events)
            elif moment_ns >= state.window.open_ns:
                self._enter(state, book, moment_ns, events, True)

    def match_book(self, book: Book, now_ns: int, events: list[VenueEvent]) -> None:
        """Let the resting orders of an instrument meet its new top of book."""
        for state in list(self.resting.get(book.instrument.instrument_id, ())):
            if self._is_blocked(state):
                continue
            if state.follows_market:
                following.follow_book(book, state)
            if state.is_new_to_market:
                self._meet(state, book, now_ns, events, was_held=True)
            elif state.limit_ticks is not None:
                traded = matching.rest_on_book(book, state)
                if traded:
                    self._fill(state, book, state.limit_ticks, traded, now_ns, events)
                matching.join_queue(book, state)

    def match_trade(
        self, book: Book, ticks: int, size: int, now_ns: int, events: list[VenueEvent]
    ) -> None:
        """Let the resting orders of an instrument meet a trade of others."""
        for state in list(self.resting.get(book.instrument.instrument_id, ())):
            if self._is_blocked(state):
                continue
            if not state.is_triggered:
                if state.follows_market:
                    following.trail(ticks, state)
                if matching.is_triggered_by_trade(ticks, state):
                    self._trigger(state, book, now_ns, events, True)
            elif state.limit_ticks is not None:
                traded = matching.rest_on_trade(ticks, size, state)
                if traded:
                    self._fill(state, book, state.limit_ticks, traded, now_ns, events)

    def _enter(
        self, state: OrderState, book: Book, now_ns: int, events: list[VenueEvent], was_held: bool
    ) -> None:
        """Bring an order whose window is open to the market."""
        self.resting.setdefault(state.order.instrument_id, []).append(state)
        if state.is_triggered:
            state.stage = OrderStage.WORKING
            if was_held:
                events.append(OrderReleased(state.order.order_id, now_ns))
        # A book from before the session is no market: the order waits for the first new one.
        if book.updated_ns >= state.window.market_since_ns:
            if state.follows_market:
                following.follow_book(book, state)
            self._meet(state, book, now_ns, events, was_held)
        if not state.is_final and state.order.time_in_force in AT_ONCE:
            self.cancel(state, now_ns, "immediate or cancel", events)

    def _meet(
        self, state: OrderState, book: Book, now_ns: int, events: list[VenueEvent], was_held: bool
    ) -> None:
        """Let an order that is new to the market trade what it can, and queue with the rest."""
        if not state.is_triggered:
            if matching.is_triggered_by_book(book, state):
                self._trigger(state, book, now_ns, events, was_held)
            return
        self._trade_and_queue(state, book, now_ns, events)

    def _trigger(
        self, state: OrderState, book: Book, now_ns: int, events: list[VenueEvent], was_held: bool
    ) -> None:
        state.is_triggered = True
        state.stage = OrderStage.WORKING
        if was_held:
            events.append(OrderReleased(state.order.order_id, now_ns))
        if state.rule.is_trailing:
            state.limit_ticks = following.limit_behind_stop(state)
        self._trade_and_queue(state, book, now_ns, events)

    def _trade_and_queue(
        self, state: OrderState, book: Book, now_ns: int, events: list[VenueEvent]
    ) -> None:
        if state.rule.peg is not Peg.NONE and state.limit_ticks is None:
            return  # there is nothing to be pegged to
        self._trade_now(state, book, now_ns, events)
        if not state.is_final:
            # Nobody else's orders are at a combo's book: its orders meet every new one.
            state.is_new_to_market = state.limit_ticks is None or bool(state.legs)
            matching.join_queue(book, state)

    def _trade_now(
        self, state: OrderState, book: Book, now_ns: int, events: list[VenueEvent]
    ) -> None:
        order = state.order
        if self._is_blocked(state):
            return
        is_all_or_nothing = order.time_in_force is TimeInForce.FILL_OR_KILL
        if is_all_or_nothing and not matching.is_fillable_at_once(book, state):
            return
        if state.rule.is_touch_only and state.limit_ticks is None:
            state.limit_ticks = book.touch_ticks(order.side)
            if state.limit_ticks is None:
                return
        if isinstance(book, ComboBook):
            before = len(events)
            legs_in.trade(state, book, self._fills, self._draws, now_ns, events)
            if len(events) > before:
                self._after_trade(state)
            return
        for ticks, traded in matching.take(
            book, order.side, state.remaining, state.limit_ticks, self._draws
        ):
            self._fill(state, book, ticks, traded, now_ns, events)

    def _fill(
        self,
        state: OrderState,
        book: Book,
        ticks: int,
        quantity: int,
        now_ns: int,
        events: list[VenueEvent],
    ) -> None:
        events.append(self._fills.plain(state, book, ticks, quantity, now_ns))
        self._after_trade(state)

    def _after_trade(self, state: OrderState) -> None:
        if state.order.block:
            self.traded_blocks[state.order.block] = state.order.order_id
        if not state.remaining:
            self._end(state, OrderStage.FILLED)

    def _is_blocked(self, state: OrderState) -> bool:
        """Tell whether another order of its block has just traded; what is left of it follows."""
        order_id = state.order.order_id
        return self.traded_blocks.get(state.order.block, order_id) != order_id

    def _window_closed(
        self, state: OrderState, book: Book, now_ns: int, events: list[VenueEvent]
    ) -> None:
        self._leave(state)
        order = state.order
        if order.time_in_force not in OVER_SESSIONS or now_ns >= (order.good_till_ns or NEVER_NS):
            self.cancel(state, now_ns, "expired at the end of the session", events)
            return
        window = order_window(book.instrument, order, now_ns)
        if window is None:
            self.cancel(state, now_ns, "the contract stopped trading", events)
        else:
            state.wait_for(window)
            heappush(self._timers, (window.open_ns, order.order_id))
            heappush(self._timers, (window.close_ns, order.order_id))

    def _end(self, state: OrderState, stage: OrderStage) -> None:
        self._leave(state)
        state.stage = stage
        del self._live[state.order.order_id]
        self._ended.append(state.order.order_id)
        if len(self._ended) > KEPT_ENDED:
            del self._orders[self._ended.popleft()]

    def _leave(self, state: OrderState) -> None:
        resting = self.resting.get(state.order.instrument_id)
        if resting is not None and state in resting:
            resting.remove(state)


def _would_trigger(state: OrderState, book: Book) -> bool:
    is_current = book.updated_ns >= state.window.market_since_ns
    return state.is_triggered or (is_current and matching.is_triggered_by_book(book, state))
