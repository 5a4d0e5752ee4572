"""A few days of the campaign; ``make campaign`` runs a thousand."""

import logging
from pathlib import Path

import pytest
from campaign.day import live_day, silence
from campaign.sabotage import SABOTAGES

from microfutures.adapters.sqlite_journal import JournalReader
from microfutures.engine.rehearsal import Rehearsal

KILLED_BESIDE_OWN_SHARES = 115
"""Three kills while the owner of the account holds shares of their own."""
ABSURD_FIRST_QUOTE = 1298
"""A start with a leg alone, whose first quote is half as much again as what it traded at."""

ORDERS_AT_BOTH_ENDS_OF_A_WINDOW = 1728
"""Two legs leave exactly as long after two others as orders are counted."""
ORDERS_BEFORE_A_CLOCK_STEPS = 2185
"""They seem to lie ahead once the clock is back."""
SEEDS = (
    3,
    KILLED_BESIDE_OWN_SHARES,
    ABSURD_FIRST_QUOTE,
    ORDERS_AT_BOTH_ENDS_OF_A_WINDOW,
    ORDERS_BEFORE_A_CLOCK_STEPS,
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_no_law_is_broken_on_a_bad_day(seed: int, tmp_path: Path) -> None:
    verdict = live_day(seed, tmp_path)
    assert verdict.violations == []
    assert verdict.orders > 100
    assert verdict.faults > 0


@pytest.mark.slow
def test_no_journal_tells_whether_orders_were_rehearsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = []
    for folder in (tmp_path / "rehearsed", tmp_path / "not"):
        folder.mkdir()
        live_day(3, folder)
        reader = JournalReader(folder / "journal.sqlite3")
        days.append(list(reader.read()))
        reader.close()
        monkeypatch.setattr(Rehearsal, "run", lambda _self: ())
    assert len(days[0]) > 1_000
    assert days[0] == days[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("idempotent fills", KILLED_BESIDE_OWN_SHARES),
        ("recovered orders", KILLED_BESIDE_OWN_SHARES),
        ("pause", 2),
    ],
)
def test_a_broken_safeguard_is_noticed(name: str, seed: int, tmp_path: Path) -> None:
    with SABOTAGES[name].apply():
        verdict = live_day(seed, tmp_path, is_hasty=True)
    assert verdict.violations


@pytest.mark.parametrize("name", SABOTAGES)
def test_every_safeguard_can_be_broken(name: str) -> None:
    with SABOTAGES[name].apply():
        pass


def test_what_is_logged_after_a_day_is_heard() -> None:
    logger = logging.getLogger("microfutures")
    with silence():
        assert not logger.isEnabledFor(logging.CRITICAL)
    assert logger.isEnabledFor(logging.ERROR)


def test_there_is_a_day_of_every_class_of_fault() -> None:
    from campaign.script import fault_variants

    from microfutures.twsim.faults.kinds import KINDS

    assert {type(fault) for fault in fault_variants()} == {
        kind for name, kind in KINDS.items() if name != "port_change"
    }
