"""``python -m campaign.weekend --speed 120``: a weekend's worth of faults, desk and gateway apart.

The scenario is docs/scenarios/weekend.toml. Prints memory and processor time of the desk as the
hours go by; the log that it leaves is for a person to read.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep

from benchmarks.children import ROOT, Child, free_port, processor_seconds, resident_megabytes

SCENARIO = ROOT / "docs" / "scenarios" / "weekend.toml"
HOURS = 68.0
SAMPLES = 40


def watch(folder: Path, hours: float, speed: float) -> Iterator[str]:
    """Yield how the desk does until it has ended, and its exit code."""
    port, pace = str(free_port()), ("--speed", f"{speed:g}")
    gateway = Child(
        *("-m", "microfutures", "gateway", "--port", port, "--scenario", str(SCENARIO), *pace),
        directory=folder,
        log="gateway.log",
    )
    try:
        gateway.wait_for("simulated gateway on")
        desk = Child(
            *(str(ROOT / "main.py"), "--port", port, "--duration", f"{hours:g}h", *pace),
            *("--display", "plain", "--display-interval", "900", "--log-interval", "21600"),
            directory=folder,
            log="desk.log",
        )
        yield f"{'hours':>6}{'MB':>8}{'CPU %':>8}"
        pause, spent, before = hours * 3_600 / speed / SAMPLES, 0.0, monotonic()
        while desk.exit_code is None:
            sleep(pause)
            if desk.exit_code is None:
                now, used = monotonic(), processor_seconds(desk.pid)
                share = (used - spent) / (now - before) * 100
                done = speed * desk.age_seconds / 3_600
                yield f"{done:6.1f}{resident_megabytes(desk.pid):8.1f}{share:8.1f}"
                spent, before = used, now
        yield f"the desk ended with {desk.exit_code}; its log: {folder / 'logs'}"
    finally:
        gateway.kill()


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m campaign.weekend", description=__doc__)
    parser.add_argument("--speed", type=float, default=120.0)
    parser.add_argument("--hours", type=float, default=HOURS)
    options = parser.parse_args()
    for line in watch(Path(mkdtemp(prefix="weekend-")), options.hours, options.speed):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
