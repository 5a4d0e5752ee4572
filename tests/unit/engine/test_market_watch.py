"""Bad quotes in the engine: found, journaled, shown, told, and used for nothing."""

from decimal import Decimal
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from helpers.desk import OPEN_NS, SECOND, USO, a_quote, an_instrument
from helpers.engine_desk import ADesk
from microfutures.config.risk_limits import RiskLimits
from microfutures.engine.market_watch import MEMORY_SECONDS, STAYS_SECONDS, QuoteFlawed
from microfutures.engine.output import EngineOutput, Preview, Say
from microfutures.model.events import (
    ClockStepped,
    ConnectionChanged,
    ConnectionState,
    InstrumentResolved,
)
from microfutures.model.flaws import FLAWS, Flaw
from microfutures.model.identifiers import InstrumentId, Symbol
from microfutures.model.market import MarketDataType, Quote

SOUND = a_quote("USO", 75.10, 75.12)


def at(second: float, bid: float, ask: float) -> Quote:
    return a_quote("USO", bid, ask, time_ns=OPEN_NS + round(second * SECOND))


def flaws(*outputs: EngineOutput) -> list[Flaw]:
    return [
        record.payload.flaw
        for output in outputs
        for record in output.records
        if isinstance(record.payload, QuoteFlawed)
    ]


@pytest.mark.parametrize(
    ("quote", "flaw"),
    [
        (replace(SOUND, trouble=Flaw.HALTED), Flaw.HALTED),
        (replace(SOUND, trouble=Flaw.FARM_LOST), Flaw.FARM_LOST),
        (replace(SOUND, data_type=MarketDataType.FROZEN), Flaw.FROZEN),
        (replace(SOUND, data_type=MarketDataType.DELAYED), Flaw.DELAYED),
        (replace(SOUND, ask=None), Flaw.ONE_SIDED),
        (replace(SOUND, ask=nan), Flaw.NOT_A_NUMBER),
        (replace(SOUND, bid=0.0), Flaw.ZERO),
        (replace(SOUND, bid=-1.0), Flaw.NEGATIVE),
        (replace(SOUND, bid=75.20), Flaw.CROSSED),
        (replace(SOUND, bid=85.10, ask=85.12), Flaw.JUMP),
    ],
)
def test_a_flaw_is_journaled_shown_told_and_not_traded_on(quote: Quote, flaw: Flaw) -> None:
    desk = ADesk(90)
    later = replace(quote, time_ns=OPEN_NS + SECOND)
    assert flaws(desk.engine.process(later)) == [flaw]
    assert desk.engine.market.flaw(USO) is flaw
    output = desk.timer(7)
    assert not [effect for effect in output.effects if isinstance(effect, Preview)]
    assert [count.rule for count in desk.strategy.refusals.counts] == ["quote"]
    assert [effect for effect in output.effects if isinstance(effect, Say)]
    back = desk.engine.process(replace(SOUND, time_ns=OPEN_NS + 8 * SECOND))
    assert flaws(back) == [Flaw.NONE]
    assert desk.engine.market.flaw(USO) is Flaw.NONE


@pytest.mark.parametrize("flaw", [each for each, facts in FLAWS.items() if facts.is_price_wrong])
def test_nothing_is_valued_at_a_price_that_cannot_be_right(flaw: Flaw) -> None:
    assert replace(SOUND, trouble=flaw).mark is None
    assert replace(SOUND, trouble=Flaw.HALTED).mark == Decimal("75.11")


def test_a_quiet_leg_is_stale_until_its_next_tick() -> None:
    desk = ADesk(90, RiskLimits(max_quote_age_seconds=30))
    assert flaws(desk.timer(29)) == []
    assert flaws(desk.timer(31)) == [Flaw.STALE, Flaw.STALE]
    assert flaws(desk.engine.process(at(32, 75.10, 75.12))) == [Flaw.NONE]


def test_a_quote_is_no_fresher_after_the_clock_stepped_back() -> None:
    desk = ADesk(90, RiskLimits(max_quote_age_seconds=30, max_clock_step_seconds=1000))
    desk.engine.process(at(100, 75.10, 75.12))
    desk.engine.process(ClockStepped(time_ns=OPEN_NS + 41 * SECOND, seconds=-60.0))
    assert flaws(desk.timer(69)) == []
    assert flaws(desk.timer(72)) == [Flaw.STALE, Flaw.STALE]


def test_a_leg_that_never_had_a_quote_is_missing() -> None:
    desk = ADesk(90)
    next_month = replace(an_instrument(), instrument_id=InstrumentId("MCLZ6"))
    desk.engine.process(
        InstrumentResolved(time_ns=OPEN_NS, symbol=Symbol("MCL"), instrument=next_month)
    )
    assert flaws(desk.timer(60)) == []
    assert Flaw.MISSING in flaws(desk.timer(61))


def test_a_jump_of_just_the_limit_is_none() -> None:
    desk = ADesk(90, RiskLimits(max_quote_jump_percent=10, max_quote_jump_ticks=1))
    assert flaws(desk.engine.process(at(1, 82.62, 82.62))) == []
    desk = ADesk(90, RiskLimits(max_quote_jump_percent=10, max_quote_jump_ticks=1))
    assert flaws(desk.engine.process(at(1, 82.63, 82.63))) == [Flaw.JUMP]


def test_near_zero_a_jump_is_counted_in_ticks() -> None:
    desk = ADesk(90, RiskLimits(max_quote_jump_ticks=50))
    process = desk.engine.process
    outputs = [
        process(a_quote("MCLX6", price, price, time_ns=OPEN_NS + second * 1000 * SECOND))
        for second, price in ((1, 0.20), (1, -0.30), (1, -0.81))
    ]
    assert flaws(*outputs) == [Flaw.JUMP]


