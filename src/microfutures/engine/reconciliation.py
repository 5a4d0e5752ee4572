"""Our positions against the broker's: the broker is the truth, the user's own are not ours.

Every difference is classified by its direction. What shrinks a position of ours (a trade made by
hand in TWS, an expiry, a fill that was never reported) is taken into our books. What doesn't is
the user's own business: it is remembered as foreign and never touched.
"""

from collections.abc import Iterable, Sequence

import msgspec

from microfutures.model.events import BrokerPosition
from microfutures.model.identifiers import InstrumentId, StrategyName


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of our books that had no fill of ours."""

    strategy: StrategyName
    instrument_id: InstrumentId
    quantity: int
    sentence: str


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison came to."""

    adjustments: tuple[Adjustment, ...]
    foreign_changes: tuple[str, ...]


class Reconciler:
    """Remembers what isn't ours and compares the rest."""

    def __init__(self) -> None:
        self._foreign: dict[InstrumentId, int] = {}

    def foreign(self, instrument_id: InstrumentId) -> int:
        """Return the position in `instrument_id` that belongs to somebody else."""
        return self._foreign.get(instrument_id, 0)

    def compare(
        self,
        reported: Iterable[BrokerPosition],
        ours: Sequence[tuple[StrategyName, InstrumentId, int]],
    ) -> Findings:
        """Compare the broker's positions with `ours` (strategy, instrument, quantity)."""
        broker = {position.instrument_id: position.quantity for position in reported}
        known = set(broker) | {instrument for _, instrument, _ in ours} | set(self._foreign)
        adjustments: list[Adjustment] = []
        foreign_changes: list[str] = []
        for instrument_id in sorted(known):
            held = [(name, held) for name, instrument, held in ours if instrument == instrument_id]
            total = sum(quantity for _, quantity in held)
            difference = broker.get(instrument_id, 0) - total - self.foreign(instrument_id)
            for name, quantity in held:
                change = _shrink(quantity, difference)
                if change:
                    difference -= change
                    adjustments.append(_adjustment(name, instrument_id, quantity, change))
            if difference:
                self._foreign[instrument_id] = self.foreign(instrument_id) + difference
                foreign_changes.append(
                    f"{instrument_id}: {self._foreign[instrument_id]:+d} at the broker is not ours "
                    f"and is left alone"
                )
        return Findings(adjustments=tuple(adjustments), foreign_changes=tuple(foreign_changes))


def _shrink(quantity: int, difference: int) -> int:
    """Return the part of `difference` that brings `quantity` nearer to zero."""
    if quantity * difference >= 0:
        return 0
    return max(difference, -quantity) if quantity > 0 else min(difference, -quantity)


def _adjustment(
    strategy: StrategyName, instrument_id: InstrumentId, before: int, change: int
) -> Adjustment:
    return Adjustment(
        strategy=strategy,
        instrument_id=instrument_id,
        quantity=change,
        sentence=(
            f"{instrument_id}: our books had {before:+d} for {strategy}, the broker says "
            f"{before + change:+d} and no fill explains it; the broker's figure is taken"
        ),
    )
