"""Fills and commissions into the portfolio: whose they are, what they finished."""

from collections import OrderedDict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import msgspec

from microfutures.engine.differences import DIFFERENCES, Response
from microfutures.engine.output import OutputBuilder
from microfutures.engine.owners import Owner, Owners, OwnNames
from microfutures.engine.reconciliation import Adjustment
from microfutures.engine.state import DeskState
from microfutures.engine.voice import Voice
from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.events import CommissionReceived, Severity
from microfutures.model.fills import Commission, Fill
from microfutures.model.identifiers import ExecutionId, InstrumentId, OrderRef, StrategyName, Symbol
from microfutures.model.instrument import Instrument
from microfutures.model.orders import Order, Side

KEPT_TRADES = 200
KEPT_FOREIGN_FILLS = 5_000


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A fill that was booked, for the display."""

    strategy: StrategyName
    fill: Fill
    reason: str


class Books:
    """Knows which strategy each order belongs to and books what happens to it."""

    def __init__(
        self,
        state: DeskState,
        out: OutputBuilder,
        voice: Voice,
        *,
        is_live: Callable[[OrderRef], bool],
        names: OwnNames,
        trader_of: Callable[[Symbol], StrategyName | None],
    ) -> None:
        self.trades: deque[Trade] = deque(maxlen=KEPT_TRADES)
        self._state = state
        self._portfolio = state.portfolio
        self._out = out
        self._voice = voice
        self._trader_of = trader_of
        self._names = names
        self._foreign_fills: OrderedDict[ExecutionId, None] = OrderedDict()
        self._foreign_trades: dict[InstrumentId, int] = {}
        self._owners = Owners(is_live=is_live, forget=state.portfolio.forget)

    def register(self, order: Order) -> None:
        """Remember whose order is about to be sent."""
        self._owners.add(order)
        self._out.record("order", "OrderApproved", order)

    def is_ours(self, order_ref: OrderRef) -> bool:
        """Tell whether an order was ours, of this run or an earlier one."""
        return order_ref in self._owners or self._names.is_ours(order_ref)

    def _owner(self, fill: Fill) -> Owner | None:
        """Return whose a fill is, by the order's name alone if the journal has lost its intent."""
        known = self._owners.of(fill.order_ref)
        instrument = self._state.instrument_by_id(fill.instrument_id)
        if known is not None or instrument is None or not self._names.is_lost(fill.order_ref):
            return known
        strategy = self._trader_of(instrument.symbol)
        if strategy is None:
            return None
        text = f"order {fill.order_ref} is ours by its name; the journal has lost it (a power cut?)"
        self._voice.say(Severity.WARNING, text)
        return self._owners.claim(fill.order_ref, strategy)

    def take_fill(self, fill: Fill) -> StrategyName | None:
        """Book an execution; return whose it is, None when it is not ours."""
        owner = self._owner(fill)
        if owner is None:
            self._note_foreign(fill)
            text = f"{fill.side} {fill.quantity} {fill.instrument_id} at {fill.price} is not ours"
            self._voice.say(Severity.DEBUG, text)
            return None
        self._owners.note(owner, fill)
        self._book(owner.strategy, owner.reason, fill)
        return owner.strategy

    def take_commission(self, event: CommissionReceived) -> None:
        """Book what an execution cost."""
        self._portfolio.book_commission(event.commission)

    def _note_foreign(self, fill: Fill) -> None:
        """Remember somebody else's execution: it may explain what becomes of our position."""
        if fill.execution_id in self._foreign_fills:
            return
        self.restore_foreign_fill(fill)
        before = self._foreign_trades.get(fill.instrument_id, 0)
        self._foreign_trades[fill.instrument_id] = before + fill.signed_quantity
        self._out.record("order", "ForeignFill", fill)

    def take_foreign_trades(self) -> dict[InstrumentId, int]:
        """Return, and forget, what others' executions came to, signed, by instrument."""
        traded, self._foreign_trades = self._foreign_trades, {}
        return traded

    def restore_foreign_fill(self, fill: Fill) -> None:
        """Know an execution of somebody else's: told again, it explains nothing new."""
        self._foreign_fills[fill.execution_id] = None
        while len(self._foreign_fills) > KEPT_FOREIGN_FILLS:
            self._foreign_fills.popitem(last=False)

    def split(self, instrument_id: InstrumentId, factor: Fraction) -> None:
        """Restate our positions in shares of which there are `factor` for an old one now."""
        per_share = Fraction(1) / factor
        cost = self._portfolio.ledger.average_price(instrument_id) * _decimal(per_share)
        seen = self._latest_price(instrument_id)
        # What was seen last may be of the old shares still: the new price is near the new cost.
        known = [seen, seen * _decimal(per_share)] if seen is not None else [cost]
        split = ShareSplit(
            instrument_id=instrument_id,
            numerator=factor.numerator,
            denominator=factor.denominator,
            price=min(known, key=lambda price: abs(price - cost)),
            time_ns=self._state.time_ns,
        )
        self._out.record("order", "ShareSplit", split)
        before = self._portfolio.positions
        self._portfolio.book_split(split)
        for strategy, instrument, quantity in before:
            if instrument == instrument_id:
                now = self._portfolio.ledger.position(strategy, instrument)
                text = (
                    f"{instrument} was split, {split.numerator} new for {split.denominator} old: "
                    f"the {quantity:+d} of {strategy} are {now:+d}, at the same cost"
                )
                self._voice.say(Severity.WARNING, text)

    def _latest_price(self, instrument_id: InstrumentId) -> Decimal | None:
        quote = self._state.quote(instrument_id)
        if quote is not None and quote.last is not None:
            return Decimal(repr(quote.last))
        return self._portfolio.mark_of(instrument_id)

    def adjust(self, adjustment: Adjustment, *, cause: int) -> None:
        """Book the broker's position where no fill of ours explains it, at the current mark."""
        is_answered = DIFFERENCES[adjustment.difference].response is Response.ADOPT
        self._voice.say(Severity.WARNING if is_answered else Severity.ERROR, adjustment.sentence)
        instrument_id, quantity = adjustment.instrument_id, adjustment.quantity
        quote = self._state.quote(instrument_id)
        price = self._portfolio.mark_of(instrument_id) or Decimal(0)
        if quote is not None and quote.mark is not None:
            price = quote.mark
        fill = Fill(
            execution_id=ExecutionId(f"adjusted.{self._state.time_ns}.{cause}.{instrument_id}.01"),
            order_ref=OrderRef(adjustment.strategy),
            instrument_id=instrument_id,
            side=Side.BUY if quantity > 0 else Side.SELL,
            quantity=abs(quantity),
            price=price,
            time_ns=self._state.time_ns,
        )
        self._out.record("order", "PositionAdjusted", fill)
        self._portfolio.book_commission(
            Commission(execution_id=fill.execution_id, amount=Decimal(0))
        )
        self._book(adjustment.strategy, "adjusted to the broker's position", fill)

    def _book(self, strategy: StrategyName, reason: str, fill: Fill) -> None:
        instrument = self._state.instrument_by_id(fill.instrument_id)
        if instrument is None:
            text = f"can't book {fill.execution_id}: {fill.instrument_id} is not resolved"
            self._voice.say(Severity.ERROR, text)
            return
        trips = self._portfolio.round_trips
        before = trips.count
        booked = self._portfolio.book_fill(strategy, fill, instrument.multiplier, reason=reason)
        if booked is None:
            return
        self.trades.appendleft(Trade(strategy, fill, reason))
        verb = "bought" if fill.side.sign > 0 else "sold"
        text = f"{verb} {fill.quantity} {fill.instrument_id} at {fill.price} ({strategy}: {reason})"
        self._voice.say(Severity.SUCCESS, text)
        if trips.count > before:
            trip = trips.finished[0]
            if self._out.is_recording:
                self._out.record("order", "RoundTripFinished", trip.view())
            severity = Severity.SUCCESS if trip.gross > 0 else Severity.WARNING
            text = f"{strategy} finished a round trip: {trip.gross:+,.2f} USD before commissions"
            self._voice.say(severity, text)

    # -- after a restart ----------------------------------------------------------------------

    def restore_instrument(self, instrument: Instrument) -> None:
        """Know a contract of an earlier run again."""
        self._state.instruments.setdefault(instrument.instrument_id, instrument)

    def restore_prefix(self, order_ref_prefix: str) -> None:
        """Know what the orders of an earlier run are called."""
        self._names.add_start(order_ref_prefix)

    def restore_order(self, order: Order) -> None:
        """Know an order of an earlier run again."""
        self._names.note(order.order_ref)
        self._owners.add(order)

    def restore_fill(self, fill: Fill) -> None:
        """Book a fill of an earlier run, if it was ours."""
        owner = self._owner(fill)
        instrument = self._state.instrument_by_id(fill.instrument_id)
        if owner is not None and instrument is not None:
            self._owners.note(owner, fill)
            self._portfolio.book_fill(
                owner.strategy, fill, instrument.multiplier, reason=owner.reason
            )

    def restore_adjustment(self, fill: Fill) -> None:
        """Book an adjustment of an earlier run; its order reference is the strategy's name."""
        instrument = self._state.instrument_by_id(fill.instrument_id)
        if instrument is not None:
            strategy = StrategyName(fill.order_ref)
            self._portfolio.book_fill(strategy, fill, instrument.multiplier, reason="adjusted")


def _decimal(share: Fraction) -> Decimal:
    return Decimal(share.numerator) / share.denominator
