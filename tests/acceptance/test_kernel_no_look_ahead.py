"""What the kernel decides hangs on the past alone: another future changes no earlier trade."""

import pytest

from acceptance.test_backtest_parity import Future, collapsed, hidden, shuffled
from helpers.pair_tapes import pair_of_bars
from microfutures.adapters.tapes.paths import BarPath
from microfutures.config.strategy_parameters import PairParameters
from microfutures.model.market import Bar
from microfutures.model.timestamp import seconds
from microfutures.research.pair_kernel import PairRun, run_pair
from microfutures.research.pair_series import PairSeries

MINUTES, KNOWN = 240, 130
SET = PairParameters(cost_multiple=0, max_quote_age_seconds=65)


def run(change: Future = lambda bars: bars) -> tuple[PairRun, int]:
    market = pair_of_bars(MINUTES, BarPath.CLOSE, change)
    series = PairSeries.of_market(market, "MCL", "USO")
    return run_pair(series, SET), series.start_ns + seconds(KNOWN * 60)


def before(done: PairRun, moment_ns: int) -> list[bytes]:
    """Return the trades that were closed by then, and how the one was entered that is still on."""
    closed = done.trades[done.trades["decided_exit_ns"] < moment_ns]
    opened = done.trades[done.trades["decided_entry_ns"] < moment_ns]
    entries = ["opened_ns", "direction", "units", "hedge_units", "primary_entry", "secondary_entry"]
    return [closed.tobytes(), opened[entries].copy().tobytes()]


@pytest.mark.slow
@pytest.mark.parametrize("future", [hidden, shuffled, collapsed])
def test_another_future_leaves_every_past_trade_as_it_was(future: Future) -> None:
    def change(bars: list[Bar]) -> list[Bar]:
        return bars[:KNOWN] + future(bars[KNOWN:])

    as_it_was, turn_ns = run()
    otherwise, _ = run(change)
    assert len(as_it_was.trades) >= 6
    assert before(as_it_was, turn_ns) == before(otherwise, turn_ns)
    assert as_it_was.trades.tobytes() != otherwise.trades.tobytes()
