"""The engine's broker in a backtest: orders to the venue, its answers back, each after a delay."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from itertools import count

from microfutures.backtest.agenda import Agenda
from microfutures.backtest.contracts import Past
from microfutures.backtest.record import Record, SentOrder
from microfutures.model.approval import Approved
from microfutures.model.events import (
    AccountReported,
    BrokerOrder,
    BrokerPosition,
    BrokerStateReported,
    CommissionReceived,
    EngineEvent,
    FillReceived,
    HistoryLoaded,
    MarginPreviewed,
    OrderUpdated,
)
from microfutures.model.fills import Commission, Fill
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef
from microfutures.model.intents import TargetLeg
from microfutures.model.orders import Order, OrderStatus, OrderType, Side
from microfutures.model.timestamp import seconds
from microfutures.venue.messages import (
    AccountMoved,
    MarginImpact,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderReleased,
    VenueEvent,
    VenueOrder,
)
from microfutures.venue.venue import Venue

ACCOUNT = "DU1000001"
ZERO = Decimal(0)


class VenueBroker:
    """Satisfies `ports.broker.Broker` with a venue in the same process.

    A message takes `latency_seconds` each way. Market data takes none: the tape's times are those
    of its arrival.
    """

    def __init__(
        self,
        *,
        venue: Venue,
        past: Past,
        agenda: Agenda,
        record: Record,
        latency_seconds: float,
        warm_up: tuple[int, int],
        emit: Callable[[EngineEvent], None],
    ) -> None:
        self._venue = venue
        self._past = past
        self._agenda = agenda
        self._record = record
        self._delay_ns = seconds(latency_seconds)
        self._warm_up = warm_up
        self._emit = emit
        self._numbers = count(1)
        self._orders: dict[int, Order] = {}
        self._ids: dict[OrderRef, int] = {}
        self._filled: dict[int, int] = {}
        self.has_news = True
        """Whether positions changed otherwise than by executions since the state was told."""

    # -- out ----------------------------------------------------------------------------------

    def submit(self, approved: Approved) -> None:
        """Send an order on its way."""
        order, number = approved.order, next(self._numbers)
        self._orders[number], self._ids[order.order_ref] = order, number
        self._record.orders.append(SentOrder(self._agenda.time_ns, order))
        venue_order = self._venue_order(number, order)
        self._on_arrival(lambda: self._venue.submit(venue_order))

    def rehearse(self, order: Order) -> None:
        """Do nothing: here no order waits for code."""

    def cancel(self, order_ref: OrderRef) -> None:
        """Send a cancel on its way."""
        number = self._ids[order_ref]
        self._on_arrival(lambda: self._venue.cancel(number))

    def preview(self, intent_id: IntentId, trades: Sequence[TargetLeg]) -> None:
        """Ask the venue for the margin of each trade."""
        # What the account is worth moves with the market: it is told when it is needed.
        self._agenda.after(2 * self._delay_ns, self.tell_account)
        for trade in trades:
            self._agenda.after(2 * self._delay_ns, partial(self._preview, intent_id, trade))

    def request_state(self, *, with_completed: bool) -> None:
        """Have positions and open orders told, unless all that could be told is known.

        Here no execution is ever lost: only what splits and expiries did is news, and an order
        that works.
        """
        if self.has_news or self._venue.working_orders(ACCOUNT):
            self._agenda.after(2 * self._delay_ns, self.tell_state)

    def request_history(self, instrument_id: InstrumentId) -> None:
        """Have the warm-up bars told."""
        self._agenda.after(2 * self._delay_ns, partial(self.tell_history, instrument_id))

    # -- in -----------------------------------------------------------------------------------

    def publish(self, events: Iterable[VenueEvent]) -> None:
        """Send what the venue says of orders on its way back; quotes are not its matter."""
        told = list(events)
        for event in told:
            match event:
                case OrderAccepted(number, _) | OrderReleased(number, _):
                    self._answer_working(number, told[-1])
                case OrderCancelled(number, _, reason):
                    self._answer(number, OrderStatus.CANCELLED, reason)
                case OrderRejected(number, _, code, message, is_request_only):
                    if not is_request_only:
                        self._answer(number, OrderStatus.REJECTED, f"[{code}] {message}")
                case OrderFilled():
                    self._answer_fill(event)
                case AccountMoved(_, _, changed) if changed:
                    self.has_news = True

    def tell_account(self) -> None:
        """Report the account's values."""
        state = self._venue.account(ACCOUNT)
        self._emit(
            AccountReported(
                time_ns=self._agenda.time_ns,
                account=ACCOUNT,
                net_liquidation=state.net_liquidation,
                cash=state.cash,
                available_funds=state.available_funds,
                initial_margin=state.initial_margin,
                maintenance_margin=state.maintenance_margin,
            )
        )

    def tell_state(self) -> None:
        """Report the account's values, then positions and open orders."""
        self.tell_account()
        positions = tuple(
            BrokerPosition(
                instrument_id=each.instrument_id,
                quantity=each.quantity,
                average_cost=each.average_cost,
            )
            for each in self._venue.account(ACCOUNT).positions
            if each.quantity
        )
        working = tuple(
            BrokerOrder(
                order_ref=self._orders[order.order_id].order_ref,
                instrument_id=order.instrument_id,
                status=OrderStatus.WORKING,
                filled=filled,
                remaining=order.quantity - filled,
                permanent_id=order.order_id,
            )
            for order, filled, _ in self._venue.working_orders(ACCOUNT)
        )
        now_ns, self.has_news = self._agenda.time_ns, False
        self._emit(BrokerStateReported(time_ns=now_ns, positions=positions, open_orders=working))

    def tell_history(self, instrument_id: InstrumentId) -> None:
        """Report the bars that had ended by now."""
        now_ns = self._agenda.time_ns
        length, wanted = self._warm_up
        bars = self._past(instrument_id, now_ns, length, wanted + 1)
        ended = [bar for bar in bars if bar.start_ns + seconds(bar.seconds) <= now_ns]
        self._emit(
            HistoryLoaded(time_ns=now_ns, instrument_id=instrument_id, bars=tuple(ended[-wanted:]))
        )

    def _venue_order(self, number: int, order: Order) -> VenueOrder:
        instrument = self._venue.instrument(order.instrument_id)
        limit, stop = order.limit_ticks, order.stop_ticks
        return VenueOrder(
            order_id=number,
            account=ACCOUNT,
            instrument_id=order.instrument_id,
            side=order.side,
            quantity=order.quantity,
            order_type=order.order_type,
            limit_price=None if limit is None else instrument.price(limit),
            stop_price=None if stop is None else instrument.price(stop),
            time_in_force=order.time_in_force,
            outside_regular_hours=order.outside_regular_hours,
        )

    def _preview(self, intent_id: IntentId, trade: TargetLeg) -> None:
        order = VenueOrder(
            order_id=next(self._numbers),
            account=ACCOUNT,
            instrument_id=trade.instrument_id,
            side=Side.BUY if trade.quantity > 0 else Side.SELL,
            quantity=abs(trade.quantity),
            order_type=OrderType.MARKET,
        )
        self._emit(_preview_event(self._venue.preview(order), intent_id, trade, self._agenda))

    def _on_arrival(self, act: Callable[[], Iterable[VenueEvent]]) -> None:
        self._agenda.after(self._delay_ns, lambda: self.publish(act()))

    def _answer(self, number: int, status: OrderStatus, reason: str = "") -> None:
        self._agenda.after(self._delay_ns, partial(self._tell_order, number, status, reason))

    def _tell_order(self, number: int, status: OrderStatus, reason: str) -> None:
        order, filled = self._orders[number], self._filled.get(number, 0)
        self._emit(
            OrderUpdated(
                time_ns=self._agenda.time_ns,
                order_ref=order.order_ref,
                status=status,
                filled=filled,
                remaining=order.quantity - filled,
                permanent_id=number,
                reason=reason,
            )
        )

    def _answer_working(self, number: int, last: VenueEvent) -> None:
        is_done = isinstance(last, OrderFilled) and last.order_id == number and not last.remaining
        # Of an order that is filled as it arrives, IB as well may tell nothing but that.
        if not is_done:
            self._answer(number, OrderStatus.WORKING)

    def _answer_fill(self, event: OrderFilled) -> None:
        self._agenda.after(self._delay_ns, partial(self._tell_fill, event))

    def _tell_fill(self, event: OrderFilled) -> None:
        order, now_ns = self._orders[event.order_id], self._agenda.time_ns
        self._filled[event.order_id] = event.cumulative
        fill = Fill(
            execution_id=event.execution_id,
            order_ref=order.order_ref,
            instrument_id=event.instrument_id,
            side=event.side,
            quantity=event.quantity,
            price=event.price,
            time_ns=event.time_ns,
        )
        cost = Commission(execution_id=event.execution_id, amount=event.commission)
        self._record.fills.append(fill)
        self._emit(FillReceived(time_ns=now_ns, fill=fill))
        self._emit(CommissionReceived(time_ns=now_ns, commission=cost))
        status = OrderStatus.WORKING if event.remaining else OrderStatus.FILLED
        self._tell_order(event.order_id, status, "")


def _preview_event(
    impact: MarginImpact | OrderRejected, intent_id: IntentId, trade: TargetLeg, agenda: Agenda
) -> MarginPreviewed:
    """Return what the venue said of the margin, a refusal as the preview's error."""
    if isinstance(impact, OrderRejected):
        return MarginPreviewed(
            time_ns=agenda.time_ns,
            intent_id=intent_id,
            instrument_id=trade.instrument_id,
            initial_margin_change=ZERO,
            maintenance_margin_change=ZERO,
            equity_with_loan=ZERO,
            error=f"[{impact.code}] {impact.message}",
        )
    return MarginPreviewed(
        time_ns=agenda.time_ns,
        intent_id=intent_id,
        instrument_id=trade.instrument_id,
        initial_margin_change=impact.initial_change,
        maintenance_margin_change=impact.maintenance_change,
        equity_with_loan=impact.equity_with_loan_after,
        commission=impact.commission,
    )
