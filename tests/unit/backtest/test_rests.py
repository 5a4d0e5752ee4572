"""Checks at which no strategy decides are passed over, and nothing comes of it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from benchmarks.event_driven import pair_backtest
from benchmarks.pair_strategy import LogRatio
from benchmarks.pair_tape import pair_tape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.backtest import backtest
from helpers.memory_journal import MemoryJournal
from helpers.pair_tapes import RandomPair, random_pairs, strung
from microfutures.adapters.tapes.market import TapeMarket
from microfutures.backtest.record import BacktestResult
from microfutures.model.timestamp import to_datetime
from microfutures.strategies.micro_crude_oil_arbitrage import MicroCrudeOilArbitrageStrategy

AT_CHECKS = {"TimerFired", "EquityMark"}
"""Records of a moment at which time was told, whatever it brought."""


@pytest.mark.slow
def test_rest_over_nights_changes_no_order_and_no_cent(monkeypatch: pytest.MonkeyPatch) -> None:
    tape = pair_tape(3200)
    rested = pair_backtest(tape, 2.0).run()
    monkeypatch.setattr(LogRatio, "rests_until", lambda _strategy, now_ns: now_ns)
    awake = pair_backtest(tape, 2.0).run()
    assert len(rested.round_trips) > 40
    assert any(_is_overnight(trip.opened_ns, trip.closed_ns) for trip in rested.round_trips)
    assert rested.order_hash == awake.order_hash
    assert rested.net == awake.net == awake.account_profit


def _is_overnight(opened_ns: int, closed_ns: int) -> bool:
    return closed_ns - opened_ns > 10 * 3600 * 10**9


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pair=random_pairs(jump_at=60),
    interval=st.sampled_from([5.0, 7.0, 20.0]),
    latency=st.sampled_from([0.0, 0.25]),
    limit_age=st.sampled_from([30.0, 70.0]),
    parameters=st.fixed_dictionaries(
        {
            "max_quote_age_seconds": st.sampled_from([4.0, 15.0, 45.0, 190.0]),
            "sample_seconds": st.sampled_from([30, 60, 120]),
            "cost_multiple": st.sampled_from([0.0, 1.0]),
            "cooldown_seconds": st.sampled_from([0.0, 40.0]),
            "lookback": st.just(5),
            "z_entry": st.sampled_from([1.2, 2.0]),
        }
    ),
)
def test_dozing_between_quotes_changes_no_decision_and_no_record(
    tmp_path_factory: pytest.TempPathFactory,
    pair: RandomPair,
    interval: float,
    latency: float,
    limit_age: float,
    parameters: dict[str, object],
) -> None:
    folder = tmp_path_factory.mktemp("run")

    def run() -> Told:
        return told_of(
            folder,
            pair.tape(90),
            settings={
                "trading.check_interval": interval,
                "risk.max_quote_age_seconds": limit_age,
            },
            parameters=parameters,
            latency_seconds=latency,
        )

    dozing, awake = run(), awake_as_well(run)
    assert dozing.records == awake.records
    assert dozing.result == awake.result
    assert len(dozing.checks) < len(awake.checks)


@pytest.mark.slow
def test_dozing_where_a_month_has_no_quote_changes_nothing_and_is_sound(tmp_path: Path) -> None:
    def run() -> Told:
        parameters: dict[str, object] = {"cost_multiple": 0, "lookback": 5, "z_entry": 1.2}
        return told_of(tmp_path, strung(120), settings={}, parameters=parameters)

    dozing, awake = run(), awake_as_well(run)
    assert dozing.result.round_trips
    assert dozing.records == awake.records
    assert dozing.result == awake.result
    # Five days with a quote a minute of one leg, for two hours each.
    first, after = (date(2026, 4, day) for day in (10, 17))
    dozed, seen = (
        sum(first <= to_datetime(each).date() < after for each in told.checks)
        for told in (dozing, awake)
    )
    assert seen > 20_000
    assert dozed < 5 * 120 * 2.5


class Told(NamedTuple):
    """What a run left behind, and when it was told the time, ns."""

    result: BacktestResult
    records: list[tuple[int, str, str, bytes]]
    checks: list[int]


def told_of(
    folder: Path,
    tape: TapeMarket,
    *,
    settings: dict[str, object],
    parameters: dict[str, object],
    latency_seconds: float = 0.25,
) -> Told:
    journal = MemoryJournal()
    result = backtest(
        folder,
        tape,
        settings=settings,
        parameters=parameters,
        cash=1_000_000,
        latency_seconds=latency_seconds,
        journal=journal,
    )
    records = [
        (each.time_ns, each.kind, each.name, each.payload)
        for each in journal.records
        if each.name not in AT_CHECKS
    ]
    checks = [each.time_ns for each in journal.records if each.name in AT_CHECKS]
    # The moments of its points are moments at which time was told.
    return Told(msgspec.structs.replace(result, equity=()), records, checks)


def awake_as_well(run: Callable[[], Told]) -> Told:
    """Run once more with a strategy that never dozes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MicroCrudeOilArbitrageStrategy, "dozes_until", lambda _, now_ns: now_ns)
        return run()
