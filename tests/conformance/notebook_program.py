"""The program that runs one notebook, in the notebooks' environment: it knows IPython, not us."""

import asyncio
import json
import re
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

PORTS = re.compile(r"\b(?:7496|7497|4001|4002)\b")
"""What TWS and IB Gateway listen on; the notebook's own connect line names one of them."""


def main(path: Path, port: str, outcome: Path) -> None:
    """Run the cells of code in order; a cell that fails doesn't keep the next ones from running."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    shell = InteractiveShell.instance()
    shell.enable_gui = lambda gui=None: None  # There is no window to draw in.
    results = []
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        if cell["cell_type"] != "code":
            continue
        done = shell.run_cell(PORTS.sub(port, "".join(cell["source"])))
        error = done.error_before_exec or done.error_in_exec
        results.append((number, "" if error is None else f"{type(error).__name__}: {error}"))
        outcome.write_text(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
