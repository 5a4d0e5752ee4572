"""What a strategy wants, before anybody decided whether and how it is done."""

from enum import StrEnum

import msgspec

from microfutures.model.identifiers import InstrumentId, IntentId, StrategyName, Symbol


class SignalKind(StrEnum):
    """What a strategy saw."""

    ENTER_LONG = "enter_long"
    """Buy the spread: primary up, secondary down."""
    ENTER_SHORT = "enter_short"
    EXIT = "exit"
    STOP = "stop"
    FLATTEN = "flatten"
    """Close for a reason outside the signal: session end, roll, halt, shutdown."""

    is_entry: bool
    """Whether it opens risk."""

    def __init__(self, word: str) -> None:
        self.is_entry = word.startswith("enter")


class Signal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One signal, with the numbers that made it, for the log and for `execute_trades`."""

    strategy: StrategyName
    kind: SignalKind
    time_ns: int
    z_score: float | None
    reason: str


class TargetLeg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The signed position a strategy wants to hold in one contract."""

    instrument_id: InstrumentId
    quantity: int


class Intent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Move a strategy's own position to these targets.

    ``legs`` are in order of execution, the less liquid first. ``is_entry`` intents are previewed
    for margin and wait leg by leg; the others go out at once, all legs together, marketable.
    ``unhedged_loss_limit`` (USD) and ``unhedged_seconds_limit`` bound what an entry may lose while
    one leg is on alone, and how long that may last.
    """

    intent_id: IntentId
    strategy: StrategyName
    kind: SignalKind
    legs: tuple[TargetLeg, ...]
    reason: str
    time_ns: int
    unhedged_loss_limit: float = 50.0
    unhedged_seconds_limit: float = 10.0


class Refusal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why there was no trade: a countable rule and one sentence with both numbers in it."""

    strategy: StrategyName
    rule: str
    reason: str
    time_ns: int
    symbol: Symbol | None = None
