"""How far a backtest has come on its tape, on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from microfutures.backtest.driver import Watch


@contextmanager
def tape_progress(start_ns: int, end_ns: int, what: str) -> Iterator[Watch]:
    """Show a bar that goes from the one moment to the other; without a terminal nothing."""
    if not sys.stderr.isatty():
        yield lambda _now_ns: True
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=max(1, end_ns - start_ns))

        def show(now_ns: int) -> bool:
            bar.update(task, completed=now_ns - start_ns)
            return True

        yield show
