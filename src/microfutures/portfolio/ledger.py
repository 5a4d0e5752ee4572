"""The ledger: exact Decimal books of every fill and commission, by strategy and instrument.

Not here: capital and allocation (`portfolio.portfolio`), round trips (`portfolio.round_trips`).
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import msgspec

from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.fills import Commission, Fill, execution_stem
from microfutures.model.identifiers import ExecutionId, InstrumentId, StrategyName

ZERO = Decimal(0)

BASIS_QUANTUM = Decimal("1e-8")
"""A basis that is split is rounded to this, so that all sums stay exact in Decimal's 28 digits."""

KEPT_EARLY = 1_000
"""Commissions that came before their fill, or belong to nobody here: so many are remembered."""

Key = tuple[StrategyName, InstrumentId]


class Account(msgspec.Struct):
    """The book of one strategy in one instrument; money in USD.

    ``cash`` is the sum of what sales brought and purchases cost (price, quantity, multiplier), and
    ``cost`` the basis of what is still open, so that ``realized = cash + cost`` is exact whenever
    the position is flat, however often it was averaged before.
    """

    multiplier: Decimal
    quantity: int = 0
    cash: Decimal = ZERO
    cost: Decimal = ZERO
    commissions: Decimal = ZERO
    size: Decimal = ZERO
    """What a change of the price by 1 is worth: quantity times multiplier."""

    @property
    def realized(self) -> Decimal:
        """Return the P&L of what was closed, before commissions."""
        return self.cash + self.cost

    @property
    def average_price(self) -> Decimal:
        """Return the average price of the open position; 0 when flat."""
        return self.cost / (self.quantity * self.multiplier) if self.quantity else ZERO

    def unrealized(self, mark: Decimal) -> Decimal:
        """Return the P&L of what is open, were it closed at `mark`."""
        return mark * self.size - self.cost

    def trade(self, signed_quantity: int, price: Decimal) -> None:
        """Book one trade."""
        value = price * signed_quantity * self.multiplier
        self.cash -= value
        before, after = self.quantity, self.quantity + signed_quantity
        if before * signed_quantity >= 0:
            self.cost += value
        elif before * after > 0:
            self.cost = (self.cost * after / before).quantize(BASIS_QUANTUM)
        else:  # closed, or turned around: what is open now was opened at this price
            self.cost = price * after * self.multiplier
        self.quantity, self.size = after, after * self.multiplier

    def split(self, split: ShareSplit) -> Decimal:
        """Restate the position; return what the fraction of a share was paid out with."""
        whole, rest = split.apply(self.quantity)
        exact = whole + rest
        paid = _times(split.price, rest)
        self.cost = _times(self.cost, Fraction(whole) / exact)
        self.cash += paid
        self.quantity, self.size = whole, whole * self.multiplier
        return paid


def _times(amount: Decimal, share: Fraction) -> Decimal:
    return (amount * share.numerator / share.denominator).quantize(BASIS_QUANTUM)


class Booked(msgspec.Struct, frozen=True, gc=False):
    """What `Ledger.book` did with a fill."""

    strategy: StrategyName
    fill: Fill
    replaced: Fill | None


class Ledger:
    """Books of all strategies; every call is idempotent by execution id until it is forgotten."""

    def __init__(self) -> None:
        self.accounts: dict[Key, Account] = {}
        """All books; to be read only."""
        self._fills: dict[str, Booked] = {}
        self._commissions: dict[str, Decimal] = {}
        self._early: dict[str, Decimal] = {}

    def account(self, strategy: StrategyName, instrument_id: InstrumentId) -> Account | None:
        """Return the book of `strategy` in `instrument_id`, if it ever traded there."""
        return self.accounts.get((strategy, instrument_id))

    def position(self, strategy: StrategyName, instrument_id: InstrumentId) -> int:
        """Return the signed position of `strategy`."""
        account = self.account(strategy, instrument_id)
        return account.quantity if account else 0

    def total_position(self, instrument_id: InstrumentId) -> int:
        """Return the signed position of all strategies together."""
        total = 0
        for (_, instrument), account in self.accounts.items():
            if instrument == instrument_id:
                total += account.quantity
        return total

    def book(self, strategy: StrategyName, fill: Fill, multiplier: Decimal) -> Booked | None:
        """Book `fill` for `strategy`; None when it is known already.

        A correction (same id up to the last dot, other suffix) takes the earlier fill back first.
        """
        stem = execution_stem(fill.execution_id)
        earlier = self._fills.get(stem)
        if earlier is not None and earlier.fill.execution_id >= fill.execution_id:
            return None
        account = self._open(strategy, fill.instrument_id, multiplier)
        if earlier is not None:
            account.trade(-earlier.fill.signed_quantity, earlier.fill.price)
        account.trade(fill.signed_quantity, fill.price)
        booked = Booked(strategy, fill, earlier.fill if earlier else None)
        self._fills[stem] = booked
        if stem in self._early:
            self._commissions[stem] = self._early.pop(stem)
            account.commissions += self._commissions[stem]
        return booked

    def charge(self, commission: Commission) -> StrategyName | None:
        """Book `commission`; return whose it is, None when it is known or its fill is not yet."""
        stem = execution_stem(commission.execution_id)
        booked = self._fills.get(stem)
        if booked is None:
            self._early[stem] = commission.amount
            if len(self._early) > KEPT_EARLY:
                del self._early[next(iter(self._early))]
            return None
        before = self._commissions.get(stem)
        if before == commission.amount:
            return None
        self._commissions[stem] = commission.amount
        account = self.accounts[booked.strategy, booked.fill.instrument_id]
        account.commissions += commission.amount - (before or ZERO)
        return booked.strategy

    def split(self, split: ShareSplit) -> dict[StrategyName, Decimal]:
        """Restate every position in the split shares; return what fractions were paid out with."""
        return {
            strategy: account.split(split)
            for (strategy, instrument_id), account in self.accounts.items()
            if instrument_id == split.instrument_id and account.quantity
        }

    def average_price(self, instrument_id: InstrumentId) -> Decimal:
        """Return the average price of the position of all strategies together; 0 when flat."""
        held = [
            account
            for (_, instrument), account in self.accounts.items()
            if instrument == instrument_id and account.quantity
        ]
        value = sum((account.quantity * account.multiplier for account in held), ZERO)
        return sum((account.cost for account in held), ZERO) / value if value else ZERO

    def commission_of(self, execution_id: ExecutionId) -> Decimal | None:
        """Return what the broker charged for an execution; None before it said so."""
        stem = execution_stem(execution_id)
        return self._commissions.get(stem, self._early.get(stem))

    def forget(self, stems: Iterable[str]) -> None:
        """Forget single executions; the accounts stay. Told again, they would be booked again."""
        for stem in stems:
            self._fills.pop(stem, None)
            self._commissions.pop(stem, None)

    def _open(
        self, strategy: StrategyName, instrument_id: InstrumentId, multiplier: Decimal
    ) -> Account:
        account = self.accounts.get((strategy, instrument_id))
        if account is None:
            account = self.accounts[strategy, instrument_id] = Account(multiplier)
        return account
