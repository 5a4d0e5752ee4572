"""What the risk gate gets to see of the desk when an order is checked."""

from decimal import Decimal
from typing import NamedTuple

from microfutures.engine.state import DeskState
from microfutures.execution.order_ledger import OrderLedger, OrderRecord
from microfutures.model.families import family_of
from microfutures.model.identifiers import IntentId, OrderRef, StrategyName
from microfutures.model.intents import Intent
from microfutures.model.orders import Order, OrderPurpose, OrderType, Side
from microfutures.risk.context import RiskContext
from microfutures.risk.rule import OPENINGS

ZERO = Decimal(0)


class Holding(NamedTuple):
    """What one position, or one live order, is worth."""

    strategy: StrategyName
    family: str
    worth: float
    """USD, signed."""


class RiskView:
    """Makes the `RiskContext` of an order from the state and the live orders."""

    def __init__(self, state: DeskState, orders: OrderLedger) -> None:
        self._state = state
        self._orders = orders

    def context(self, order: Order, day_start_net: Decimal) -> RiskContext:
        """Return what `order` is judged by; the order itself is left out.

        For an order that only closes, what all strategies hold together, family, exposures, day's
        loss and drawdown are left empty.
        """
        state, name = self._state, order.instrument_id
        own, unsettled = order.order_ref, self._orders.unsettled
        # Mostly the order is the only one.
        is_alone = not unsettled or (len(unsettled) == 1 and own in unsettled)
        live = [] if is_alone else [each for ref, each in unsettled.items() if ref != own]
        here = [each for each in live if each.order.instrument_id == name] if live else live
        instrument = state.instruments.get(name)
        # What only closes is held to no exposure and no loss, and is in a hurry.
        opens = order.purpose in OPENINGS
        family = family_of(instrument.symbol) if opens and instrument is not None else ""
        strategy_notional = family_gross = family_net = 0.0
        for owner, held_family, worth in self._holdings(live) if opens else ():
            if owner == order.strategy:
                strategy_notional += abs(worth)
            if held_family == family:
                family_gross += abs(worth)
                family_net += worth
        portfolio = state.portfolio
        return RiskContext(
            now_ns=state.time_ns,
            connection=state.connection,
            is_paused=bool(state.pause_reason),
            pause_reason=state.pause_reason,
            kill_reason=state.kill_reason,
            instrument=instrument,
            quote=state.quotes.get(name),
            position=portfolio.ledger.total_position(name) if opens else 0,
            working=_signed(here) if here else 0,
            strategy_position=state.position(order.strategy, name),
            strategy_working=_signed(
                [each for each in here if each.order.strategy == order.strategy]
            )
            if here
            else 0,
            strategy_notional=strategy_notional,
            family=family,
            family_gross=family_gross,
            family_net=family_net,
            unresolved=self.unresolved(live) if live else "",
            open_orders=len(live),
            day_net=portfolio.performance().net - day_start_net if opens else ZERO,
            capital=portfolio.initial_capital,
            drawdown_percent=portfolio.drawdown_percent if opens else 0.0,
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

    def unresolved(self, live: list[OrderRecord]) -> str:
        """Return the first order whose fate is unknown since the line was lost; empty for none."""
        lost_ns = self._state.line_lost_ns
        for each in live:
            if each.sent_ns < lost_ns and each.heard_ns < lost_ns:
                return each.order.order_ref
        return ""

    def notional(self, strategy: StrategyName) -> float:
        """Return the gross worth of what `strategy` holds and has working, USD."""
        held = self._holdings(list(self._orders.live))
        return sum(abs(each.worth) for each in held if each.strategy == strategy)

    def families(self) -> dict[str, tuple[float, float]]:
        """Return what all strategies hold of each family, USD: gross, and net."""
        held: dict[str, tuple[float, float]] = {}
        for each in self._holdings(list(self._orders.live)):
            gross, net = held.get(each.family, (0.0, 0.0))
            held[each.family] = gross + abs(each.worth), net + each.worth
        return held

    def _holdings(self, live: list[OrderRecord]) -> list[Holding]:
        """Return every position at its mark, and what live orders may still add at the middle."""
        state, holdings = self._state, []
        for (owner, name), account in state.portfolio.ledger.accounts.items():
            if not account.quantity:
                continue
            mark, instrument = state.portfolio.mark_of(name), state.instruments.get(name)
            if mark is not None and instrument is not None:
                worth = float(mark * account.quantity * account.multiplier)
                holdings.append(Holding(owner, family_of(instrument.symbol), worth))
        for record in live:
            order = record.order
            instrument, quote = (
                state.instrument_by_id(order.instrument_id),
                state.quote(order.instrument_id),
            )
            if instrument is not None and quote is not None:
                each = (quote.mid or 0.0) * float(instrument.multiplier) * order.side.sign
                family = family_of(instrument.symbol)
                holdings.append(Holding(order.strategy, family, each * record.remaining))
        return holdings


def _signed(records: list[OrderRecord]) -> int:
    return sum(each.remaining * each.order.side.sign for each in records)
