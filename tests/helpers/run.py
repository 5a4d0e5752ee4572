"""The whole system in virtual time: engine, IBManager, ib_async, wire, simulator, venue."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from microfutures.adapters.log_exports import export_steps
from microfutures.adapters.sqlite_journal import SqliteJournal
from microfutures.adapters.system_clock import SimulatedClock
from microfutures.adapters.virtual_time import VirtualTimeLoop
from microfutures.app.arguments import run_options
from microfutures.app.journal.recovery import RECOVERED_KINDS, recover
from microfutures.app.journal.replay import replay
from microfutures.app.lifecycle import Lifecycle, Outcome, Pace
from microfutures.app.simulation import Simulation
from microfutures.app.wiring import System, build_system
from microfutures.config.loading import load_with_origins
from microfutures.engine.output import Say
from microfutures.model.snapshot import DeskSnapshot
from microfutures.twsim.gateway import DEFAULT_CASH, build_server
from microfutures.venue.market import MarketSource
from microfutures.venue.messages import AccountState
from microfutures.venue.synthetic import SyntheticMarket

Meddle = Callable[[System, Lifecycle], Awaitable[None]]


async def leave_alone(system: System, lifecycle: Lifecycle) -> None:
    """Do nothing to a run."""


@dataclass
class Result:
    """What a run left behind."""

    outcome: Outcome
    account: AccountState
    journal: Path
    said: list[str]
    cash: Decimal

    @property
    def earned(self) -> Decimal:
        """What the simulator's account earned, to the cent."""
        return self.account.net_liquidation - self.cash


class NoView:
    """Looks away."""

    def update(self, snapshot: DeskSnapshot) -> None:
        """Do nothing."""


def run_virtually(
    log_dir: Path,
    *,
    market: MarketSource | None = None,
    seconds: float | None = None,
    settings: dict[str, object] | None = None,
    parameters: dict[str, object] | None = None,
    keep_positions: bool = False,
    cash: Decimal = DEFAULT_CASH,
    meddle: Meddle = leave_alone,
    may_be_replayed: bool = True,
) -> Result:
    """Run the system to its end; ``meddle`` may disturb it on the way.

    Whatever happened, the journal replayed gives the same decisions, unless ``meddle`` laid hands
    on the engine itself.
    """
    log_dir.mkdir(parents=True, exist_ok=True)
    overrides = {"logging.log_dir": str(log_dir), "display.mode": "none", **(settings or {})}
    config = None
    if parameters:
        config = log_dir / "config.json"
        strategy = {"MicroCrudeOilArbitrage": {"parameters": parameters}}
        config.write_text(json.dumps({"strategies": strategy}))
    loaded = load_with_origins(config, overrides)
    options = run_options(loaded, simulate="demo", virtual_time=True)
    chosen = market or SyntheticMarket(seed=1)
    said: list[str] = []
    lifecycles: list[Lifecycle] = []

    def speak(_: int, say: Say) -> None:
        said.append(say.text)

    def end_of_tape() -> None:
        lifecycles[0].end_of_tape()

    async def main() -> Result:
        clock = SimulatedClock(chosen.start_ns)
        path = log_dir / "journal.sqlite3"
        server = build_server(
            market=chosen,
            clock=clock,
            host="127.0.0.1",
            port=0,
            initial_cash=cash,
            session=runs_before(path),
            on_tape_end=end_of_tape,
        )
        await server.start()
        with SqliteJournal(path) as journal:
            system = build_system(
                loaded.settings,
                options,
                simulation=Simulation(server, clock, chosen),
                journal=journal,
                speak=speak,
            )
            recover(system.engine, journal.read(RECOVERED_KINDS))
            lifecycle = Lifecycle(
                system,
                view=NoView(),
                pace=Pace(
                    display=loaded.settings.display.display_interval,
                    export=3600,
                    duration=seconds,
                    flatten_timeout=30,
                    refresh=15,
                ),
                keep_positions=keep_positions,
                export=lambda: export_steps(journal, log_dir, clock.now_ns()),
            )
            lifecycles.append(lifecycle)
            meddling = asyncio.ensure_future(meddle(system, lifecycle))
            outcome = await lifecycle.run()
            meddling.cancel()
            account = server.exchange.venue.account("DU1000001")
        return Result(outcome, account, path, said, cash)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        result = runner.run(main())
    if may_be_replayed:
        assert replay(result.journal).difference is None
    return result


def runs_before(path: Path) -> int:
    """Return how many runs a journal knows: a simulator that starts anew has new numbers."""
    if not path.exists():
        return 0
    with SqliteJournal(path) as journal:
        return int(journal.get_meta("starts") or 0)
