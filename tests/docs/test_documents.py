"""Documents say what the program does."""

import re
import subprocess
import sys
from pathlib import Path

from microfutures.app.lifecycle import ExitCode
from microfutures.config.reference import markdown
from microfutures.venue.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MARKETS = (ROOT / "docs" / "scenarios" / "markets.md").read_text()


def test_reference_is_what_the_settings_say() -> None:
    assert (ROOT / "docs" / "reference.md").read_text().endswith(markdown().rstrip() + "\n")


def test_readme_names_every_flag() -> None:
    shown = subprocess.run(
        [sys.executable, "main.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    flags = set(re.findall(r"--[a-z][a-z-]+", shown))
    flags -= {"--help", "--install-completion", "--show-completion", "--close-positions"}
    assert flags
    assert not [flag for flag in flags if f"`{flag}" not in README]


def test_every_scenario_has_a_chapter_that_begins_with_its_description() -> None:
    chapters = re.findall(r"^## ([a-z-]+)\n\n(.+)$", MARKETS, re.MULTILINE)
    assert [name for name, _ in chapters] == list(SCENARIOS)
    for name, first_line in chapters:
        assert SCENARIOS[name].description.casefold() in first_line.casefold(), name


def test_readme_names_every_exit_code() -> None:
    assert not [code for code in ExitCode if f"| {int(code)} |" not in README]


def test_documents_link_to_files_that_exist() -> None:
    for name in ("README.md", "ARCHITECTURE.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text()):
            assert (ROOT / target).exists(), target


def test_architecture_names_modules_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    modules = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", text)
    assert modules
    for module in modules:
        assert (ROOT / "src" / "microfutures" / module).exists(), module
