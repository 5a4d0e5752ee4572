"""A gateway and a desk as processes of their own, that are killed and started again.

Real sockets, real files. The desk is asked over its control socket as a person would ask it.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep

from benchmarks.children import ROOT, Child, free_port

from microfutures.adapters.control_socket import ask
from microfutures.adapters.sqlite_broker_memory import look_into
from microfutures.config import Settings
from microfutures.config.loading import load_with_origins
from microfutures.model.errors import ControlError
from microfutures.twsim.keeping import Remembered, read_memory

SPEED = 10
"""A gap that is worth a trade every four seconds; orders are at work most of the time."""
CAPITAL = 1_000_000
CASH = Decimal(10_000_000)
PATIENCE_SECONDS = 240.0
ORDER_SECONDS = 5.0
POLL_SECONDS = 0.05

_RISK = {
    "max_order_contracts": 1_000,
    "max_order_shares": 100_000,
    "max_position_contracts": 1_000,
    "max_position_shares": 100_000,
    "max_strategy_notional": 1e9,
    "max_family_notional": 1e9,
    "max_family_net_notional": 1e9,
    "max_orders_per_window": 1_000,
    "max_identical_orders": 1_000,
    "max_daily_loss_percent": 100,
    "max_drawdown_percent": 100,
    "flatten_drawdown_percent": 100,
    "max_trip_loss_percent": 100,
}
"""What would stop the trading is not what is tried here."""

PAIRS = (("MCL", "USO"), ("MES", "SPY"), ("MGC", "GLD"))
_PARAMETERS = {
    "z_entry": 0.8,
    "z_exit": 0.4,
    "lookback": 5,
    "cost_multiple": 0,
    "cooldown_seconds": 0,
    "max_unhedged_loss": 2_000,
    "max_units": 150,
}
"""More than all levels of a book hold: orders work for a while and are filled in parts."""


def _strategies() -> dict[str, object]:
    """Return two strategies a pair, one quicker than the other."""
    return {
        f"{primary}-{seconds}": {
            "class": "MicroCrudeOilArbitrage",
            "allocation": 16,
            "parameters": _PARAMETERS
            | {
                "primary_symbol": primary,
                "secondary_symbol": secondary,
                "sample_seconds": seconds,
            },
        }
        for primary, secondary in PAIRS
        for seconds in (5, 10)
    }


_SCENARIO = """
market = "demo"

[[fault]]
kind = "fill_before_acknowledgement"
every = "60 s"
seconds = "20 s"
delay = "5 s"

[[fault]]
kind = "slow_cancel"
every = "50 s"
seconds = "25 s"

[[fault]]
kind = "duplicated"
every = "40 s"

