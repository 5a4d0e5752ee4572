"""An engine without a journal: the same effects, and no records that nobody reads."""

from helpers.desk import OPEN_NS, SECOND, a_quote
from helpers.engine_desk import ADesk
from microfutures.model.events import EngineEvent, TimerFired


def test_effects_are_the_same_with_records_and_without() -> None:
    recording, silent = ADesk(90), ADesk(90)
    silent.engine.forgo_records()
    events: list[EngineEvent] = [
        TimerFired(time_ns=OPEN_NS),
        a_quote("USO", 75.20, 75.10, time_ns=OPEN_NS + SECOND),
        TimerFired(time_ns=OPEN_NS + 9 * SECOND),
    ]
    outputs = [recording.engine.process(event) for event in events]
    assert [each.effects for each in outputs] == [tuple(silent.engine.hear(e)) for e in events]
    assert all(each.records for each in outputs)
    assert silent.engine.process(events[-1]).records == ()
