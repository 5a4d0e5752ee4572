"""What the risk gate gets to see of the desk when an order is checked."""

from decimal import Decimal

from microfutures.engine.state import DeskState
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.model.identifiers import IntentId, OrderRef, StrategyName
from microfutures.model.intents import Intent
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.risk.context import RiskContext


class RiskView:
    """Makes the `RiskContext` of an order from the state and the live orders."""

    def __init__(self, state: DeskState, orders: OrderLedger) -> None:
        self._state = state
        self._orders = orders

    def context(self, order: Order, day_start_net: Decimal) -> RiskContext:
        """Return what `order` is judged by; the order itself is left out."""
        state, name = self._state, order.instrument_id
        live = [each for each in self._orders.live if each.order.order_ref != order.order_ref]
        here = [each for each in live if each.order.instrument_id == name]
        return RiskContext(
            now_ns=state.time_ns,
            connection=state.connection,
            is_paused=state.is_paused,
            pause_reason=state.pause_reason,
            kill_reason=state.kill_reason,
            instrument=state.instrument_by_id(name),
            quote=state.quote(name),
            position=state.portfolio.ledger.total_position(name),
            working=_signed(here),
            strategy_position=state.position(order.strategy, name),
            strategy_working=_signed(
                [each for each in here if each.order.strategy == order.strategy]
            ),
            strategy_notional=self._worth(order.strategy, live),
            open_orders=len(live),
            day_net=state.portfolio.performance().net - day_start_net,
            capital=state.portfolio.initial_capital,
            drawdown_percent=state.portfolio.drawdown_percent,
        )

    def trial(self, intent: Intent, day_start_net: Decimal) -> list[tuple[Order, RiskContext]]:
        """Return the legs of an entry as orders nobody sends, each with its context."""
        orders = [
            Order(
                order_ref=OrderRef(f"trial-{leg.instrument_id}"),
                intent_id=IntentId(intent.intent_id),
                strategy=intent.strategy,
                instrument_id=leg.instrument_id,
                side=Side.BUY if leg.quantity > 0 else Side.SELL,
                quantity=abs(leg.quantity),
                order_type=OrderType.MARKET,
                purpose=OrderPurpose.ENTRY,
            )
            for leg in intent.legs
            if leg.quantity
        ]
        return [(order, self.context(order, day_start_net)) for order in orders]

    def notional(self, strategy: StrategyName) -> float:
        """Return the gross worth of what `strategy` holds and has working, USD."""
        return self._worth(strategy, list(self._orders.live))

    def _worth(self, strategy: StrategyName, live: list[OrderRecord]) -> float:
        state, total = self._state, 0.0
        for (owner, name), account in state.portfolio.ledger.accounts.items():
            mark = state.portfolio.mark_of(name)
            if owner == strategy and mark is not None:
                total += abs(float(mark * account.quantity * account.multiplier))
        for record in live:
            instrument = state.instrument_by_id(record.order.instrument_id)
            quote = state.quote(record.order.instrument_id)
            if record.order.strategy != strategy or instrument is None or quote is None:
                continue
            total += abs(quote.mid or 0.0) * float(instrument.multiplier) * record.remaining
        return total


def _signed(records: list[OrderRecord]) -> int:
    return sum(each.remaining * each.order.side.sign for each in records)
