"""Cash and positions of one account, exact in Decimal.

Stocks move cash by their full value. Futures move it when they are settled at the end of a session
and when they are closed; in between their profit is the variation, marked to the market. Like at
IB, the average cost and every profit figure hold the commissions and know nothing of settlements,
so that at any moment::

    net liquidation = initial cash + realized + unrealized
                    = cash + value of stocks + variation of futures that is not settled
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from microfutures.model.identifiers import InstrumentId
from microfutures.model.instrument import Instrument, SecurityType

ZERO = Decimal(0)
# A part of a cost that doesn't end in decimals is cut here; the rest keeps the difference, so
# nothing is lost.
COST_UNIT = Decimal("0.00000001")

Marks = Callable[[InstrumentId], Decimal | None]
"""The price at which a position is valued; None before there is one."""


class Position:
    """A signed holding with its cost; ``cost`` is signed, holds the multiplier, not commissions."""

    __slots__ = ("cost", "fees", "instrument", "quantity", "realized", "settled")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.quantity = 0
        self.cost = ZERO
        self.fees = ZERO
        """Commissions paid for what is still held."""
        self.settled = ZERO
        """Variation of what is still held that cash holds already."""
        self.realized = ZERO
        """Closed profit, net of the commissions of both ends, and dividends."""

    @property
    def is_future(self) -> bool:
        """Tell whether its value stays outside of cash."""
        return self.instrument.security_type is SecurityType.FUTURE

    @property
    def average_cost(self) -> Decimal:
        """Return the cost of one contract, multiplier and commissions included, like IB's."""
        if not self.quantity:
            return ZERO
        return (self.cost + self.fees) / self.quantity

    def value(self, mark: Decimal | None) -> Decimal:
        """Return the signed market value; at cost before there is a price."""
        if mark is None:
            return self.cost
        return self.instrument.value(mark, self.quantity)

    def unrealized(self, mark: Decimal | None) -> Decimal:
        """Return the open profit, net of the commissions paid to open."""
        return self.value(mark) - self.cost - self.fees

    def close(self, quantity: int) -> tuple[Decimal, Decimal, Decimal]:
        """Take `quantity` (unsigned) out; return the cost, fees and variation that it carried."""
        held = abs(self.quantity)
        cost, fees = _share(self.cost, quantity, held), _share(self.fees, quantity, held)
        settled = _share(self.settled, quantity, held)
        self.cost -= cost
        self.fees -= fees
        self.settled -= settled
        self.quantity -= quantity if self.quantity > 0 else -quantity
        return cost, fees, settled


class Account:
    """One customer's account."""

    def __init__(self, name: str, initial_cash: Decimal) -> None:
        self.name = name
        self.initial_cash = initial_cash
        self.cash = initial_cash
        self.commissions = ZERO
        self._positions: dict[InstrumentId, Position] = {}

    def positions(self) -> Iterator[Position]:
        """Yield every position, flat ones with a realized profit included."""
        yield from self._positions.values()

    def quantities(self) -> dict[InstrumentId, int]:
        """Return every signed position, those that are flat by now included."""
        return {name: position.quantity for name, position in self._positions.items()}

    def quantity(self, instrument_id: InstrumentId) -> int:
        """Return the signed position."""
        position = self._positions.get(instrument_id)
        return 0 if position is None else position.quantity

    def restore(
        self,
        *,
        initial_cash: Decimal,
        cash: Decimal,
        commissions: Decimal,
        positions: Iterable[Position],
    ) -> None:
        """Let the account stand as it stood."""
        self.initial_cash, self.cash, self.commissions = initial_cash, cash, commissions
        self._positions = {each.instrument.instrument_id: each for each in positions}

    def trade(
        self, instrument: Instrument, signed_quantity: int, price: Decimal, commission: Decimal
    ) -> Decimal | None:
        """Book an execution; return the profit it realized, net, or None when it closed nothing."""
        position = self._positions.get(instrument.instrument_id)
        if position is None:
            position = self._positions[instrument.instrument_id] = Position(instrument)
        self.commissions += commission
        self.cash -= commission
        if not position.is_future:
            self.cash -= instrument.value(price, signed_quantity)
        held, count = position.quantity, abs(signed_quantity)
        closing = min(count, abs(held)) if (held > 0) != (signed_quantity > 0) else 0
        closing_fee = _share(commission, closing, count)
        realized: Decimal | None = None
        if closing:
            realized = self._close(position, closing, price, closing_fee)
        opening = count - closing
        if opening:
            signed_opening = opening if signed_quantity > 0 else -opening
            position.quantity += signed_opening
            position.cost += instrument.value(price, signed_opening)
            position.fees += commission - closing_fee
        return realized

    def _close(self, position: Position, closing: int, price: Decimal, fee: Decimal) -> Decimal:
        signed = closing if position.quantity > 0 else -closing
        cost, opening_fees, settled = position.close(closing)
        gross = position.instrument.value(price, signed) - cost
        if position.is_future:
            self.cash += gross - settled
        net = gross - opening_fees - fee
        position.realized += net
        return net

    def pay_variation(self, instrument_id: InstrumentId, mark: Decimal) -> Decimal:
        """Settle a future at `mark`: its profit since the last time moves to cash; return it."""
        position = self._positions.get(instrument_id)
        if position is None or not position.quantity:
            return ZERO
        paid = position.value(mark) - position.cost - position.settled
        position.settled += paid
        self.cash += paid
        return paid

    def pay_dividend(self, instrument_id: InstrumentId, amount: Decimal) -> Decimal:
        """Pay `amount` USD a share of a holding, a short one pays it; return what moved."""
        position = self._positions.get(instrument_id)
        if position is None or not position.quantity:
            return ZERO
        paid = amount * position.quantity
        position.realized += paid
        self.cash += paid
        return paid

    def split(
        self, instrument_id: InstrumentId, numerator: int, denominator: int, price: Decimal | None
    ) -> None:
        """Restate a holding of shares; a fraction of a share is paid out at the new `price`."""
        position = self._positions.get(instrument_id)
        if position is None or not position.quantity:
            return
        exact = Fraction(abs(position.quantity) * numerator, denominator)
        whole = int(exact)
        sign = 1 if position.quantity > 0 else -1
        rest = exact - whole
        if rest:
            # The holding is whole + rest new shares: rest leaves with its part of the cost.
            cost = _part(position.cost, rest / exact)
            fees = _part(position.fees, rest / exact)
            paid = cost if price is None else _part(price, rest) * sign
            position.cost -= cost
            position.fees -= fees
            self.cash += paid
            position.realized += paid - cost - fees
        position.quantity = whole * sign

    def net_liquidation(self, marks: Marks) -> Decimal:
        """Return what the account would be worth, closed at the marks."""
        total = self.cash
        for position in self._positions.values():
            if position.quantity:
                value = position.value(marks(position.instrument.instrument_id))
                if position.is_future:
                    value -= position.cost + position.settled
                total += value
        return total


def _share(amount: Decimal, part: int, whole: int) -> Decimal:
    if part == whole:
        return amount
    return (amount * part / whole).quantize(COST_UNIT)


def _part(amount: Decimal, share: Fraction) -> Decimal:
    return (amount * share.numerator / share.denominator).quantize(COST_UNIT)
