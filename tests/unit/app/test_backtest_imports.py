"""A backtest speaks to nobody: it loads no client of IB, whose import takes longer than a tape."""

import subprocess
import sys


def test_the_backtest_command_loads_neither_the_client_of_ib_nor_the_simulated_gateway() -> None:
    words = (
        "import sys, microfutures.app.backtest.command;"
        "print([name for name in ('ib_async', 'microfutures.twsim.server') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
