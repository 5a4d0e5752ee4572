"""Our positions against the broker's: the broker is the truth, the user's own are not ours.

A split shows in quantity and average cost alike and is told apart first. Every other difference
is classified (`differences`): what shrinks a position of ours is taken into our books, by its cause
with or without a halt. What doesn't is the user's own business: it is remembered as foreign and
never touched.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec

from microfutures.engine.differences import Difference
from microfutures.model.events import BrokerPosition
from microfutures.model.identifiers import InstrumentId, StrategyName

MOST_OLD_SHARES = 100
NOTHING: Mapping[InstrumentId, int] = {}
_WORDS = {
    Difference.EXPIRY: "the contract has ended",
    Difference.MANUAL_TRADE: "somebody else traded it",
    Difference.UNEXPLAINED: "and nothing explains it",
}
COST_TOLERANCE = Fraction(1, 100)
"""The broker's average cost has commissions in it; ours has not."""


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of our books that had no fill of ours."""

    strategy: StrategyName
    instrument_id: InstrumentId
    quantity: int
    difference: Difference
    sentence: str


class Held(msgspec.Struct, frozen=True):
    """A position and its average cost a unit."""

    quantity: int
    average_cost: Decimal


class ForeignPositions(msgspec.Struct, frozen=True):
    """What the account holds that isn't ours, for the journal: the next start must know."""

    quantities: dict[InstrumentId, int]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison came to."""

    splits: tuple[tuple[InstrumentId, Fraction], ...]
    """New shares for an old one; to be booked before the adjustments."""
    adjustments: tuple[Adjustment, ...]
    foreign_changes: tuple[str, ...]


class Reconciler:
    """Remembers what isn't ours and compares the rest."""

    def __init__(self) -> None:
        self._foreign: dict[InstrumentId, int] = {}
        self._latest: dict[InstrumentId, Held] = {}

    @property
    def all_foreign(self) -> dict[InstrumentId, int]:
        """Return what belongs to somebody else, by instrument."""
        return {name: quantity for name, quantity in self._foreign.items() if quantity}

    def restore(self, foreign: Mapping[InstrumentId, int]) -> None:
        """Know from an earlier run what belongs to somebody else.

        Without it, the first comparison of a run would take what a person holds against our own
        position for a part of ours that was closed by hand.
        """
        self._foreign = dict(foreign)

    def foreign(self, instrument_id: InstrumentId) -> int:
        """Return the position in `instrument_id` that belongs to somebody else."""
        return self._foreign.get(instrument_id, 0)

    def compare(
        self,
        reported: Iterable[BrokerPosition],
        ours: Sequence[tuple[StrategyName, InstrumentId, int]],
        average_price: Callable[[InstrumentId], Decimal],
        *,
        traded: Mapping[InstrumentId, int] = NOTHING,
        is_expired: Callable[[InstrumentId], bool] = lambda _: False,
    ) -> Findings:
        """Compare the broker's positions with `ours` (strategy, instrument, quantity).

        `average_price` is what ours cost; it serves where the broker has said nothing before.
        `traded` is what others' executions came to since the last comparison, signed.
        """
        broker = {each.instrument_id: Held(each.quantity, each.average_cost) for each in reported}
        splits: list[tuple[InstrumentId, Fraction]] = []
        adjustments: list[Adjustment] = []
        foreign_changes: list[str] = []
        for instrument_id in sorted(
            set(broker) | {instrument for _, instrument, _ in ours} | set(self._foreign)
        ):
            there = broker.get(instrument_id, Held(0, Decimal(0)))
            held = [(name, held) for name, instrument, held in ours if instrument == instrument_id]
            expected = sum(quantity for _, quantity in held) + self.foreign(instrument_id)
            factor = self._split(instrument_id, expected, there, average_price)
            if factor is not None:
                splits.append((instrument_id, factor))
                held = [(name, int(quantity * factor)) for name, quantity in held]
                self._foreign[instrument_id] = int(self.foreign(instrument_id) * factor)
                expected = sum(quantity for _, quantity in held) + self.foreign(instrument_id)
            difference = there.quantity - expected
            others = traded.get(instrument_id, 0)
            for name, quantity in held:
                change = _shrink(quantity, difference)
                if not change:
                    continue
                difference -= change
                cause = _cause(change, others, is_over=is_expired(instrument_id))
                others -= change
                adjustments.append(_adjustment(name, instrument_id, quantity, change, cause))
            if difference:
                self._foreign[instrument_id] = self.foreign(instrument_id) + difference
                foreign_changes.append(
                    f"{instrument_id}: {self._foreign[instrument_id]:+d} at the broker is not ours "
                    f"and is left alone"
                )
        self._latest = broker
        return Findings(
            splits=tuple(splits),
            adjustments=tuple(adjustments),
            foreign_changes=tuple(foreign_changes),
        )

    def _split(
        self,
        instrument_id: InstrumentId,
        expected: int,
        there: Held,
        average_price: Callable[[InstrumentId], Decimal],
    ) -> Fraction | None:
        if there.quantity == expected:
            return None
        before = self._latest.get(instrument_id)
        if before is None or before.quantity != expected:
            before = Held(expected, average_price(instrument_id))
        return split_between(before, there)


def split_between(before: Held, after: Held) -> Fraction | None:
    """Return the new shares for an old one if a split explains the change, and only then.

    The broker restates quantity and average cost by the same factor, a small fraction; the part
    of a share that is left over is paid out.
    """
    if before.quantity * after.quantity <= 0 or before.quantity == after.quantity:
        return None
    if before.average_cost <= 0 or after.average_cost <= 0:
        return None
    factor = _simplest(Fraction(before.average_cost) / Fraction(after.average_cost))
    if factor is None or factor == 1 or int(before.quantity * factor) != after.quantity:
        return None
    return factor


def _simplest(value: Fraction) -> Fraction | None:
    """Return the fraction of the smallest whole numbers near `value`."""
    for denominator in range(1, MOST_OLD_SHARES + 1):
        numerator = round(value * denominator)
        factor = Fraction(numerator, denominator)
        if factor and abs(value / factor - 1) <= COST_TOLERANCE:
            return factor
    return None


def _shrink(quantity: int, difference: int) -> int:
    """Return the part of `difference` that brings `quantity` nearer to zero."""
    if quantity * difference >= 0:
        return 0
    return max(difference, -quantity) if quantity > 0 else min(difference, -quantity)


def _cause(change: int, traded: int, *, is_over: bool) -> Difference:
    """Return what made our position smaller by `change`."""
    if is_over:
        return Difference.EXPIRY
    is_traded = change * traded > 0 and abs(traded) >= abs(change)
    return Difference.MANUAL_TRADE if is_traded else Difference.UNEXPLAINED


def _adjustment(
    strategy: StrategyName,
    instrument_id: InstrumentId,
    before: int,
    change: int,
    cause: Difference,
) -> Adjustment:
    return Adjustment(
        strategy=strategy,
        instrument_id=instrument_id,
        quantity=change,
        difference=cause,
        sentence=(
            f"{instrument_id}: our books had {before:+d} for {strategy}, the broker says "
            f"{before + change:+d} ({_WORDS[cause]}); the broker's figure is taken"
        ),
    )
