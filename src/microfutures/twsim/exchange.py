"""The shared middle of the simulator: venue, market source, clients, and what all of them see.

Requests of clients come in through `handlers`; what the venue answers goes out from here.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from microfutures.model.errors import GatewayStateError
from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument, SecurityType
from microfutures.model.market import Quote
from microfutures.model.sessions import Session
from microfutures.ports.clock import Clock
from microfutures.twsim.contracts.lookup import ContractQuery, symbol_of
from microfutures.twsim.daily_profit import DailyProfit
from microfutures.twsim.history.bars import History
from microfutures.twsim.history.growing_bars import GrowingBars
from microfutures.twsim.history.tick_tape import TickTape, Trade
from microfutures.twsim.keeping import Keeper
from microfutures.twsim.orders.desk import OrderDesk, Owner
from microfutures.twsim.orders.facts import OrderFacts
from microfutures.twsim.quotes.day import day_of, day_session
from microfutures.twsim.quotes.depth import Depth
from microfutures.twsim.quotes.derived_lines import DerivedLines
from microfutures.twsim.quotes.display_groups import DisplayGroups
from microfutures.twsim.quotes.lines import Lines
from microfutures.twsim.quotes.tick_streams import TickStreams
from microfutures.twsim.turns import Turns
from microfutures.venue.market import MarketSource
from microfutures.venue.messages import (
    AccountMoved,
    LegFilled,
    OrderFilled,
    QuoteChanged,
    TradePrinted,
    VenueEvent,
)
from microfutures.venue.venue import Venue


class Client(Owner, Protocol):
    """What the exchange needs of a connected client."""

    client_id: int

    def write(self, frames: bytes) -> None:
        """Write messages that are spelled already."""
        ...

    def on_account_change(self, account: str, changed: frozenset[InstrumentId]) -> None:
        """Refresh what is subscribed of an account whose positions changed."""
        ...


class Exchange:
    """What all clients of the simulator share."""

    def __init__(
        self,
        *,
        venue: Venue,
        market: MarketSource,
        clock: Clock,
        accounts: tuple[str, ...],
        session: int,
        unsubscribed: frozenset[str] = frozenset(),
    ) -> None:
        self.venue = venue
        self.market = market
        self.clock = clock
        self.accounts = accounts
        self.clients: dict[int, Client] = {}
        self.lines = Lines(venue.instrument, unsubscribed)
        self.history = History(venue, market)
        self.growing = GrowingBars()
        self.turns = Turns()
        self.tape = TickTape(self.history)
        self.tick_streams = TickStreams()
        self.generic_streams = TickStreams()
        self.depth = Depth()
        self.derived = DerivedLines()
        self.groups = DisplayGroups()
        self.daily = DailyProfit(venue, accounts)
        self._names = tuple(each.instrument_id for each in market.instruments)
        self._by_number: dict[int, tuple[InstrumentId, ...]] = {}
        self._by_symbol: dict[str, tuple[InstrumentId, ...]] = {}
        for each in market.instruments:
            self._by_number[each.con_id] = (each.instrument_id,)
            symbol = symbol_of(each)
            self._by_symbol[symbol] = (*self._by_symbol.get(symbol, ()), each.instrument_id)
        self.desk = OrderDesk(venue=venue, owners=self.clients, names=self._names, session=session)
        self.desk.watch.close_of = self._close_of
        self.keeper: Keeper | None = None
        """Writes down what changed; None forgets it at the end."""
        self.on_failure: Callable[[GatewayStateError], None] = lambda _: None
        """Ends everything before a client hears what could not be kept."""
        self._kinds = {
            each.instrument_id: each.security_type
            for each in market.instruments
            if each.security_type in (SecurityType.CURRENCY, SecurityType.INDEX)
        }
        self._last_sizes: dict[InstrumentId, float] = {}
        self._closes: dict[InstrumentId, tuple[Session | None, float | None]] = {}

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """Return everything listed, with its present hours."""
        return tuple(self.venue.instrument(name) for name in self._names)

    def named(self, query: ContractQuery) -> tuple[Instrument, ...]:
        """Return what `query` can mean by its number or its symbol; everything if it has neither.

        Every order is asked for its contract.
        """
        names = self._names
        if query.con_id:
            names = self._by_number.get(query.con_id, ())
        elif query.symbol:
            names = self._by_symbol.get(query.symbol.upper(), ())
        return tuple(self.venue.instrument(name) for name in names)

    @property
    def orders(self) -> dict[tuple[int, int], OrderFacts]:
        """Return the orders that are remembered, by client id and order id."""
        return self.desk.orders

    def quote(self, instrument: Instrument) -> Quote | None:
        """Return the latest quote as clients see it."""
        quote = self.venue.quote(instrument.instrument_id)
        return None if quote is None else self._shown(quote)

    def _shown(self, quote: Quote) -> Quote:
        """Return a quote without what its kind hasn't: pairs report no trades, indices no book."""
        kind = self._kinds.get(quote.instrument_id)
        if kind is SecurityType.CURRENCY:
            return replace(quote, last=None, volume=0.0)
        if kind is SecurityType.INDEX:
            value = quote.last if quote.last is not None else quote.mid
            return replace(quote, last=value, bid=None, ask=None, bid_size=0.0, ask_size=0.0)
        return quote

    def publish(self, events: Iterable[VenueEvent]) -> None:
        """Tell the clients what the venue did, and do what follows from it."""
        waiting = deque(events)
        changed: dict[str, set[InstrumentId]] = {}
        while waiting:
            event = waiting.popleft()
            if type(event) is QuoteChanged:
                self._on_quote(event.quote)
            elif type(event) is TradePrinted:
                self._on_trade(event)
            elif type(event) is AccountMoved:
                changed.setdefault(event.account, set()).update(event.changed)
            else:
                waiting.extend(self._on_order_event(event, changed))
            if not waiting and not self.desk.watch.is_empty:
                waiting.extend(self.desk.check_conditions())
        self._tell_accounts(changed)
        touched = self.desk.memory.take_touched()
        if touched or changed:
            self._keep(touched, changed)

    def _keep(self, orders: Iterable[int], accounts: Iterable[str]) -> None:
        """Keep what changed before the end of this turn, when the clients' messages leave."""
        if self.keeper is None:
            return
        try:
            self.keeper.keep(orders, accounts)
        except GatewayStateError as error:
            self.on_failure(error)
            raise

    def _tell_accounts(self, changed: dict[str, set[InstrumentId]]) -> None:
        for account, names in changed.items():
            for client in list(self.clients.values()):
                client.on_account_change(account, frozenset(names))

    def _on_order_event(
        self, event: VenueEvent, changed: dict[str, set[InstrumentId]]
    ) -> list[VenueEvent]:
        if type(event) is OrderFilled or type(event) is LegFilled:
            legs = event.legs if type(event) is OrderFilled else ()
            moved = changed.setdefault(self.desk.account_of(event.order_id), set())
            moved.update(each.instrument_id for each in (event, *legs))
        return self.desk.on_event(event)

    def _on_quote(self, quote: Quote) -> None:
        self.history.on_quote(quote)
        quote = self._shown(quote)
        self.growing.on_quote(quote)
        self.tape.on_quote(quote)
        self.tick_streams.on_quote(quote)
        self.generic_streams.on_quote(quote)
        self.depth.on_quote(quote)
        self.derived.on_quote(quote)
        self.lines.on_quote(quote, self._last_sizes.get(quote.instrument_id, 0.0))

    def is_liquid(self, name: InstrumentId, moment_ns: int) -> bool:
        """Tell whether a moment lies in the regular hours of a contract."""
        return self.venue.instrument(name).is_liquid(moment_ns)

    def remove_client(self, client_id: int) -> None:
        """Forget what a client that is gone was watching."""
        self.lines.remove_client(client_id)
        self.tick_streams.remove_client(client_id)
        self.generic_streams.remove_client(client_id)
        self.depth.remove_client(client_id)
        self.derived.remove_client(client_id)

    def on_time(self) -> None:
        """Do what time alone brings; to be called every second."""
        now_ns = self.clock.now_ns()
        self.lines.on_time(now_ns)
        self.daily.on_time(now_ns)
        if self.keeper is not None:
            self._keep((order.perm_id for order in self.desk.open_orders()), self.accounts)
        if not self.desk.watch.is_empty:
            self.publish(self.desk.check_conditions())

    def _close_of(self, name: InstrumentId) -> float | None:
        instrument, now_ns = self.venue.instrument(name), self.clock.now_ns()
        session = day_session(instrument, now_ns)
        known = self._closes.get(name)
        if known is None or known[0] != session:
            day = day_of(instrument, now_ns, partial(self.history.bars, instrument, "TRADES"))
            known = self._closes[name] = (session, day.close)
        return known[1]

    def _on_trade(self, event: TradePrinted) -> None:
        if self._kinds.get(event.instrument_id) is SecurityType.CURRENCY:
            return
        self._last_sizes[event.instrument_id] = event.size
        trade = Trade(event.time_ns, float(event.price), float(event.size))
        self.tape.on_trade(event.instrument_id, trade)
        self.tick_streams.on_trade(event.instrument_id, trade)
        self.generic_streams.on_trade(event.instrument_id, trade)
        self.growing.on_trade(
            event.instrument_id, event.time_ns, float(event.price), float(event.size)
        )
