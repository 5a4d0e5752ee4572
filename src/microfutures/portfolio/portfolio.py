"""`Portfolio`: strategies, the capital each may use, and what they earned together."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import ROUND_DOWN, Decimal
from typing import Protocol

import msgspec

from microfutures.analytics.allocation import inverse_volatility
from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.errors import ConfigurationError, InvalidValueError
from microfutures.model.fills import Commission, Fill
from microfutures.model.identifiers import InstrumentId, StrategyName
from microfutures.portfolio.equity import EquityHistory
from microfutures.portfolio.ledger import ZERO, Booked, Ledger
from microfutures.portfolio.round_trips import RoundTripLog

CENT = Decimal("0.01")

Mark = Callable[[InstrumentId], Decimal | None]

Holding = tuple[StrategyName, InstrumentId, int]
"""Whose, of what, and how much, signed."""


class Allocatable(Protocol):
    """What the portfolio needs of a strategy."""

    name: StrategyName
    capital: Decimal


class Performance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """P&L in USD; ``net = realized + unrealized - commissions``."""

    realized: Decimal
    unrealized: Decimal
    commissions: Decimal

    @property
    def net(self) -> Decimal:
        """Return what is left after commissions."""
        return self.realized + self.unrealized - self.commissions


class Portfolio:
    """Capital distributed among strategies by percentage, and the books of what they did."""

    def __init__(self, initial_capital: Decimal | float | str = 2000) -> None:
        capital = Decimal(str(initial_capital))
        if not capital.is_finite() or capital <= 0:
            raise InvalidValueError(f"initial_capital must be > 0 USD, was {initial_capital}")
        self.initial_capital = capital
        self.ledger = Ledger()
        self.round_trips = RoundTripLog()
        self.equity = EquityHistory()
        self._strategies: dict[StrategyName, Allocatable] = {}
        self._allocations: dict[StrategyName, Decimal] = {}
        self._marks: dict[InstrumentId, Decimal] = {}
        self.peak_capital = capital
        """The most the capital was worth at a check, USD."""
        # Asked for many times a check: kept until something is booked, or marked anew.
        self._total: Performance | None = None
        self._booked: tuple[Decimal, Decimal] | None = None
        """Realized and commissions of all; marks change neither."""
        self._capital: Decimal | None = None
        self._drawdown: float | None = None
        self._open: tuple[Holding, ...] | None = ()
        self.version = 0
        """Counts what can have changed any value: asked twice with the same one, all is as it was.
        """
        self._peak_version = -1
        """At which the peak was compared with the capital."""

    @property
    def strategies(self) -> list[Allocatable]:
        """Return the strategies in the order they were added."""
        return list(self._strategies.values())

    @property
    def current_capital(self) -> Decimal:
        """Return the initial capital plus everything earned, open positions at the last mark."""
        if self._capital is None:
            self._capital = self.initial_capital + self.performance().net
        return self._capital

    def add_strategy(self, strategy: Allocatable, allocation_percent: float = 100) -> None:
        """Add `strategy` with its share of the capital.

        Raises
        ------
        ConfigurationError
            If the name is taken or the shares would exceed 100 percent.
        """
        if strategy.name in self._strategies:
            raise ConfigurationError(f"a strategy named {strategy.name!r} is already in there")
        share = Decimal(str(allocation_percent))
        total = sum(self._allocations.values(), ZERO) + share
        if share < 0 or total > 100:
            raise ConfigurationError(
                f"allocation {share}% for {strategy.name} makes {total}% in all; at most 100"
            )
        self.version += 1
        self._strategies[strategy.name] = strategy
        self._allocations[strategy.name] = share
        self.distribute_capital()

    def remove_strategy(self, name: StrategyName) -> None:
        """Remove a strategy; its books stay, its share becomes free."""
        if name not in self._strategies:
            known = ", ".join(self._strategies) or "none"
            raise ConfigurationError(f"no strategy named {name!r}; there are: {known}")
        del self._strategies[name], self._allocations[name]

    def allocation_percent(self, name: StrategyName) -> Decimal:
        """Return the share of `name`, percent."""
        return self._allocations[name]

    def distribute_capital(self) -> None:
        """Give each strategy its share of the current capital, in whole cents."""
        capital = self.current_capital
        for name, strategy in self._strategies.items():
            share = capital * self._allocations[name] / 100
            strategy.capital = max(share, ZERO).quantize(CENT, ROUND_DOWN)

    def optimize_allocation(self) -> dict[StrategyName, Decimal]:
        """Re-distribute the allocated percentage by inverse volatility of the strategies' P&L.

        Strategies whose history is too short (`EquityHistory.changes`) keep their share. Returns
        the new shares, percent.
        """
        changes = {name: self.equity.changes(name) for name in self._strategies}
        ready = {name: series for name, series in changes.items() if len(series) >= 2}
        pool = sum((self._allocations[name] for name in ready), ZERO)
        for name, weight in inverse_volatility(ready).items():
            self._allocations[name] = (pool * Decimal(str(weight))).quantize(CENT, ROUND_DOWN)
        self.distribute_capital()
        return dict(self._allocations)

    def book_fill(
        self, strategy: StrategyName, fill: Fill, multiplier: Decimal, *, reason: str = ""
    ) -> Booked | None:
        """Book `fill` for `strategy`; None when it is known already."""
        self._forget_value()
        self._open = self._booked = None
        booked = self.ledger.book(strategy, fill, multiplier)
        if booked is not None:
            self._marks.setdefault(fill.instrument_id, fill.price)
            if booked.replaced is None:
                self.round_trips.on_fill(strategy, fill, multiplier, reason=reason)
        return booked

    def book_commission(self, commission: Commission) -> None:
        """Book what an execution cost; idempotent."""
        self._forget_value()
        self._booked = None
        known = self.ledger.commission_of(commission.execution_id)
        self.ledger.charge(commission)
        if known is None:
            self.round_trips.on_commission(commission)

    def forget(self, stems: Collection[str]) -> None:
        """Forget single executions, by what their corrections share; all sums stay."""
        self.ledger.forget(stems)
        self.round_trips.forget(stems)

    def book_split(self, split: ShareSplit) -> None:
        """Restate all positions in the split shares, at their cost."""
        self._forget_value()
        self._open = self._booked = None
        for strategy, paid in self.ledger.split(split).items():
            self.round_trips.on_split(strategy, split, paid)
        self._marks[split.instrument_id] = split.price

    def mark(self, instrument_id: InstrumentId, price: Decimal) -> None:
        """Value open positions in `instrument_id` at `price` from now on."""
        if self._marks.get(instrument_id) != price:
            self._marks[instrument_id] = price
            self._forget_value()

    @contextmanager
    def valued_at(self, marks: Mapping[InstrumentId, Decimal]) -> Iterator[None]:
        """Value open positions at `marks` for whoever looks meanwhile; afterwards as before."""
        kept = self._marks, self._total, self._capital, self._drawdown, self.version
        self._marks = {**self._marks, **marks}
        self._forget_value()
        try:
            yield
        finally:
            self._marks, self._total, self._capital, self._drawdown, self.version = kept

    def _forget_value(self) -> None:
        self.version += 1
        self._total = self._capital = self._drawdown = None

    def mark_of(self, instrument_id: InstrumentId) -> Decimal | None:
        """Return the price at which positions are valued, if one is known."""
        return self._marks.get(instrument_id)

    def performance(self, strategies: Iterable[StrategyName] | None = None) -> Performance:
        """Return the P&L of `strategies`, of all that ever traded by default."""
        if strategies is not None:
            return self._measure(set(strategies))
        if self._total is None:
            if self._booked is None:
                whole = self._measure(None)
                self._booked = whole.realized, whole.commissions
            realized, commissions = self._booked
            unrealized = ZERO
            for (_, instrument_id), account in self.ledger.accounts.items():
                if account.quantity:
                    unrealized += account.unrealized(self._marks[instrument_id])
            self._total = Performance(
                realized=realized, unrealized=unrealized, commissions=commissions
            )
        return self._total

    def _measure(self, wanted: set[StrategyName] | None) -> Performance:
        realized = unrealized = commissions = ZERO
        for (strategy, instrument_id), account in self.ledger.accounts.items():
            if wanted is not None and strategy not in wanted:
                continue
            realized += account.realized
            commissions += account.commissions
            if account.quantity:
                unrealized += account.unrealized(self._marks[instrument_id])
        return Performance(realized=realized, unrealized=unrealized, commissions=commissions)

    def restore_peak(self, peak: Decimal) -> None:
        """Measure drawdowns from `peak`, USD."""
        self.peak_capital, self._drawdown = peak, None
        self.version += 1

    @property
    def drawdown_percent(self) -> float:
        """Return how far the current capital is below its peak; 0 above it."""
        if self._drawdown is None:
            below = self.peak_capital - self.current_capital
            self._drawdown = float(below / self.peak_capital * 100) if below > 0 else 0.0
        return self._drawdown

    def drawdown_percent_with(self, net: Decimal) -> float:
        """Return the drawdown were `net` all that was earned, USD."""
        below = self.peak_capital - self.initial_capital - net
        return float(below / self.peak_capital * 100) if below > 0 else 0.0

    def open_trip_net(self, strategy: StrategyName) -> Decimal | None:
        """Return what the open round trip earned, closed at the marks, USD; None when flat."""
        trip = self.round_trips.open_trip(strategy)
        if trip is None:
            return None
        value = ZERO
        for (owner, instrument_id), account in self.ledger.accounts.items():
            if account.quantity and owner == strategy:
                value += self._marks[instrument_id] * account.size
        return trip.gross + value - trip.commissions

    def record_equity(self, time_ns: int) -> None:
        """Add a point to the equity history and to the peak."""
        if self._peak_version != self.version:
            self._peak_version = self.version
            if self.current_capital > self.peak_capital:
                self.peak_capital, self._drawdown = self.current_capital, None
        if self.equity.is_due():
            nets = {name: float(self.performance([name]).net) for name in self._strategies}
            self.equity.record(time_ns, float(self.current_capital), nets)

    @property
    def positions(self) -> tuple[Holding, ...]:
        """Return strategy, instrument and signed quantity of everything that is not flat."""
        if self._open is None:
            self._open = tuple(
                [
                    (strategy, instrument_id, account.quantity)
                    for (strategy, instrument_id), account in self.ledger.accounts.items()
                    if account.quantity
                ]
            )
        return self._open