[[fault]]
kind = "reordered"
every = "45 s"
"""


class NeverCame(Exception):
    """What was waited for did not happen."""


class Stage:
    """One market's worth of processes in a folder; the desk's own files may lie elsewhere."""

    def __init__(self, folder: Path, seed: int, log_dir: Path | None = None) -> None:
        self.folder = folder
        self.log_dir = log_dir or folder / "logs"
        self.journal = self.log_dir / "journal.sqlite3"
        self._state = folder / "state.sqlite3"
        self._seed = seed
        self._port = free_port()
        self._config = folder / "config.json"
        document = {
            "trading": {"initial_capital": CAPITAL, "check_interval": 2, "risk_tolerance": 1},
            "risk": _RISK,
            "strategies": _strategies(),
        }
        self._config.write_text(json.dumps(document))
        self._scenario = folder / "faults.toml"
        self._scenario.write_text(_SCENARIO)
        self._gateway: Child | None = None
        self._desk: Child | None = None

    @property
    def settings(self) -> Settings:
        """Return the desk's settings."""
        return load_with_origins(self._config).settings

    def start_gateway(self) -> None:
        """Begin to serve; what an earlier one kept is gone on with."""
        symbols = ",".join(each for pair in PAIRS for each in pair)
        words = ("gateway", "--port", str(self._port), "--state", str(self._state))
        market = ("--scenario", str(self._scenario), "--seed", str(self._seed), "--cash", str(CASH))
        self._gateway = Child(
            *("-m", "microfutures", *words, *market, "--symbols", symbols, "--speed", str(SPEED)),
            directory=self.folder,
            log="gateway.log",
        )

    def start_desk(self) -> Child:
        """Begin to trade."""
        words = ("--port", str(self._port), "--speed", str(SPEED), "--display", "none")
        files = ("--config", str(self._config), "--log-dir", str(self.log_dir))
        main = str(ROOT / "main.py")
        self._desk = Child(main, *words, *files, directory=self.folder, log="desk.log")
        return self._desk

    def kill(self, name: str) -> None:
        """End the desk or the gateway where it stands."""
        child = self._desk if name == "desk" else self._gateway
        if child is not None:
            child.kill()

    def start(self, name: str) -> None:
        """Start the desk or the gateway."""
        if name == "desk":
            self.start_desk()
        else:
            self.start_gateway()

    def end(self) -> None:
        """Leave no process behind."""
        self.kill("desk")
        self.kill("gateway")

    # -- the desk -----------------------------------------------------------------------------

    def wait_until_it_trades(self) -> None:
        """Wait until the desk is connected, and lift what halts it."""
        self._wait("a connected desk", lambda: str(self._status("connection"))[:9] == "connected")
        self._command("resume")

    def wait_for_an_order(self) -> None:
        """Wait until the broker has got an order more, or a while when none comes."""
        before, deadline = self._count_orders(), monotonic() + ORDER_SECONDS
        while self._count_orders() == before and monotonic() < deadline:
            sleep(POLL_SECONDS)

    def _count_orders(self) -> int:
        broker = self.broker()
        return 0 if broker is None else len(broker.orders)

    def wait_until_quiet(self) -> None:
        """Have everything closed; return when nothing is held and nothing works."""
        self.wait_until_it_trades()
        self._command("flatten")
        self._wait("a flat desk", lambda: not self._status("positions", "orders"))
        self._wait("a flat account", lambda: not open_positions(self.broker()))

    def _command(self, name: str) -> None:
        self._wait(f"an answer to {name}", lambda: bool(self._ask(name).get("ok")))

    def _status(self, *names: str) -> object:
        """Return the values of the desk's status that are not empty, the only one by itself."""
        said = self._ask("status").get("status")
        values = [said.get(name) for name in names] if isinstance(said, dict) else [None, "?"]
        return values[0] if len(names) == 1 else [each for each in values if each]

    def _ask(self, command: str) -> dict[str, object]:
        with suppress(ControlError):
            return ask(self.log_dir, {"command": command})
        return {}

    def _wait(self, what: str, is_so: Callable[[], bool]) -> None:
        deadline = monotonic() + PATIENCE_SECONDS
        while not is_so():
            for name, child in (("desk", self._desk), ("gateway", self._gateway)):
                if child is not None and child.exit_code is not None:
                    raise NeverCame(
                        f"the {name} ended with {child.exit_code}: {child.said()[-500:]}"
                    )
            if monotonic() > deadline:
                raise NeverCame(f"{what} never came; {self._status('halt', 'positions', 'orders')}")
            sleep(POLL_SECONDS)

    # -- the broker ---------------------------------------------------------------------------

    def broker(self) -> Remembered | None:
        """Return what the gateway has kept by now; None before its first order."""
        return read_memory(look_into(self._state)) if self._state.exists() else None


def open_positions(broker: Remembered | None) -> dict[str, int]:
    """Return what the account holds."""
    accounts = broker.accounts if broker is not None else []
    held = {each.instrument_id: each.quantity for kept in accounts for each in kept.positions}
    return {str(name): quantity for name, quantity in held.items() if quantity}
