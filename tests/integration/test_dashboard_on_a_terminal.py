"""The dashboard on a real pseudo-terminal, read back by a terminal emulator."""

import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest

ROOT = Path(__file__).parents[2]


class Terminal:
    """A child on a pseudo-terminal and the screen that its bytes paint."""

    def __init__(self, logs: Path, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        arguments = ["main.py", "--simulate", "--display-interval", "1", "--log-dir", str(logs)]
        self.child = pexpect.spawn(
            sys.executable, arguments, cwd=str(ROOT), dimensions=(rows, columns), timeout=30
        )

    def read_until(self, text: str, *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                chunk = self.child.read_nonblocking(1 << 16, timeout=0.2)
            except pexpect.TIMEOUT:
                chunk = b""
            except pexpect.EOF:
                break
            self.bytes += chunk
            self.stream.feed(chunk)
            if text in "\n".join(self.screen.display):
                return
        raise AssertionError(
            f"{text!r} never came; the screen is\n" + "\n".join(self.screen.display)
        )

    def finish(self) -> str:
        rest: str = self.child.read().decode()
        self.child.wait()
        return rest


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50)])
def test_dashboard_lives_and_leaves_the_terminal_as_it_was(
    tmp_path: Path, columns: int, rows: int
) -> None:
    terminal = Terminal(tmp_path, columns, rows)
    terminal.read_until("Why:")
    started = len(terminal.bytes)
    terminal.child.send("?")
    terminal.read_until("this help")
    terminal.child.send("1")
    terminal.read_until("Why:")
    terminal.child.send("p")
    terminal.read_until("ENTRIES BLOCKED")
    terminal.child.send("p")
    terminal.read_until("resumed")
    # No flicker: after the first screen nothing is erased as a whole any more.
    assert b"\x1b[2J" not in terminal.bytes[started:]
    assert b"\x1b[?1049h" in terminal.bytes
    terminal.child.sendintr()
    rest = terminal.finish()
    assert "\x1b[?1049l" in rest
    assert "\x1b[?25h" in rest
    assert "ended cleanly (exit code 0)" in rest
    assert terminal.child.exitstatus == 0


@pytest.mark.slow
def test_quit_key_ends_like_ctrl_c(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, 80, 24)
    terminal.read_until("CONNECTED")
    terminal.child.send("q")
    assert "ended cleanly (exit code 0)" in terminal.finish()
