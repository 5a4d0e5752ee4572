"""What a desk tells its supervisor when it can't close its positions, as real processes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from microfutures.app.lifecycle import ExitCode

ROOT = Path(__file__).parents[2]
HOLDING_SECONDS = 90.0
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


@contextmanager
def a_process(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "microfutures", *arguments],
        cwd=directory,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_a_position(directory: Path) -> None:
    """Return once both legs are on, by the desk's own log."""
    log, until = directory / "logs" / "trading_system.log", time.monotonic() + HOLDING_SECONDS
    while time.monotonic() < until:
        text = log.read_text() if log.exists() else ""
        if re.search(r"enter (long|short) done: holding [+-][1-9]", text):
            return
        time.sleep(0.1)
    raise AssertionError(f"no position within {HOLDING_SECONDS:g} s:\n{text[-2000:]}")


@contextmanager
def a_desk_with_a_position(
    directory: Path,
) -> Iterator[tuple[subprocess.Popen[str], subprocess.Popen[str]]]:
    """A desk that holds both legs, and its gateway."""
    with a_process(directory, "gateway", "--port", "0", "--scenario", "demo") as gateway:
        assert gateway.stdout is not None
        found = (re.search(r"127\.0\.0\.1:(\d+)", line) for line in gateway.stdout)
        port = next(match[1] for match in found if match)
        config = directory / "config.json"
        config.write_text('{"trading": {"flatten_timeout": 5}}')
        flags = ("--config", config.name, "--port", port, "--check-interval", "1")
        with a_process(directory, *flags, "--display", "none") as desk:
            wait_for_a_position(directory)
            yield desk, gateway


@pytest.mark.slow
def test_a_desk_without_a_line_ends_and_names_what_it_holds(tmp_path: Path) -> None:
    with a_desk_with_a_position(tmp_path) as (desk, gateway):
        gateway.kill()
        desk.send_signal(signal.SIGTERM)
        said, _ = desk.communicate(timeout=60)
    assert desk.returncode == ExitCode.STILL_OPEN
    assert re.search(r"[+-]\d+ USO \(MicroCrudeOilArbitrage\): not connected", said)


@pytest.mark.slow
def test_a_second_interrupt_leaves_at_once_and_names_what_is_open(tmp_path: Path) -> None:
    with a_desk_with_a_position(tmp_path) as (desk, gateway):
        gateway.send_signal(signal.SIGSTOP)
        desk.send_signal(signal.SIGINT)
        time.sleep(1)
        desk.send_signal(signal.SIGINT)
        said, _ = desk.communicate(timeout=30)
    assert desk.returncode == ExitCode.LEFT_AT_ONCE
    assert re.search(r"[+-]\d+ USO \(MicroCrudeOilArbitrage\)", said)
