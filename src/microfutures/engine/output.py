"""What the engine answers to an event: effects to carry out and records to remember."""

import msgspec

from microfutures.model.approval import Approved
from microfutures.model.events import Severity
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef
from microfutures.model.intents import TargetLeg


class Submit(msgspec.Struct, frozen=True, tag=True):
    """Send an approved order."""

    approved: Approved


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Ask for a cancel."""

    order_ref: OrderRef


class Preview(msgspec.Struct, frozen=True, tag=True):
    """Ask what these signed trades would do to the margin."""

    intent_id: IntentId
    trades: tuple[TargetLeg, ...]


class RequestState(msgspec.Struct, frozen=True, tag=True):
    """Ask for executions, positions and open orders."""

    with_completed: bool = True
    """Ask for the orders that are over, too: they tell what became of one that is not open."""


class RequestHistory(msgspec.Struct, frozen=True, tag=True):
    """Ask for the warm-up bars of a contract."""

    instrument_id: InstrumentId


class Say(msgspec.Struct, frozen=True, tag=True):
    """Tell the person: the log and the event panel."""

    severity: Severity
    text: str


Deed = Submit | Cancel | Preview | RequestState | RequestHistory
"""What is done at the broker."""

Effect = Deed | Say


class Record(msgspec.Struct, frozen=True):
    """Something to remember; ``payload`` is any msgspec-encodable value."""

    kind: str
    name: str
    payload: object


class EngineOutput(msgspec.Struct, frozen=True):
    """The answer to one event; ``sequence`` is the number of that event."""

    sequence: int
    effects: tuple[Effect, ...]
    records: tuple[Record, ...]


class OutputBuilder:
    """Collects the answer while an event is worked through."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []
        self._records: list[Record] = []

    def add(self, effect: Effect) -> None:
        """Add an effect; effects are carried out in the order they were added."""
        self._effects.append(effect)

    def say(self, severity: Severity, text: str) -> None:
        """Tell the person something."""
        self._effects.append(Say(severity, text))

    def record(self, kind: str, name: str, payload: object) -> None:
        """Remember something."""
        self._records.append(Record(kind, name, payload))

    def take(self, sequence: int) -> EngineOutput:
        """Return what was collected and start anew."""
        if not self._effects and not self._records:
            return EngineOutput(sequence, (), ())
        output = EngineOutput(sequence, tuple(self._effects), tuple(self._records))
        self._effects, self._records = [], []
        return output
