"""What a person can ask of a running desk: from a second terminal, or with a kill file."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from microfutures.adapters.control_socket import Answer, Request
from microfutures.app.health import HealthCheck
from microfutures.engine.engine import Engine
from microfutures.engine.risk_report import risk_rows
from microfutures.engine.runner import EngineRunner
from microfutures.model.events import Command, CommandReceived
from microfutures.model.snapshot import DeskSnapshot
from microfutures.ports.clock import Clock

KILL_FILE = "KILL"
KILL_FILE_SECONDS = 1.0

COMMANDS = {
    "pause": Command.PAUSE,
    "resume": Command.RESUME,
    "flatten": Command.FLATTEN,
    "kill": Command.KILL,
}


class Control:
    """Turns requests into commands of the engine, and watches for the kill file."""

    def __init__(
        self,
        *,
        engine: Engine,
        runner: EngineRunner,
        clock: Clock,
        log_dir: Path,
        snapshot: Callable[[], DeskSnapshot],
        health: HealthCheck,
    ) -> None:
        self._engine = engine
        self._runner = runner
        self._clock = clock
        self._kill_file = log_dir / KILL_FILE
        self._snapshot = snapshot
        self._health = health

    async def answer(self, request: Request) -> Answer:
        """Carry out one request; return what to tell the asker."""
        name = str(request.get("command", ""))
        if name == "status":
            return {"ok": True, "text": "", "status": status(self._snapshot())}
        if name == "health":
            found = await self._health.look()
            return {"ok": found.is_alive, "text": "", "health": msgspec.to_builtins(found)}
        if name == "risk":
            rows = risk_rows(self._engine.state, self._engine.floor)
            return {"ok": True, "text": "", "rules": msgspec.to_builtins(rows)}
        command = COMMANDS.get(name)
        if command is None:
            known = ", ".join([*COMMANDS, "status", "risk", "health"])
            return {"ok": False, "text": f"{name!r} is no command; there are: {known}"}
        if command is Command.RESUME and self._kill_file.exists():
            return {"ok": False, "text": f"remove {self._kill_file} first: it kills the desk"}
        reason = str(request.get("reason") or f"{name} from another terminal")
        await self._command(command, reason)
        return {"ok": True, "text": self._standing()}

    async def watch_kill_file(self) -> None:
        """Kill the desk while the file is there; until cancelled."""
        while True:
            if not self._engine.state.kill_reason and self._kill_file.exists():
                await self._command(Command.KILL, f"the file {self._kill_file} is there")
            await self._clock.sleep(KILL_FILE_SECONDS)

    async def _command(self, command: Command, reason: str) -> None:
        now_ns = self._clock.now_ns()
        self._runner.put(
            CommandReceived(time_ns=now_ns, command=command, reason=reason, is_lasting=True)
        )
        await self._runner.settle()

    def _standing(self) -> str:
        state = self._engine.state
        if state.kill_reason:
            return f"no order is sent any more, exits included: {state.kill_reason}"
        if state.pause_reason:
            return f"entries are blocked, exits run: {state.pause_reason}"
        return "trading"


def status(snapshot: DeskSnapshot) -> dict[str, object]:
    """Return what `microfutures status` shows, as JSON values."""
    line, money = snapshot.connection, snapshot.portfolio
    shown: dict[str, object] = msgspec.to_builtins(
        {
            "time_ns": snapshot.time_ns,
            "connection": f"{line.state}: {line.detail}",
            "account": line.account,
            "is_simulated": line.is_simulated,
            "halt": snapshot.halt_reason,
            "capital": round(money.current_capital, 2),
            "net": round(money.realized + money.unrealized - money.commissions, 2),
            "positions": {
                f"{each.strategy} {each.instrument_id}": each.quantity
                for each in snapshot.positions
            },
            "orders": [
                f"{each.side} {each.quantity - each.filled} {each.instrument_id} {each.status}"
                for each in snapshot.orders
            ],
            "strategies": {
                each.name: f"{each.state}: {each.why_no_trade}" for each in snapshot.strategies
            },
        }
    )
    return shown
