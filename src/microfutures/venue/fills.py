"""Executions: what was traded becomes an event with an id, and positions and cash of an account."""

from collections.abc import Mapping
from decimal import Decimal

from microfutures.model.fees import order_commission
from microfutures.model.identifiers import ExecutionId
from microfutures.model.orders import Side
from microfutures.venue.account import Account
from microfutures.venue.book import Book
from microfutures.venue.combos import Part
from microfutures.venue.matching import Fill
from microfutures.venue.messages import LegFilled, OrderFilled
from microfutures.venue.order_state import LegState, OrderState

ZERO = Decimal(0)


class Fills:
    """Books executions; every one has an id that no other start of the venue gives."""

    def __init__(self, accounts: Mapping[str, Account], prefix: int) -> None:
        self._accounts = accounts
        self._prefix = prefix
        self._count = 0

    def plain(
        self, state: OrderState, book: Book, ticks: int, quantity: int, now_ns: int
    ) -> OrderFilled:
        """Book an execution of an order for one contract."""
        order, instrument, price = state.order, state.instrument, book.price(ticks)
        state.filled += quantity
        state.filled_value += price * quantity
        total = order_commission(instrument.symbol, state.filled, abs(state.filled_value))
        commission = max(total - state.charged, ZERO)
        state.charged += commission
        realized = self._accounts[order.account].trade(
            instrument, order.side.sign * quantity, price, commission
        )
        self._count += 1
        return self._filled(state, quantity, price, now_ns, commission, realized)

    def combo(
        self,
        state: OrderState,
        units: int,
        price: Decimal,
        fills: list[tuple[int, Part, list[Fill]]],
        now_ns: int,
    ) -> OrderFilled:
        """Book whole units of a combo, and what their legs traded: their numbers and fills."""
        state.filled += units
        state.filled_value += price * units
        self._count += 1
        legs = self._legs(state, fills, now_ns)
        commission = sum((leg.commission for leg in legs), ZERO)
        realized = [leg.realized for leg in legs if leg.realized is not None]
        profit = sum(realized, ZERO) if realized else None
        return self._filled(state, units, price, now_ns, commission, profit, legs)

    def first_leg(
        self, state: OrderState, part: Part, fills: list[Fill], now_ns: int
    ) -> tuple[LegFilled, ...]:
        """Book what the first leg of a combo traded before the others could."""
        self._count += 1
        return self._legs(state, [(0, part, fills)], now_ns)

    def _legs(
        self, state: OrderState, fills: list[tuple[int, Part, list[Fill]]], now_ns: int
    ) -> tuple[LegFilled, ...]:
        told: list[LegFilled] = []
        for number, part, of_part in fills:
            for ticks, quantity in of_part:
                suffix = len(told) + 2  # the combo's own execution is the first of its number
                leg, price = state.legs[number], part.book.price(ticks)
                side = part.side(state.order.side)
                told.append(self._leg(state, leg, side, quantity, price, now_ns, suffix))
        return tuple(told)

    def _leg(
        self,
        state: OrderState,
        leg: LegState,
        side: Side,
        quantity: int,
        price: Decimal,
        now_ns: int,
        suffix: int,
    ) -> LegFilled:
        instrument = leg.instrument
        leg.filled += quantity
        leg.filled_value += price * quantity
        total = order_commission(instrument.symbol, leg.filled, abs(leg.filled_value))
        commission = max(total - leg.charged, ZERO)
        leg.charged += commission
        account = self._accounts[state.order.account]
        return LegFilled(
            order_id=state.order.order_id,
            time_ns=now_ns,
            execution_id=self._id(suffix),
            instrument_id=instrument.instrument_id,
            side=side,
            quantity=quantity,
            price=price,
            cumulative=leg.filled,
            average_price=leg.filled_value / leg.filled,
            commission=commission,
            realized=account.trade(instrument, side.sign * quantity, price, commission),
        )

    def _filled(
        self,
        state: OrderState,
        quantity: int,
        price: Decimal,
        now_ns: int,
        commission: Decimal,
        realized: Decimal | None,
        legs: tuple[LegFilled, ...] = (),
    ) -> OrderFilled:
        order = state.order
        return OrderFilled(
            order_id=order.order_id,
            time_ns=now_ns,
            execution_id=self._id(1),
            instrument_id=order.instrument_id,
            side=order.side,
            quantity=quantity,
            price=price,
            cumulative=state.filled,
            remaining=state.remaining,
            average_price=state.average_price,
            commission=commission,
            realized=realized,
            legs=legs,
        )

    def _id(self, suffix: int) -> ExecutionId:
        return ExecutionId(f"{self._prefix:08x}.{self._count:08x}.{suffix:02d}.01")
