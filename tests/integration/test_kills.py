"""Real processes get SIGKILL under load and start again; ``make kills`` does it a hundred times."""

from pathlib import Path

import pytest
from campaign.kills import WHO, run


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("who", WHO)
def test_nothing_is_lost_or_doubled(who: str, tmp_path: Path) -> None:
    *broken, summary = run(who, kills=3, seed=7, folder=tmp_path)
    assert broken == []
    assert "3 kills" in summary
    assert " 0 orders" not in summary
