"""What a journal says of each round trip besides its result: legs, notional, how far it swung.

Follows fills and quotes like the desk did, with floats: this is for the eye, the ledger's money
stays the ledger's.
"""

import msgspec

from microfutures.analytics.trades import Trade
from microfutures.model.events import CommissionReceived, FillReceived, InstrumentResolved
from microfutures.model.fills import Fill, execution_stem
from microfutures.model.identifiers import InstrumentId, OrderRef, StrategyName
from microfutures.model.market import Quote
from microfutures.model.snapshot import RoundTripView


class OrderOwner(msgspec.Struct, frozen=True):
    """The part of an approved order that tells whose it was."""

    order_ref: OrderRef
    strategy: StrategyName


class _Trip(msgspec.Struct):
    """One strategy's way from flat to flat, as far as it has come."""

    first: InstrumentId
    opened_ns: int
    """When we heard of its first fill: an execution's own time is cut to whole seconds."""
    closed_ns: int
    cash: float = 0.0
    notional: float = 0.0
    commissions: float = 0.0
    worst: float = 0.0
    best: float = 0.0
    positions: dict[InstrumentId, int] = {}
    view: RoundTripView | None = None
    """Once it is finished."""


class TripFollower:
    """Turns finished round trips into trades with their swings."""

    def __init__(self) -> None:
        self.slippage = 0.0
        """Paid against the middle of the book at each fill, USD."""
        self._mids: dict[InstrumentId, float] = {}
        self._multipliers: dict[InstrumentId, float] = {}
        self._owners: dict[OrderRef, StrategyName] = {}
        self._open: dict[StrategyName, _Trip] = {}
        self._finished: list[_Trip] = []
        self._fills: dict[str, tuple[_Trip, Fill]] = {}
        """By the part of an execution's id that a correction keeps."""
        self._commissions: dict[str, float] = {}

    @property
    def fills(self) -> int:
        """Return how many fills there were, repeats and corrections not counted."""
        return len(self._fills)

    @property
    def is_flat(self) -> bool:
        """Tell whether every trip is finished."""
        return not self._open

    @property
    def trades(self) -> list[Trade]:
        """Return the finished round trips, commissions that came late included."""
        for stem, (trip, _) in self._fills.items():
            trip.commissions += self._commissions.pop(stem, 0.0)
        return [_trade(trip, trip.view) for trip in self._finished if trip.view is not None]

    def on_instrument(self, event: InstrumentResolved) -> None:
        """Learn what one point of a contract is worth."""
        instrument = event.instrument
        self._multipliers[instrument.instrument_id] = float(instrument.multiplier)

    def on_order(self, owner: OrderOwner) -> None:
        """Learn whose an order is."""
        self._owners[owner.order_ref] = owner.strategy

    def on_quote(self, quote: Quote) -> None:
        """Take a price; every trip that holds the contract swings with it."""
        if quote.mid is None:
            return
        self._mids[quote.instrument_id] = quote.mid
        for trip in self._open.values():
            if trip.positions.get(quote.instrument_id):
                self._swing(trip)

    def on_fill(self, event: FillReceived) -> None:
        """Take a fill of an order of ours; brokers repeat and correct them."""
        fill = event.fill
        stem = execution_stem(fill.execution_id)
        earlier = self._fills.get(stem)
        if earlier is not None:
            trip, replaced = earlier
            self._book(trip, replaced, -1)
        else:
            strategy = self._owners.get(fill.order_ref)
            if strategy is None:
                return
            new = _Trip(fill.instrument_id, event.time_ns, event.time_ns)
            trip = self._open.setdefault(strategy, new)
            trip.closed_ns = event.time_ns
        self._book(trip, fill, 1)
        self._fills[stem] = (trip, fill)

    def on_commission(self, event: CommissionReceived) -> None:
        """Take what a fill cost; the last word counts."""
        commission = event.commission
        self._commissions[execution_stem(commission.execution_id)] = float(commission.amount)

    def on_trip(self, view: RoundTripView) -> None:
        """Take a finished round trip."""
        trip = self._open.pop(view.strategy, None) or _Trip(
            InstrumentId("unknown"), view.opened_ns, max(view.opened_ns, view.closed_ns)
        )
        trip.view = view
        self._finished.append(trip)

    def _book(self, trip: _Trip, fill: Fill, times: int) -> None:
        multiplier = self._multipliers.get(fill.instrument_id, 1.0)
        signed = fill.signed_quantity * times
        value = float(fill.price) * multiplier
        trip.positions[fill.instrument_id] = trip.positions.get(fill.instrument_id, 0) + signed
        trip.cash -= signed * value
        trip.notional += abs(fill.quantity * value) * times
        middle = self._mids.get(fill.instrument_id)
        if middle is not None:
            self.slippage += signed * (float(fill.price) - middle) * multiplier

    def _swing(self, trip: _Trip) -> None:
        result = trip.cash
        for name, quantity in trip.positions.items():
            if quantity:
                middle = self._mids.get(name)
                if middle is None:
                    return
                result += quantity * middle * self._multipliers.get(name, 1.0)
        trip.worst, trip.best = min(trip.worst, result), max(trip.best, result)


def _trade(trip: _Trip, view: RoundTripView) -> Trade:
    return Trade(
        strategy=view.strategy,
        instrument=trip.first,
        opened_ns=trip.opened_ns,
        closed_ns=trip.closed_ns,
        direction=view.direction,
        units=view.units,
        gross=float(view.gross),
        # The journal writes a trip down when it ends; its last commissions come a moment later.
        costs=trip.commissions or float(view.commissions),
        notional=trip.notional,
        worst=trip.worst,
        best=trip.best,
        reason=view.exit_reason,
    )
