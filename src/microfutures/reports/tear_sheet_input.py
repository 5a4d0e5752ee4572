"""What a tear sheet is made of: plain values that any run can fill."""

from collections.abc import Mapping, Sequence

import msgspec

from microfutures.analytics.trades import Trade
from microfutures.model.errors import InvalidValueError


class PairPath(msgspec.Struct, frozen=True, kw_only=True):
    """What the strategy saw: spread and z-score at each of its looks; NaN where it had none."""

    times_ns: Sequence[int]
    spread: Sequence[float]
    z: Sequence[float]
    z_entry: float
    z_exit: float
    label: str = "spread"
    """What the spread is, like ``MCL − 0.9 × USO``."""

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        if not len(self.times_ns) == len(self.spread) == len(self.z):
            raise InvalidValueError(
                f"a pair path of {len(self.times_ns)} times, {len(self.spread)} spreads and "
                f"{len(self.z)} z-scores"
            )


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """One number over a grid of two parameters; None where nothing came of a set."""

    row_name: str
    row_values: Sequence[float | None]
    """None alone where there is but one parameter."""
    column_name: str
    column_values: Sequence[float]
    metric: str
    """What the numbers are, like ``Sharpe``."""
    values: Sequence[Sequence[float | None]]
    """A row for each of `row_values`."""
    chosen: tuple[int, int] | None = None
    """Row and column of the run itself."""

    def __post_init__(self) -> None:
        """Refuse a grid that is no rectangle."""
        widths = {len(row) for row in self.values}
        if len(self.values) != len(self.row_values) or widths != {len(self.column_values)}:
            raise InvalidValueError(
                f"a grid of {len(self.row_values)} rows and {len(self.column_values)} columns "
                f"had {len(self.values)} rows of {sorted(widths)} values"
            )


class FoldView(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of a study and its judgement; money in USD."""

    train: str
    test: str
    chosen: str
    in_sample: float | None
    """Net a day where it was chosen."""
    out_of_sample: float | None
    """Net a day where it was judged."""
    net: float
    """Where it was judged."""
    trades: int


class StudyView(msgspec.Struct, frozen=True, kw_only=True):
    """What a study says of its choice."""

    subject: str
    """What was tried, like ``120 sets, the best by sharpe``."""
    figures: Sequence[tuple[str, str, str]]
    """Name, number, and what it tells."""
    folds: Sequence[FoldView] = ()
    logits: Sequence[float] = ()
    """Of the ranks out of sample, over all ways to halve the days."""


class TearSheetInput(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Money in USD, times in nanoseconds UTC, ascending."""

    title: str
    subtitle: str = ""
    facts: Mapping[str, str] = {}
    """What names the run, in order: tape, parameters, order-list hash."""
    times_ns: Sequence[int]
    equity: Sequence[float]
    """The first is the capital."""
    trades: Sequence[Trade] = ()
    """In order of closing."""
    pair: PairPath | None = None
    costs: Mapping[str, float] = {}
    """What was paid, by name, above 0: commissions, spread, slippage, rolls."""
    sensitivities: Sequence[Sensitivity] = ()
    """Maps of the parameters that were tried around this run's."""
    study: StudyView | None = None
    notes: Sequence[str] = ()
    """What a reader must know: refusals, missing data, assumptions."""

    def __post_init__(self) -> None:
        """Refuse a run without equity, or columns of different lengths."""
        if len(self.equity) == 0 or len(self.times_ns) != len(self.equity):
            raise InvalidValueError(
                f"a tear sheet of {len(self.times_ns)} times and {len(self.equity)} equities"
            )
