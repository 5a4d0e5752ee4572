"""The simulated exchange and broker in one: market in, orders in, facts out.

Pure and deterministic: the same instruments, seed, updates and orders give the same events. It
has no clock; time is what the updates and `Venue.advance` say. Not here: latency, connections,
protocols, forced liquidation, interest.
"""

from collections.abc import Sequence
from decimal import Decimal
from zlib import crc32

from msgspec.structs import replace

from microfutures.model.errors import InvalidValueError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument
from microfutures.model.market import Bar, Quote
from microfutures.model.timestamp import to_iso
from microfutures.venue import admission
from microfutures.venue.account import Account
from microfutures.venue.accounting import state_of
from microfutures.venue.admission import Reason
from microfutures.venue.book import Book
from microfutures.venue.clearing import Clearing
from microfutures.venue.combos import Combos
from microfutures.venue.corporate import CorporateActions
from microfutures.venue.credit import Credit
from microfutures.venue.door import Door
from microfutures.venue.keeping import Keeping
from microfutures.venue.listings import Listings
from microfutures.venue.messages import (
    AccountState,
    BarUpdate,
    BookUpdate,
    ComboLeg,
    DividendUpdate,
    MarginImpact,
    MarketUpdate,
    OrderModified,
    OrderRejected,
    QuoteChanged,
    SplitUpdate,
    TradePrinted,
    TradeUpdate,
    VenueEvent,
    VenueOrder,
    WorkingOrder,
)
from microfutures.venue.order_desk import OrderDesk


