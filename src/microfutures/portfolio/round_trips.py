"""Round trips: from flat to flat, of one strategy, net of commissions that may come late."""

from collections import deque
from collections.abc import Iterable
from copy import copy
from decimal import Decimal

import msgspec

from microfutures.model.corporate_actions import ShareSplit
from microfutures.model.fills import Commission, Fill, execution_stem
from microfutures.model.identifiers import InstrumentId, StrategyName
from microfutures.model.snapshot import RoundTripView

KEPT_ROUND_TRIPS = 200

KEPT_EARLY = 1_000
"""Commissions that came before their fill."""

ZERO = Decimal(0)


class RoundTrip(msgspec.Struct, gc=False):
    """One trip; ``gross`` is the sum of its cash flows and means P&L once it is closed.

    ``instrument_id`` is the leg that opened it (the less liquid one trades first); its largest
    position counts as the units.
    """

    strategy: StrategyName
    instrument_id: InstrumentId
    opened_ns: int
    direction: str
    units: int = 0
    closed_ns: int | None = None
    gross: Decimal = ZERO
    commissions: Decimal = ZERO
    exit_reason: str = ""

    @property
    def is_won(self) -> bool:
        """Tell whether it ended with more than it cost."""
        return self.closed_ns is not None and self.gross > self.commissions

    def view(self) -> RoundTripView:
        """Return the finished trip for the eyes."""
        return RoundTripView(
            opened_ns=self.opened_ns,
            closed_ns=self.closed_ns or self.opened_ns,
            strategy=self.strategy,
            direction=self.direction,
            units=self.units,
            gross=self.gross,
            commissions=self.commissions,
            net=self.gross - self.commissions,
            exit_reason=self.exit_reason,
        )


class Tally(msgspec.Struct):
    """What a strategy's finished round trips came to."""

    count: int = 0
    wins: int = 0


class RoundTripLog:
    """Follows each strategy's fills and keeps its finished round trips, newest first."""

    def __init__(self) -> None:
        self._open: dict[StrategyName, RoundTrip] = {}
        self._positions: dict[StrategyName, dict[InstrumentId, int]] = {}
        self._by_execution: dict[str, RoundTrip] = {}
        self._early: dict[str, Decimal] = {}
        self.finished: deque[RoundTrip] = deque(maxlen=KEPT_ROUND_TRIPS)
        self.count = 0
        self._tallies: dict[StrategyName, Tally] = {}

    def on_fill(
        self, strategy: StrategyName, fill: Fill, multiplier: Decimal, *, reason: str
    ) -> RoundTrip | None:
        """Book `fill`; return the round trip that it finished, if any."""
        positions = self._positions.setdefault(strategy, {})
        trip = self._open.get(strategy)
        if trip is None:
            direction = "long" if fill.signed_quantity > 0 else "short"
            trip = RoundTrip(strategy, fill.instrument_id, fill.time_ns, direction)
            self._open[strategy] = trip
        before = positions.get(fill.instrument_id, 0)
        positions[fill.instrument_id] = before + fill.signed_quantity
        trip.gross -= fill.price * fill.signed_quantity * multiplier
        trip.units = max(trip.units, abs(positions[trip.instrument_id]))
        stem = execution_stem(fill.execution_id)
        self._by_execution[stem] = trip
        trip.commissions += self._early.pop(stem, ZERO)
        if any(positions.values()):
            return None
        return self._finish(trip, fill.time_ns, reason)

    def on_split(self, strategy: StrategyName, split: ShareSplit, paid: Decimal) -> None:
        """Restate the open trip's position; `paid` is what its fraction of a share brought."""
        positions = self._positions.get(strategy, {})
        if positions.get(split.instrument_id):
            positions[split.instrument_id], _ = split.apply(positions[split.instrument_id])
            trip = self._open[strategy]
            trip.gross += paid
            if not any(positions.values()):
                self._finish(trip, split.time_ns, "paid out after a split")

    def on_commission(self, commission: Commission) -> None:
        """Book a commission to the trip of its execution, before or after the trip ended."""
        stem = execution_stem(commission.execution_id)
        trip = self._by_execution.get(stem)
        if trip is None:
            self._early[stem] = commission.amount
            if len(self._early) > KEPT_EARLY:
                del self._early[next(iter(self._early))]
            return
        was_won = trip.is_won
        trip.commissions += commission.amount
        if was_won and not trip.is_won:
            self._tallies[trip.strategy].wins -= 1

    def forget(self, stems: Iterable[str]) -> None:
        """Forget which trip single executions belong to; commissions of theirs are booked."""
        for stem in stems:
            self._by_execution.pop(stem, None)

    def open_trip(self, strategy: StrategyName) -> RoundTrip | None:
        """Return the trip that `strategy` is on; None when it is flat."""
        return self._open.get(strategy)

    def tally(self, strategy: StrategyName) -> Tally:
        """Return the number of finished trips of `strategy` and how many made money, net."""
        return copy(self._tallies.get(strategy, Tally()))

    def _finish(self, trip: RoundTrip, closed_ns: int, reason: str) -> RoundTrip:
        trip.closed_ns = closed_ns
        trip.exit_reason = reason
        del self._open[trip.strategy]
        self._positions[trip.strategy] = {}
        self.finished.appendleft(trip)
        tally = self._tallies.setdefault(trip.strategy, Tally())
        tally.count += 1
        tally.wins += trip.is_won
        self.count += 1
        return trip
