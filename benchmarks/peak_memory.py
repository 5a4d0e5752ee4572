"""The most memory that this process had.

Not by `resource.getrusage`: there a process begins with what its parent had when it was started.
"""

from pathlib import Path


def peak_megabytes() -> float:
    """Return the high-water mark of the resident memory, MiB."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
