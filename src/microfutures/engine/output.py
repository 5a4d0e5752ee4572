"""What the engine answers to an event: effects to carry out and records to remember."""

import msgspec

from microfutures.model.approval import Approved
from microfutures.model.events import Severity
from microfutures.model.identifiers import InstrumentId, IntentId, OrderRef
from microfutures.model.intents import TargetLeg


class Submit(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Send an approved order."""

    approved: Approved


class Cancel(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Ask for a cancel."""

    order_ref: OrderRef


class Preview(msgspec.Struct, frozen=True, tag=True, gc=False):
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


class Say(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Tell the person: the log and the event panel."""

    severity: Severity
    text: str


Deed = Submit | Cancel | Preview | RequestState | RequestHistory
"""What is done at the broker."""

Effect = Deed | Say


class Record(msgspec.Struct, frozen=True, gc=False):
    """Something to remember; ``payload`` is any msgspec-encodable value."""

    kind: str
    name: str
    payload: object


class EngineOutput(msgspec.Struct, frozen=True, gc=False):
    """The answer to one event; ``sequence`` is the number of that event."""

    sequence: int
    effects: tuple[Effect, ...]
    records: tuple[Record, ...]


class OutputBuilder:
    """Collects the answer while an event is worked through."""

    def __init__(self) -> None:
        self.is_recording = True
        """Whether records are kept; a run without a journal has nobody to read them."""
        self.effects: list[Effect] = []
        """So far, in the order in which they are carried out."""
        self._records: list[Record] = []

    def add(self, effect: Effect) -> None:
        """Add an effect; effects are carried out in the order they were added."""
        self.effects.append(effect)

    def say(self, severity: Severity, text: str) -> None:
        """Tell the person something."""
        self.effects.append(Say(severity, text))

    def record(self, kind: str, name: str, payload: object) -> None:
        """Remember something."""
        if self.is_recording:
            self._records.append(Record(kind, name, payload))

    def take_effects(self) -> list[Effect]:
        """Return the effects that were collected and start anew."""
        effects, self.effects = self.effects, []
        return effects

    def take_records(self) -> tuple[Record, ...]:
        """Return the records that were collected and start anew."""
        if not self._records:
            return ()
        records, self._records = tuple(self._records), []
        return records
