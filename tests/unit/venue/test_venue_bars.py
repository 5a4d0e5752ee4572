"""The bars that a venue keeps: a bounded past, exact to the nanosecond and the cent."""

from microfutures.venue.bars import KEPT_SHORT_BARS, BarRecorder

START_NS = 1_788_879_600 * 10**9
FIVE_NS = 5 * 10**9


def test_only_the_latest_bars_are_kept_as_they_were_made() -> None:
    recorder, recorded = BarRecorder(), KEPT_SHORT_BARS + 10
    for place in range(recorded):
        moment_ns = START_NS + place * FIVE_NS
        recorder.add(moment_ns + 1, 70.01 + place / 100, 2.0)
        recorder.add(moment_ns + FIVE_NS - 1, 70.03 + place / 100, 3.0)
    bars = recorder.bars(START_NS + recorded * FIVE_NS, 5, recorded)
    first = recorded - KEPT_SHORT_BARS - 1
    assert [bar.start_ns for bar in bars] == [
        START_NS + place * FIVE_NS for place in range(first, recorded)
    ]
    for place in (first, first + 9, recorded - 1):
        bar = bars[place - first]
        assert (bar.open, bar.low) == (70.01 + place / 100, 70.01 + place / 100)
        assert (bar.high, bar.close) == (70.03 + place / 100, 70.03 + place / 100)
        assert (bar.seconds, bar.volume) == (5, 5.0)


def test_minutes_are_kept_when_their_seconds_are_gone() -> None:
    recorder, recorded = BarRecorder(), KEPT_SHORT_BARS + 12
    for place in range(recorded):
        recorder.add(START_NS + place * FIVE_NS, 70.0, 1.0)
    minutes = recorder.bars(START_NS + recorded * FIVE_NS, 60, recorded)
    assert len(minutes) == recorded // 12
    assert {bar.volume for bar in minutes} == {12.0}
