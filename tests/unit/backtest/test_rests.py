"""Checks at which no strategy decides are passed over, and nothing comes of it."""

import pytest
from benchmarks.event_driven import pair_backtest
from benchmarks.pair_strategy import LogRatio
from benchmarks.pair_tape import pair_tape


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
