"""The whole system through markets that misbehave: a clean end, and every cent accounted for."""

from pathlib import Path

import pytest

from helpers.run import run_virtually
from microfutures.app.lifecycle import ExitCode
from microfutures.venue.synthetic import SyntheticMarket

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("scenario", "fewest_trips"), [("flash-crash", 5), ("limit-locked", 1), ("below-zero", 1)]
)
def test_run_ends_flat_with_a_ledger_that_equals_the_account(
    tmp_path: Path, scenario: str, fewest_trips: int
) -> None:
    market = SyntheticMarket(seed=1, scenario=scenario)
    result = run_virtually(tmp_path, market=market, seconds=1680)
    view = result.outcome.snapshot.portfolio
    assert result.outcome.code is ExitCode.CLEAN
    assert result.outcome.still_open == ()
    assert len(result.outcome.snapshot.round_trips) >= fewest_trips
    assert view.realized + view.unrealized - view.commissions == result.earned
    assert all(each.quantity == 0 for each in result.account.positions)
