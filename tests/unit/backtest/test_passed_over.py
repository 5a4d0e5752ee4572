"""What is passed over on quiet moments would have changed nothing: not a record, not a cent."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.backtest import backtest
from helpers.memory_journal import MemoryJournal
from helpers.pair_tapes import RandomPair, random_pairs
from microfutures.backtest.record import BacktestResult
from microfutures.engine.connection_watch import ConnectionWatch
from microfutures.engine.guards import LossGuard
from microfutures.engine.market_watch import MarketWatch
from microfutures.engine.trading_days import TradingDays
from microfutures.portfolio import Portfolio
from microfutures.venue.venue import Venue

NO_COST_GATE: dict[str, object] = {"cost_multiple": 0, "cooldown_seconds": 20, "lookback": 5}
CLOSE_LIMITS: dict[str, object] = {
    "risk.max_trip_loss_percent": 0.5,
    "risk.max_drawdown_percent": 1.0,
    "risk.flatten_drawdown_percent": 3.0,
}


class WideAwake:
    """Every shortcut taken away: each quote, bar and timer is looked at like the first one."""

    def __enter__(self) -> None:
        self._patch = pytest.MonkeyPatch()
        for kind, name in ((MarketWatch, "check"), (LossGuard, "check")):
            self._patch.setattr(kind, name, _afresh(getattr(kind, name)))
        self._patch.setattr(Portfolio, "record_equity", _afresh(Portfolio.record_equity))
        self._patch.setattr(Venue, "quote_of", lambda _venue, _update: None)
        self._patch.setattr(Venue, "_look_ahead", lambda _venue: None)
        always = property(lambda _: 0, lambda *_: None)
        for watch in (ConnectionWatch, TradingDays):
            self._patch.setattr(watch, "next_ns", always, raising=False)

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


def _afresh(method: Callable[..., None]) -> Callable[..., None]:
    """Return a method whose object has forgotten what it found out the last time."""

    def look(self: object, *words: object) -> None:
        for name, nothing in (
            ("_young_until_ns", 0),
            ("_sound_version", -1),
            ("_peak_version", -1),
        ):
            if hasattr(self, name):
                setattr(self, name, nothing)
        method(self, *words)

    return look


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pair=random_pairs(jump_at=60),
    interval=st.sampled_from([10.0, 30.0, 60.0, 77.0]),
    latency=st.sampled_from([0.0, 0.25]),
    limits=st.sampled_from([{}, CLOSE_LIMITS]),
)
def test_quiet_moments_that_are_passed_over_change_no_record(
    tmp_path_factory: pytest.TempPathFactory,
    pair: RandomPair,
    interval: float,
    latency: float,
    limits: dict[str, object],
) -> None:
    def run() -> tuple[BacktestResult, MemoryJournal]:
        journal = MemoryJournal()
        result = backtest(
            tmp_path_factory.mktemp("run"),
            pair.tape(90),
            settings={"trading.check_interval": interval, **limits},
            parameters=NO_COST_GATE,
            cash=1_000_000,
            latency_seconds=latency,
            journal=journal,
        )
        return result, journal

    result, journal = run()
    with WideAwake():
        awake, its_journal = run()
    assert journal.records == its_journal.records
    assert result == awake
