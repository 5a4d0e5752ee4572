"""`python main.py` by an interpreter that has none of the packages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = Path(__file__).parents[3] / "main.py"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return Path(shutil.copy(MAIN, tmp_path))


def run_bare(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_it_goes_on_in_the_environment_that_make_run_installed(script: Path) -> None:
    python = script.parent / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "went on with $*"\nexit 7\n')
    python.chmod(0o755)
    run = run_bare(script, "--port", "4002")
    assert (run.stdout, run.returncode) == (f"went on with {script} --port 4002\n", 7)


def test_without_one_it_says_what_to_install(script: Path) -> None:
    run = run_bare(script)
    assert run.returncode == 1
    assert run.stderr.startswith("error: the package 'microfutures' is missing; run `make run`")
