"""The process dies between any two writes of a round trip in a thin book: nothing is lost."""

from pathlib import Path

import pytest
from campaign import day
from campaign.script import HOUR, Kill, write_script
from msgspec.structs import replace

WRITES_OF_A_ROUND_TRIP = 72
QUIET = replace(
    write_script(1),
    limits={},
    faults=(),
    mischief_share=0.0,
    pauses=(),
    stops=(),
    own_shares=7,
    market="demo",
    thinness=50,
)


@pytest.mark.slow
@pytest.mark.parametrize("writes", range(1, WRITES_OF_A_ROUND_TRIP))
def test_a_desk_that_dies_at_any_write_loses_nothing(
    writes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day, "CALM_AT", 0.2 * HOUR)
    monkeypatch.setattr(day, "FLATTEN_AT", 0.25 * HOUR)
    # Every other time without power.
    kill = Kill(writes=writes, orders_only=True, down=5.0, is_power_cut=writes % 2 == 0)
    verdict = day.live(replace(QUIET, kills=(kill,)), tmp_path)
    assert verdict.violations == []
    assert verdict.kills == 1
    assert verdict.executions > 0