class Venue:
    """Books, orders and accounts of one simulated market.

    ``keeps_bars`` can be False where nobody asks for `bars` made of a tape's bars.

    Raises
    ------
    UnknownInstrumentError
        If an instrument's product is not in the catalog: it would have no fees and no margin.
    """

    def __init__(
        self,
        *,
        instruments: Sequence[Instrument],
        accounts: Sequence[str],
        initial_cash: Decimal,
        start_ns: int,
        seed: int,
        session: int = 0,
        keeps_bars: bool = True,
    ) -> None:
        self._now_ns = start_ns
        self._quiet_until_ns = 0
        """Until when, as things stand, neither time nor a bar can cause anything but a quote."""
        self._keeps_bars = keeps_bars
        self._listings = Listings(instruments, start_ns)
        self._accounts = {name: Account(name, initial_cash) for name in accounts}
        self._credit = Credit(self._listings)
        self._clearing = Clearing(self._listings, self._accounts, start_ns)
        self._desk = OrderDesk(
            accounts=self._accounts,
            execution_prefix=crc32(f"{seed}/{start_ns}/{session}".encode()),
            seed=seed,
        )
        self._combos = Combos(
            self._listings.books,
            needed=lambda: {state.order.instrument_id for state in self._desk.live()},
        )
        self._corporate = CorporateActions(
            accounts=self._accounts,
            listings=self._listings,
            combos=self._combos,
            desk=self._desk,
        )
        self.keeping = Keeping(
            self._accounts,
            self._desk,
            self._listings,
            self._combos,
            on_restored=self._look_ahead,
        )
        """What outlives a venue, and the way back in."""
        self._door = Door(
            listings=self._listings,
            combos=self._combos,
            accounts=self._accounts,
            desk=self._desk,
            credit=self._credit,
        )

    @property
    def now_ns(self) -> int:
        """Return the moment of the latest update or advance."""
        return self._now_ns

    def apply(self, update: MarketUpdate) -> list[VenueEvent]:
        """Take one update of the market; return what it caused, first things first.

        Raises
        ------
        InvalidValueError
            If the update is older than the venue, or of an instrument that isn't listed.
        """
        events: list[VenueEvent] = []
        now_ns = update.time_ns
        self._desk.traded_blocks.clear()
        if now_ns != self._now_ns:
            self._move(now_ns, events)
        book = self._listings.book(update.instrument_id)
        if isinstance(update, BookUpdate):
            events.append(QuoteChanged(book.update(update)))
            if self._desk.resting.get(update.instrument_id):
                self._desk.match_book(book, now_ns, events)
            self._match_combos(update.instrument_id, now_ns, events)
        elif isinstance(update, TradeUpdate):
            self._trade(book, update, events)
        elif isinstance(update, BarUpdate):
            self._close_bar(book, update, events)
        elif isinstance(update, DividendUpdate):
            self._corporate.pay_dividend(update, events)
        else:
            self._corporate.split(book, update, events)
        self._look_ahead()
        return events

    def quote_of(self, update: BarUpdate) -> Quote | None:
        """Take a bar that can cause nothing but a quote and return that; None if it could more.

        Then nothing was taken, and it is to be applied: there are orders, or the time has come for
        a session to open or to end.
        """
        now_ns, name = update.time_ns, update.instrument_id
        if not self._now_ns <= now_ns < self._quiet_until_ns:
            return None
        self._now_ns = now_ns
        book = self._listings.books[name]
        if self._keeps_bars and update.volume:
            price = book.to_float(update.last_ticks)
            self._listings.recorders[name].add(now_ns, price, update.volume)
        return book.close_bar(update)

    def advance(self, now_ns: int) -> list[VenueEvent]:
        """Let time pass without data: sessions open and close, orders are released or expire."""
        events: list[VenueEvent] = []
        if self._now_ns <= now_ns < self._quiet_until_ns:
            self._now_ns = now_ns
            return events
        self._desk.traded_blocks.clear()
        self._move(now_ns, events)
        self._look_ahead()
        return events

    def submit(self, order: VenueOrder) -> list[VenueEvent]:
        """Take an order at the venue's present moment."""
        state = self._door.admit(order, self._now_ns)
        self._desk.traded_blocks.clear()
        if isinstance(state, OrderRejected):
            return [state]
        others = self._desk.live(order.account)
        reason = self._credit.refusal(self._accounts[order.account], others, state)
        if reason is not None:
            return [OrderRejected(order.order_id, self._now_ns, *reason)]
        events: list[VenueEvent] = []
        self._desk.accept(state, self._door.book(order), self._now_ns, events)
        self._look_ahead()
        return events

    def modify(
        self,
        order_id: int,
        *,
        quantity: int | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
        trail_amount: Decimal | None = None,
        trail_percent: Decimal | None = None,
        offset: Decimal | None = None,
    ) -> list[VenueEvent]:
        """Change a live order; None keeps a term as it is. A changed order queues anew."""
        state = self._desk.find(order_id)
        self._desk.traded_blocks.clear()
        if state is None:
            return [_refused(order_id, self._now_ns, admission.not_found(order_id, "modified"))]
        if state.is_final:
            return [_refused(order_id, self._now_ns, admission.NOT_MODIFIABLE)]
        terms = {
            "quantity": quantity,
            "limit_price": limit_price,
            "stop_price": stop_price,
            "trail_amount": trail_amount,
            "trail_percent": trail_percent,
            "offset": offset,
        }
        wanted = {name: term for name, term in terms.items() if term is not None}
        after = replace(state.order, **wanted)
        reason = self._door.refusal_of_change(state, after)
        if reason is not None:
            return [_refused(order_id, self._now_ns, reason)]
        events: list[VenueEvent] = [OrderModified(order_id, self._now_ns)]
        self._desk.replace(state, after, self._door.book(after), self._now_ns, events)
        return events

    def cancel(self, order_id: int) -> list[VenueEvent]:
        """Cancel a live order; say why not when it is unknown or final."""
        state = self._desk.find(order_id)
        if state is None:
            return [_refused(order_id, self._now_ns, admission.not_found(order_id, "cancelled"))]
        if state.is_final:
            return [
                _refused(order_id, self._now_ns, admission.too_late(order_id, state.stage.value))
            ]
        events: list[VenueEvent] = []
        self._desk.cancel(state, self._now_ns, "cancelled on request", events)
        self._look_ahead()
        return events

    def preview(self, order: VenueOrder) -> MarginImpact | OrderRejected:
        """Return what the order would do to the margin, or why it would be refused at the door.

        Like at IB, too little margin is no refusal here: the figures show it.
        """
        state = self._door.admit(order, self._now_ns)
        if isinstance(state, OrderRejected):
            return state
        return self._credit.impact(self._accounts[order.account], order)

    def account(self, name: str) -> AccountState:
        """Return a picture of one account; raise `InvalidValueError` for an unknown name."""
        account = self._accounts.get(name)
        if account is None:
            known = ", ".join(self._accounts)
            raise InvalidValueError(f"no account {name!r} at this venue; known: {known}")
        return state_of(account, self._listings)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        """Return the latest quote; None before the first."""
        return self._listings.book(instrument_id).quote

    def instrument(self, instrument_id: InstrumentId) -> Instrument:
        """Return the contract with its hours around now."""
        return self._listings.book(instrument_id).instrument

    def combo(self, legs: Sequence[ComboLeg]) -> Instrument | None:
        """Return a combo with its hours around now; None when a leg is not listed."""
        book = self._combos.listed(legs)
        return None if book is None else book.instrument

    def opens_ns(self, order_id: int) -> int | None:
        """Return when the market opens that an order waits for; None when it is open."""
        state = self._desk.find(order_id)
        since_ns = 0 if state is None else state.window.market_since_ns
        return since_ns if since_ns > self._now_ns else None

    def stop_price(self, order_id: int) -> Decimal | None:
        """Return where the trigger of an order stands, trailed or not; None when it has none."""
        state = self._desk.find(order_id)
        if state is None or state.stop_ticks is None:
            return None
        return state.instrument.tick_size * state.stop_ticks

    def working_orders(self, account: str | None = None) -> list[WorkingOrder]:
        """Return the orders that are not final, of one account or of all, oldest first."""
        return [state.working() for state in self._desk.live(account)]

    def bars(
        self, instrument_id: InstrumentId, end_ns: int, bar_seconds: int, count: int
    ) -> list[Bar]:
        """Return at most `count` bars of trades printed since the start, before `end_ns`."""
        self._listings.book(instrument_id)
        return self._listings.recorders[instrument_id].bars(end_ns, bar_seconds, count)

    def splits(self, instrument_id: InstrumentId) -> Sequence[SplitUpdate]:
        """Return the splits of a share since the start, oldest first; bars are not restated."""
        return self._listings.book(instrument_id).splits

    def _match_combos(self, name: InstrumentId, now_ns: int, events: list[VenueEvent]) -> None:
        """Let the orders of combos meet the new book of a leg."""
        for combo in self._combos.of_leg(name):
            if self._desk.resting.get(combo.instrument.instrument_id):
                combo.refresh()
                self._desk.match_book(combo, now_ns, events)

    def _trade(self, book: Book, update: TradeUpdate, events: list[VenueEvent]) -> None:
        ticks, size, now_ns = update.price_ticks, update.size, update.time_ns
        name = update.instrument_id
        quote = book.trade(now_ns, ticks, size)
        self._listings.recorders[name].add(now_ns, book.to_float(ticks), size)
        events.append(TradePrinted(name, now_ns, book.price(ticks), size))
        events.append(QuoteChanged(quote))
        if self._desk.resting.get(name):
            self._desk.match_trade(book, ticks, size, now_ns, events)

    def _close_bar(self, book: Book, update: BarUpdate, events: list[VenueEvent]) -> None:
        name, ticks, volume, now_ns = (
            update.instrument_id,
            update.last_ticks,
            update.volume,
            update.time_ns,
        )
        events.append(QuoteChanged(book.close_bar(update)))
        if volume:
            if self._keeps_bars:
                self._listings.recorders[name].add(now_ns, book.to_float(ticks), volume)
            events.append(TradePrinted(name, now_ns, book.price(ticks), volume))
        if self._desk.resting.get(name):
            self._desk.match_book(book, now_ns, events)
            if volume:
                self._desk.match_trade(book, ticks, volume, now_ns, events)
        self._match_combos(name, now_ns, events)

    def _move(self, now_ns: int, events: list[VenueEvent]) -> None:
        if now_ns < self._now_ns:
            raise InvalidValueError(
                f"time can't go back: the venue stands at {to_iso(self._now_ns)}, "
                f"was told {to_iso(now_ns)}"
            )
        listings = self._listings
        if now_ns >= listings.hours_until_ns:
            listings.renew_hours(now_ns)
            self._combos.renew_hours()
        if now_ns >= self._desk.next_timer_ns:
            self._desk.run_timers(self._combos.book_of, now_ns, events)
        if now_ns >= self._clearing.next_ns:
            self._clearing.run(self._now_ns, now_ns, events)
        self._now_ns = now_ns

    def _look_ahead(self) -> None:
        """Find out how long it stays quiet; not at all while there are orders."""
        if self._desk.has_live:
            self._quiet_until_ns = 0
        else:
            self._quiet_until_ns = min(
                self._clearing.next_ns, self._listings.hours_until_ns, self._desk.next_timer_ns
            )


def _refused(order_id: int, now_ns: int, reason: Reason) -> OrderRejected:
    return OrderRejected(order_id, now_ns, *reason, is_request_only=True)
