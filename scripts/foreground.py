"""Run a program as the terminal's foreground job of its own, so that Ctrl+C is its alone.

make, too, is hit by Ctrl+C otherwise and reports a failure although the program ended cleanly.
"""

import os
import signal
import sys


def main() -> None:
    """Take the terminal, if there is one, and become the program."""
    if sys.stdin.isatty():
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])  # noqa: S606 - that is the point


if __name__ == "__main__":
    main()
