"""Micro Futures Trading System: `python main.py --help`.

The public names can be imported from here; each is loaded when it is first asked for, so that
the command line answers at once.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

_HERE = Path(__file__).resolve().parent
_SOURCES = _HERE / "src"
if _SOURCES.is_dir():
    # A checkout runs its own code, installed or not.
    sys.path.insert(0, str(_SOURCES))

if TYPE_CHECKING:
    from microfutures.adapters.ib import IBManager
    from microfutures.app.headless import run_headless_app
    from microfutures.display.terminal import TerminalDisplay
    from microfutures.portfolio import Portfolio
    from microfutures.strategies import MicroCrudeOilArbitrageStrategy, Strategy

__all__ = [
    "IBManager",
    "MicroCrudeOilArbitrageStrategy",
    "Portfolio",
    "Strategy",
    "TerminalDisplay",
    "run_headless_app",
]

_HOMES = {
    "IBManager": "microfutures.adapters.ib",
    "MicroCrudeOilArbitrageStrategy": "microfutures.strategies",
    "Portfolio": "microfutures.portfolio",
    "Strategy": "microfutures.strategies",
    "TerminalDisplay": "microfutures.display.terminal",
    "run_headless_app": "microfutures.app.headless",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def _go_on_where_it_is_installed() -> None:
    """Become the interpreter that `make run` installed everything for, if this is another one."""
    environment = _HERE / ".venv"
    python = environment / "bin" / "python"
    if python.exists() and Path(sys.prefix) != environment:
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 - our own interpreter


def _main() -> None:
    try:
        from microfutures.app.cli import main
    except ModuleNotFoundError as error:
        _go_on_where_it_is_installed()
        sys.exit(
            f"error: the package {error.name!r} is missing; run `make run`, or `pip install .` "
            "in this directory"
        )
    main()


if __name__ == "__main__":
    _main()
