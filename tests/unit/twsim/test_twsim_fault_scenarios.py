"""Scenario files and control commands: what they say, and what is said about wrong ones."""

from pathlib import Path

import pytest

from microfutures.model.errors import ConfigurationError
from microfutures.twsim.faults.broker import FarmLoss
from microfutures.twsim.faults.connection import SocketDrop
from microfutures.twsim.faults.kinds import KINDS
from microfutures.twsim.faults.schedule import parse_scenario, read_scenario

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "scenarios").glob("*.toml"))

SCENARIO = """
market = "demo"
seed = 1
[[fault]]
kind = "socket_drop"
at = "90 s"
client = 1
[[fault]]
kind = "farm_loss"
every = "10 min"
code = 2157
"""


def test_scenario_names_market_seed_and_faults() -> None:
    scenario = parse_scenario(SCENARIO, place="x.toml")
    assert (scenario.market, scenario.seed) == ("demo", 1)
    drop, farm = scenario.plans
    assert (drop.fault, drop.at) == (SocketDrop(client=1), 90.0)
    assert (farm.fault, farm.every) == (FarmLoss(code=2157), 600.0)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_can_be_read(path: Path) -> None:
    assert read_scenario(path).plans


def test_every_kind_of_fault_names_its_source() -> None:
    assert [name for name, kind in KINDS.items() if "Source:" not in (kind.__doc__ or "")] == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ('kind = "socket_drp"\nat = 1', ["line 2", "did you mean 'socket_drop'"]),
        ('kind = "socket_drop"', ["line 2", "at, every, per_minute, per_request"]),
        ('kind = "socket_drop"\nat = "soon"', ["line 2", "at must be a time", "'soon'"]),
        ('kind = "socket_drop"\nevery = 0', ["line 2", "every must be above 0"]),
        ('kind = "farm_loss"\nat = 1\ncode = 7', ["line 2", "farm_loss", "7"]),
        ('kind = "farm_loss"\nat = 1\nclint = 7', ["line 2", "did you mean 'client'"]),
        ('kind = "refused"\nper_request = 2', ["line 2", "at most 1", "was 2"]),
        ("at = 1", ["line 2", "kind is missing"]),
    ],
)
def test_wrong_fault_is_refused_with_its_line(wrong: str, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_scenario(f"seed = 1\n[[fault]]\n{wrong}\n", place="x.toml")
    assert "x.toml" in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_scenario_may_name_the_moment_at_which_its_market_begins() -> None:
    scenario = parse_scenario("start = 2026-09-11T15:30:00", place="x.toml")
    assert scenario.start_ns == 1_789_155_000 * 10**9
    assert parse_scenario("", place="x.toml").start_ns is None


BAD_STARTS = ["start = 2026-09-11", "start = 2026-09-11T15:30:00Z", "start = 'Friday'"]


@pytest.mark.parametrize(
    "text", ["market = 3", "seed = -1", "fault = 1", "markt = 'x'", "= =", *BAD_STARTS]
)
def test_wrong_scenario_is_refused_with_its_file(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^x\.toml: "):
        parse_scenario(text, place="x.toml")


def test_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: can't be read"):
        read_scenario(tmp_path / "none.toml")
