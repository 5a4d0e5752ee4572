"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A loaded machine is slow: no example fails by its time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["microfutures.twsim.testing"]

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parents[1] / "shared"

LONGEST_FIRST = ("acceptance", "integration", "conformance", "unit/app", "unit/research")
"""Folders whose files take longest: begun at the end, one would keep all other cores waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; they are shared out in this order (Makefile)."""
    items.sort(key=lambda item: _rank(item.path.relative_to(TESTS).as_posix()))


def _rank(file: str) -> int:
    places = [at for at, folder in enumerate(LONGEST_FIRST) if file.startswith(f"{folder}/")]
    return places[0] if places else len(LONGEST_FIRST)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real data beside the repository; an outsider's clone has none."""
    if SHARED.is_dir():
        return SHARED
    if os.environ.get("CI"):
        pytest.fail("the shared folder is missing in CI, where its tests must run")
    pytest.skip("needs the folder of real data (shared) beside the repository")
