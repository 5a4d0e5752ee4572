"""The compiled kernel and the event-driven backtest do the same: trade for trade.

Side, quantity, price and moment of every execution are compared, what trips came to, and by which
rules entries were stopped. docs/kernel.md says for which runs this holds.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from helpers.backtest import backtest
from helpers.pair_tapes import RandomPair, random_pairs
from microfutures.adapters.tapes import TapeMarket, load_tapes
from microfutures.adapters.tapes.load import TapeOptions
from microfutures.adapters.tapes.paths import BarPath
from microfutures.config.risk_limits import RiskLimits
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.timestamp import seconds
from microfutures.research.pair_desk import PairDesk
from microfutures.research.pair_kernel import PairRun, run_pair
from microfutures.research.pair_series import PairSeries

Execution = tuple[int, str, int, float]
"""Moment, contract, signed quantity, price."""


def executions(series: PairSeries, run: PairRun, latency_seconds: float) -> Iterator[Execution]:
    """Yield what the trades of the kernel are made of, in the order of an event-driven run."""
    chapters = series.chapters(series.start_ns, series.end_ns)
    for trade in run.trades:
        meant = [each for each in chapters if each.start_ns <= trade["opened_ns"]][-1]
        first, second = (leg.instrument.instrument_id for leg in meant.legs)
        signed = int(trade["direction"] * trade["units"])
        hedged = -int(trade["direction"] * trade["hedge_units"])
        opened, closed = int(trade["opened_ns"]), int(trade["closed_ns"])
        later = opened + seconds(2 * latency_seconds)
        yield opened, first, signed, trade["primary_entry"]
        yield later, second, hedged, trade["secondary_entry"]
        yield closed, first, -signed, trade["primary_exit"]
        yield closed, second, -hedged, trade["secondary_exit"]


def assert_kernel_agrees(
    folder: Path,
    market: TapeMarket,
    *,
    desk: PairDesk,
    parameters: dict[str, object],
    may_doubt: bool = False,
) -> PairRun:
    pair = msgspec.convert(parameters, PairParameters)
    series = PairSeries.of_market(market, pair.primary_symbol, pair.secondary_symbol)
    run = run_pair(series, pair, desk)
    limits = msgspec.structs.asdict(desk.limits)
    result = backtest(
        folder,
        market,
        settings={
            "trading.check_interval": desk.check_interval_seconds,
            "trading.initial_capital": desk.initial_capital,
            "trading.risk_tolerance": desk.risk_tolerance,
            **{f"risk.{name}": value for name, value in limits.items()},
        },
        parameters=parameters,
        cash=int(desk.cash),
        latency_seconds=desk.latency_seconds,
    )
    if may_doubt:  # it says itself that the event-driven run may differ
        assume(not run.doubts)
    assert run.doubts == {}
    theirs = [
        (each.time_ns, each.instrument_id, each.signed_quantity, float(each.price))
        for each in result.fills
    ]
    assert list(executions(series, run, desk.latency_seconds)) == theirs
    trips = [(float(trip.gross), float(trip.commissions)) for trip in result.round_trips]
    ours = [(trade["gross"], trade["commissions"]) for trade in run.trades]
    assert np.array(ours).reshape(-1, 2) == pytest.approx(np.array(trips).reshape(-1, 2), abs=1e-6)
    assert run.net == pytest.approx(float(result.net), abs=1e-6)
    gates = {"cooldown", "after stop", "session end", "hedge", "cost", "size"}
    counts = {rule: count for rule, count, _ in result.refusals if rule in gates}
    if not run.is_halted:
        assert {rule: count for rule, count in run.refused.items() if rule in gates} == counts
    return run


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pair=random_pairs(jump_at=170),
    interval=st.sampled_from([10.0, 30.0, 60.0, 77.0]),
    latency=st.sampled_from([0.0, 0.25, 1.0]),
    capital=st.sampled_from([2_000.0, 20_000.0]),
    parameters=st.fixed_dictionaries(
        {
            "lookback": st.sampled_from([5, 12, 20]),
            "z_entry": st.sampled_from([1.2, 2.0]),
            "z_exit": st.sampled_from([0.0, 0.5]),
            "sample_seconds": st.sampled_from([60, 120]),
            "stop_sigma": st.sampled_from([0.5, 3.0]),
            "cost_multiple": st.sampled_from([0.0, 1.0, 2.0]),
            "max_quote_age_seconds": st.sampled_from([45.0, 65.0, 190.0]),
            "max_units": st.sampled_from([1, 3]),
            "hedge_beta": st.sampled_from([1.0, 0.8]),
            "max_holding_seconds": st.sampled_from([300.0, 3600.0]),
            "flatten_before_close_seconds": st.sampled_from([300.0, 900.0]),
            "cooldown_seconds": st.sampled_from([0.0, 30.0, 200.0]),
            "max_jump_percent": st.just(5.0),
        }
    ),
)
def test_random_tapes_are_traded_alike(
    tmp_path_factory: pytest.TempPathFactory,
    pair: RandomPair,
    interval: float,
    latency: float,
    capital: float,
    parameters: dict[str, object],
) -> None:
    desk = PairDesk(
        initial_capital=capital,
        cash=1_000_000,
        check_interval_seconds=interval,
        latency_seconds=latency,
        limits=RiskLimits(max_quote_age_seconds=200),
    )
    market = pair.tape(200)
    assert_kernel_agrees(
        tmp_path_factory.mktemp("run"), market, desk=desk, parameters=parameters, may_doubt=True
    )


@pytest.mark.parametrize("day", ["26", "30"])
def test_real_minutes_are_traded_alike(tmp_path: Path, shared_dir: Path, day: str) -> None:
    market = load_tapes(
        shared_dir / "data/micro_2026",
        symbols=("MCL", "USO"),
        start=datetime.fromisoformat(f"2026-03-{day}T13:30:01.300+00:00"),
        end=datetime.fromisoformat(f"2026-03-{day}T20:00+00:00"),
        options=TapeOptions(path=BarPath.CLOSE),
    )
    run = assert_kernel_agrees(
        tmp_path,
        market,
        desk=PairDesk(check_interval_seconds=30, latency_seconds=0.25),
        parameters={"max_quote_age_seconds": 65, "cost_multiple": 0},
    )
    assert len(run.trades) >= 10