def test_a_price_that_stays_where_it_jumped_to_is_believed() -> None:
    desk = ADesk(90)
    outputs = [desk.engine.process(at(second, 60.0, 60.02)) for second in (1, 5, 60.9)]
    assert flaws(*outputs) == [Flaw.JUMP]
    believed = desk.engine.process(at(1 + STAYS_SECONDS, 60.0, 60.02))
    assert flaws(believed) == [Flaw.NONE]


def test_a_step_of_the_clock_is_no_time_in_which_a_price_stayed() -> None:
    desk = ADesk(90, RiskLimits(max_clock_step_seconds=1000))
    process = desk.engine.process
    outputs = [process(at(1, 60.0, 60.02))]
    process(ClockStepped(time_ns=OPEN_NS + 92 * SECOND, seconds=90.0))
    outputs += [process(at(second, 60.0, 60.02)) for second in (93, 150)]
    assert flaws(*outputs) == [Flaw.JUMP]
    assert flaws(process(at(91 + STAYS_SECONDS, 60.0, 60.02))) == [Flaw.NONE]


def test_a_step_of_the_clock_makes_no_price_forgotten() -> None:
    desk = ADesk(90, RiskLimits(max_clock_step_seconds=1000))
    desk.engine.process(ClockStepped(time_ns=OPEN_NS + 901 * SECOND, seconds=900.0))
    assert flaws(desk.engine.process(at(902, 60.0, 60.02))) == [Flaw.JUMP]


def test_a_price_must_stay_where_it_is_seen() -> None:
    desk = ADesk(90)
    process = desk.engine.process
    outputs = [process(at(1, 60.0, 60.02))]
    for second, state in ((2, ConnectionState.DISCONNECTED), (60, ConnectionState.CONNECTED)):
        moment_ns = OPEN_NS + second * SECOND
        process(ConnectionChanged(time_ns=moment_ns, state=state, detail="the line"))
    outputs += [process(at(1 + STAYS_SECONDS, 60.0, 60.02))]
    assert flaws(*outputs) == [Flaw.JUMP]


def test_prices_that_jump_about_are_never_believed() -> None:
    desk = ADesk(90)
    places = [desk.engine.process(at(second, 10.0 * (1 + second % 5), 75.0)) for second in
              range(1, 40)]  # fmt: skip
    assert Flaw.NONE not in flaws(*places)


def test_the_first_price_after_an_outage_must_stay() -> None:
    desk = ADesk(90)
    outputs = [desk.engine.process(at(3600 + second, 60.0, 60.02)) for second in (0, 30)]
    assert flaws(*outputs) == [Flaw.JUMP]
    assert flaws(desk.engine.process(at(3600 + STAYS_SECONDS, 60.0, 60.02))) == [Flaw.NONE]


@pytest.mark.parametrize(
    ("hours", "bid", "flaw"),
    [(0.1, 75.1, Flaw.NONE), (0.1, 117.5, Flaw.JUMP), (5, 117.5, Flaw.NONE)],
)
def test_the_first_quote_of_a_run_is_held_against_what_was_traded_before_it(
    hours: float, bid: float, flaw: Flaw
) -> None:
    desk = ADesk(90)
    other = an_instrument("MCLZ6")
    event = InstrumentResolved(time_ns=OPEN_NS, symbol=Symbol("MCL"), instrument=other)
    desk.engine.process(event)
    name, traded_ns = other.instrument_id, OPEN_NS - round(hours * 3600 * SECOND)
    desk.engine.market.remember(name, 75.0, traded_ns)
    first = replace(at(1, bid, bid + 0.02), instrument_id=name)
    desk.engine.process(first)
    assert desk.engine.market.flaw(name) is flaw
    if flaw:
        stayed = replace(at(2 + STAYS_SECONDS, bid, bid + 0.02), instrument_id=name)
        desk.engine.process(stayed)
        assert desk.engine.market.flaw(name) is Flaw.NONE


def test_what_a_price_was_before_a_night_says_nothing_of_it_now() -> None:
    desk = ADesk(90)
    assert flaws(desk.engine.process(at(MEMORY_SECONDS + 1, 20.0, 20.02))) == []


PAUSES = st.one_of(st.floats(0.1, 400), st.floats(MEMORY_SECONDS / 2, 2 * MEMORY_SECONDS))


@given(
    st.lists(
        st.tuples(PAUSES, st.floats(1, 200), st.floats(-0.5, 0.5)),
        min_size=1,
        max_size=40,
    )
)
def test_no_jump_is_taken_and_no_step_refused(ticks: list[tuple[float, float, float]]) -> None:
    desk, second, before = ADesk(90), 0.0, SOUND
    suspect: Quote | None = None
    for pause, price, spread in ticks:
        second += pause
        quote = at(second, price, price + spread)
        desk.engine.process(quote)
        taken = desk.engine.state.quotes[USO]
        is_jump = abs((quote.mid or 0) - (before.mid or 0)) > max((before.mid or 0) / 10, 0.5)
        is_new = quote.time_ns - before.time_ns > MEMORY_SECONDS * SECOND
        if price + spread < price:
            assert taken.trouble in (Flaw.NEGATIVE, Flaw.ZERO, Flaw.CROSSED)
        elif is_new or not is_jump:
            assert not taken.trouble
        elif suspect is None or quote.time_ns - suspect.time_ns < STAYS_SECONDS * SECOND:
            assert taken.trouble is Flaw.JUMP
            suspect = suspect or quote
        # Later it depends on whether the price has stayed there.
        if not taken.trouble:
            before, suspect = quote, None
