"""The terminal: a dashboard where there is one, status lines where there is none."""

from microfutures.display.terminal.display import TerminalDisplay

__all__ = ["TerminalDisplay"]
