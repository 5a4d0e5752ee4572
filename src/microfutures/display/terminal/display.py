"""`TerminalDisplay`: the façade; the dashboard and the status lines are delegated to."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from microfutures.config import DisplayMode
from microfutures.display.terminal.keys import Keyboard
from microfutures.display.terminal.layout import Detail, arrange
from microfutures.display.terminal.plain import PlainLines
from microfutures.display.words import ASCII_MARKS, MARKS, STYLES
from microfutures.model.events import Command, Severity
from microfutures.model.snapshot import DeskSnapshot

_VIEWS = {"1": Detail.OVERVIEW, "2": Detail.TRADES, "3": Detail.EVENTS, "?": Detail.HELP}
_NEXT = {
    Detail.OVERVIEW: Detail.TRADES,
    Detail.TRADES: Detail.EVENTS,
    Detail.EVENTS: Detail.OVERVIEW,
    Detail.HELP: Detail.OVERVIEW,
}


class TerminalDisplay:
    """Shows snapshots: a dashboard on a terminal, plain lines elsewhere, or nothing.

    ``auto`` means the dashboard when standard output is a terminal that can draw one.
    """

    def __init__(
        self, *, mode: DisplayMode = DisplayMode.AUTO, console: Console | None = None
    ) -> None:
        self.console = console or Console()
        if mode is DisplayMode.AUTO:
            can_draw = self.console.is_terminal and not self.console.is_dumb_terminal
            mode = DisplayMode.RICH if can_draw else DisplayMode.PLAIN
        self.mode = mode
        encoding = (self.console.encoding or "ascii").lower()
        self._marks = MARKS if encoding.startswith("utf") else ASCII_MARKS
        self._plain = PlainLines(self._write_line, is_unicode=encoding.startswith("utf"))
        self._keyboard = Keyboard(self._on_key)
        self._live: Live | None = None
        self._latest: DeskSnapshot | None = None
        self._detail = Detail.OVERVIEW
        self._on_command: Callable[[Command], None] = lambda _command: None
        self._on_quit: Callable[[], None] = lambda: None

    # -- life ---------------------------------------------------------------------------------

    def start(
        self,
        on_command: Callable[[Command], None] = lambda _command: None,
        on_quit: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the screen; keys call back from now on."""
        self._on_command, self._on_quit = on_command, on_quit
        if self.mode is DisplayMode.RICH:
            self._live = Live(console=self.console, screen=True, auto_refresh=False, transient=True)
            self._live.start()
            self._keyboard.start()

    def update(self, snapshot: DeskSnapshot) -> None:
        """Show `snapshot`."""
        self._latest = snapshot
        if self._live is not None:
            self._draw(snapshot)
        elif self.mode is DisplayMode.PLAIN:
            self._plain.update(snapshot)

    def stop(self) -> None:
        """Give the screen back; may be called twice."""
        self._keyboard.stop()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self, snapshot: DeskSnapshot) -> None:
        if self._live is None:
            return
        screen = arrange(
            snapshot,
            width=self.console.width,
            height=self.console.height,
            detail=self._detail,
            has_keys=self._keyboard.is_started,
        )
        self._live.update(screen, refresh=True)

    def _on_key(self, key: str) -> None:
        if key == "q":
            self._on_quit()
        elif key == "p":
            self._on_pause_key()
        else:
            self._detail = _NEXT[self._detail] if key == "\t" else _VIEWS[key]
        if self._latest is not None:
            self._draw(self._latest)

    def _on_pause_key(self) -> None:
        if self._latest is not None and self._latest.is_killed:
            return  # a kill is lifted deliberately, by `microfutures resume`
        is_halted = self._latest is not None and self._latest.is_halted
        self._on_command(Command.RESUME if is_halted else Command.PAUSE)

    # -- lines and tables ---------------------------------------------------------------------

    def clear(self) -> None:
        """Clear the screen."""
        if self.mode is DisplayMode.RICH:
            self.console.clear()

    def status(
        self, text: str, severity: Severity = Severity.INFO, moment: datetime | None = None
    ) -> None:
        """Write one status line: a mark, the time if it is given, the text."""
        if self.mode is DisplayMode.NONE:
            return
        time = f"{moment:%H:%M:%S} " if moment is not None else ""
        line = f"[{self._marks[severity]}] {time}{text}"
        if self.mode is DisplayMode.RICH:
            self.console.print(escape(line), style=STYLES[severity], highlight=False)
        else:
            self._write_line(line)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a formatted table."""
        if self.mode is DisplayMode.NONE:
            return
        table = Table(title=title)
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*(escape(str(cell)) for cell in row))
        self.console.print(table)

    def _write_line(self, line: str) -> None:
        output = self.console.file
        encoding = getattr(output, "encoding", None) or self.console.encoding
        output.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        output.flush()
